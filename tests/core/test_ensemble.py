"""The ensemble's row is the mean of stored answers, and only of answers to the same segments."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.answers import Answers, answers_file, save_answers
from core.ensemble import in_common, measure


def store(folder: Path, name: str, rows: np.ndarray, songs: list[int]) -> None:
    answers = Answers(rows, np.array([0, 0, 1]), np.array(songs), np.array(["a", "b"]))
    save_answers(answers, answers_file(folder, name, "artist"))


def rows_of(*shares: float) -> np.ndarray:
    rows = np.zeros((len(shares), 10))
    rows[:, 0] = shares
    rows[:, 1] = 1 - np.array(shares)
    return rows


def scored(folder: Path, **losses: float) -> None:
    rows = {
        f"{name}/artist": {"valid": {"segment": {"log_loss": loss}}}
        for name, loss in losses.items()
    }
    (folder / "scores.json").write_text(json.dumps(rows), encoding="utf-8")


def test_two_models_that_err_apart_are_right_together(tmp_path: Path) -> None:
    store(tmp_path, "one", rows_of(0.9, 0.4, 0.4), [0, 0, 1])
    store(tmp_path, "two", rows_of(0.4, 0.9, 0.3), [0, 0, 1])
    scored(tmp_path, one=1.0, two=1.0)
    found = measure(tmp_path, ["one", "two"], "artist", 0)
    assert found["segment"]["accuracy"] == 1
    row = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))["ensemble/artist"]
    assert row["members"] == {"one": 0.5, "two": 0.5}
    assert row["test"] == found
    assert row["report"]["blues"]["songs"] == 1


def test_what_was_likelier_on_validation_counts_more(tmp_path: Path) -> None:
    store(tmp_path, "one", rows_of(0.8, 0.8, 0.2), [0, 0, 1])
    store(tmp_path, "two", rows_of(0.2, 0.2, 0.8), [0, 0, 1])
    scored(tmp_path, one=0.5, two=2.0)
    assert measure(tmp_path, ["one", "two"], "artist", 0)["segment"]["accuracy"] == 1
    members = json.loads((tmp_path / "scores.json").read_text())["ensemble/artist"]["members"]
    assert members["one"] / members["two"] == pytest.approx(np.exp(1.5))


def test_answers_to_other_segments_are_not_averaged(tmp_path: Path) -> None:
    store(tmp_path, "one", rows_of(0.9, 0.4, 0.4), [0, 0, 1])
    store(tmp_path, "two", rows_of(0.4, 0.9, 0.3), [0, 1, 1])
    with pytest.raises(ValueError, match="same segments"):
        measure(tmp_path, ["one", "two"], "artist", 0)


def test_songs_that_one_was_not_asked_about_are_left_out() -> None:
    names = np.array(["a", "b"])
    both = Answers(rows_of(0.9, 0.8, 0.1), np.array([0, 0, 1]), np.array([0, 0, 1]), names)
    one = Answers(rows_of(0.3), np.array([1]), np.array([0]), names[1:])
    first, second = in_common([both, one])
    assert list(first.names) == list(second.names) == ["b"]
    np.testing.assert_array_equal(first.probabilities[:, 0], [0.1])
    np.testing.assert_array_equal(first.labels, second.labels)
