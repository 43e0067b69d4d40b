"""A fit is resumed only by the run that began it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.errors import TrainingError
from core.training.run_folder import (
    FILE,
    array_digest,
    begin,
    check,
    describe,
    differences,
    has_begun,
    read_history,
    remove_fits,
)

SETTINGS = {"epochs": 15, "dropout": 0.6, "augmentation": {"mixup": 0.2}}
ROWS = [{"epoch": 1, "loss": 2.5, "seconds": 1.0}, {"epoch": 2, "loss": 1.25, "seconds": 1.0}]


def description(**changes: Any) -> dict[str, Any]:
    return describe({**SETTINGS, **changes}, seed=0, taggrams=array_digest(np.zeros(3)))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Folder of a fit that has begun."""
    begin(tmp_path / "cnn-train", description())
    return tmp_path / "cnn-train"


def test_the_run_that_began_a_fit_may_continue_it(folder: Path) -> None:
    assert has_begun(folder)
    check(folder, description())


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"epochs": 3}, "a run with epochs 15, not 3"),
        ({"dropout": 0.5}, "a run with dropout 0.6, not 0.5"),
        ({"augmentation": {"mixup": 0.0}}, "a run with mixup 0.2, not 0.0"),
        ({"new": 1}, "a run with new None, not 1"),
    ],
)
def test_a_fit_with_other_settings_is_refused(
    folder: Path, changed: dict[str, Any], words: str
) -> None:
    with pytest.raises(TrainingError, match=rf"{words}\. Repeat .* or omit --resume"):
        check(folder, description(**changed))


def test_other_taggrams_are_named_without_their_digests(folder: Path) -> None:
    other = {**description(), "taggrams": array_digest(np.ones(3))}
    with pytest.raises(TrainingError, match=r"belongs to a run with other taggrams\. Repeat"):
        check(folder, other)


def test_another_version_of_a_library_is_refused(folder: Path) -> None:
    newer = description()
    newer["libraries"] = {**newer["libraries"], "keras": "99.0"}
    with pytest.raises(TrainingError, match=r"with keras \S+, not 99\.0"):
        check(folder, newer)


def test_a_finished_fit_is_loaded_whatever_its_number_of_epochs(folder: Path) -> None:
    check(folder, description(epochs=3), any_epochs=True)
    with pytest.raises(TrainingError):
        check(folder, description(epochs=3, dropout=0.1), any_epochs=True)


@pytest.mark.parametrize("content", [None, "", "[]", "{", "null"])
def test_a_fit_that_does_not_describe_itself_is_refused(folder: Path, content: str | None) -> None:
    if content is None:
        (folder / FILE).rename(folder / "history.json")
    else:
        (folder / FILE).write_text(content)
    assert has_begun(folder)
    with pytest.raises(TrainingError, match="cannot be resumed"):
        check(folder, description())


def test_a_new_fit_removes_what_an_older_one_left(folder: Path) -> None:
    (folder / "history.json").write_text("[]")
    begin(folder, description(epochs=3))
    assert [path.name for path in folder.iterdir()] == [FILE]
    check(folder, description(epochs=3))


def test_only_the_fits_of_one_model_are_removed(folder: Path) -> None:
    begin(folder.with_name("cnn_lstm-train"), description())
    folder.with_name("cnn-calibration.json").write_text("{}")
    remove_fits(folder.parent, "cnn")
    assert [path.name for path in folder.parent.iterdir()] == ["cnn_lstm-train"]


def test_arrays_are_told_apart_by_content_shape_and_type() -> None:
    arrays: list[np.ndarray | None] = [
        np.zeros(6),
        np.zeros((2, 3)),
        np.zeros(6, np.float32),
        np.arange(6.0),
        None,
    ]
    assert len({array_digest(each) for each in arrays}) == len(arrays)
    assert array_digest(np.arange(12.0)[::2]) == array_digest(np.arange(0.0, 12, 2))


def test_differences_are_those_of_the_innermost_entries() -> None:
    one, other = {"a": {"b": 1, "c": 2}, "d": 3}, {"a": {"b": 1, "c": 4}, "e": 5}
    assert differences(one, other) == [("c", 2, 4), ("d", 3, None), ("e", None, 5)]


def test_a_history_has_as_many_rows_as_its_checkpoint_epochs(folder: Path) -> None:
    (folder / "history.json").write_text(json.dumps(ROWS))
    assert read_history(folder, 2, 1.25) == ROWS
    assert read_history(folder, 1, 2.5) == ROWS[:1]  # killed before the second checkpoint


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{}",
        "[]",
        "[1, 2]",
        json.dumps(ROWS[:1]),
        json.dumps(ROWS[::-1]),
        json.dumps([ROWS[0], {**ROWS[1], "loss": 1.0}]),
        json.dumps([{"epoch": 1}, {"epoch": 2}]),
    ],
)
def test_the_history_of_another_run_is_refused(folder: Path, content: str) -> None:
    (folder / "history.json").write_text(content)
    with pytest.raises(TrainingError, match="does not belong to the checkpoint"):
        read_history(folder, 2, 1.25)
