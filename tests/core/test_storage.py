"""Files appear whole or not at all."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from core.storage import replacing, sha256, write_json


def test_a_finished_file_replaces_the_old_one(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    target.write_text("old")
    with replacing(target) as temporary:
        temporary.write_text("new")
        assert target.read_text() == "old"
    assert target.read_text() == "new"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    target = tmp_path / "note.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError, match="half-way"), replacing(target) as temporary:
        temporary.write_text("ne")
        raise RuntimeError("half-way")
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["note.txt"]


def test_the_temporary_file_has_the_suffix_that_writers_look_at(tmp_path: Path) -> None:
    with replacing(tmp_path / "model.keras") as temporary:
        assert temporary.suffix == ".keras"
        assert temporary.parent == tmp_path


def test_missing_folders_are_made(tmp_path: Path) -> None:
    write_json(tmp_path / "a" / "b" / "c.json", {})
    assert (tmp_path / "a" / "b" / "c.json").is_file()


def test_others_may_read_a_file_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        write_json(tmp_path / "card.json", {})
    finally:
        os.umask(before)
    assert (tmp_path / "card.json").stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("number", [float("nan"), float("inf")])
def test_json_with_a_number_that_is_none_is_refused_and_the_old_file_stays(
    tmp_path: Path, number: float
) -> None:
    target = tmp_path / "card.json"
    write_json(target, {"loss": 1.0})
    with pytest.raises(ValueError, match="JSON compliant"):
        write_json(target, {"loss": number})
    assert json.loads(target.read_text()) == {"loss": 1.0}
    assert os.listdir(tmp_path) == ["card.json"]


def test_json_keeps_names_readable(tmp_path: Path) -> None:
    write_json(tmp_path / "song.json", {"name": "Für Elise – 月光"})
    text = (tmp_path / "song.json").read_text(encoding="utf-8")
    assert "Für Elise – 月光" in text
    assert text.endswith("}\n")


def test_the_digest_is_sha256(tmp_path: Path) -> None:
    (tmp_path / "abc").write_bytes(b"abc")
    expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert sha256(tmp_path / "abc") == expected
