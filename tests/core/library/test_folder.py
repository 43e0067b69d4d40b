"""The folder of the results is checked, and used by one run at a time."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from core.library.folder import results_folder
from core.storage import OutputError


def test_results_of_another_run_need_resume(tmp_path: Path) -> None:
    part = tmp_path / "out/failures/model=cnn/part-1.parquet"
    with results_folder(tmp_path / "out", resume=False):
        part.parent.mkdir(parents=True)
        part.touch()
    with (
        pytest.raises(OutputError, match="Continue it with --resume"),
        results_folder(tmp_path / "out", resume=False),
    ):
        pass
    with results_folder(tmp_path / "out", resume=True):
        assert part.exists()
    assert os.listdir(tmp_path / "out") == ["failures"]


def test_a_second_run_is_refused_while_the_first_one_writes(tmp_path: Path) -> None:
    pytest.importorskip("fcntl")
    with (
        results_folder(tmp_path, resume=False),
        pytest.raises(OutputError, match="Another run writes"),
        results_folder(tmp_path, resume=True),
    ):
        pass


def test_a_file_as_folder_is_refused_before_the_work(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(OutputError, match="is a file"),
        results_folder(tmp_path / "file", resume=False),
    ):
        pass
