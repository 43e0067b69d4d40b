"""The ensemble's row is the mean of stored answers, and only of answers to the same segments."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.evaluation.predictions import (
    Predictions,
    load_predictions,
    predictions_file,
    save_predictions,
)
from core.training.ensemble import measure, on_common_segments


def store(folder: Path, name: str, rows: np.ndarray, songs: list[int]) -> None:
    answers = Predictions(rows, np.array([0, 0, 1]), np.array(songs), np.array(["a", "b"]))
    save_predictions(answers, predictions_file(folder, name, "artist"))


def rows_of(*shares: float) -> np.ndarray:
    rows = np.zeros((len(shares), 10))
    rows[:, 0] = shares
    rows[:, 1] = 1 - np.array(shares)
    return rows


def measured(folder: Path) -> tuple[dict, dict]:
    found = measure(folder, folder / "valid", ["one", "two"], "artist", 0)
    return found, json.loads((folder / "scores.json").read_text(encoding="utf-8"))[
        "ensemble/artist"
    ]


def test_two_models_that_err_apart_are_right_together(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "valid"):
        store(folder, "one", rows_of(0.9, 0.4, 0.4), [0, 0, 1])
        store(folder, "two", rows_of(0.4, 0.9, 0.4), [0, 0, 1])
    found, row = measured(tmp_path)
    assert found["segment"]["accuracy"] == 1
    assert row["members"]["one"] == pytest.approx(0.5, abs=0.01)
    assert row["test"] == found
    assert row["report"]["blues"]["songs"] == 1


def test_what_was_likelier_on_validation_counts_more(tmp_path: Path) -> None:
    store(tmp_path / "valid", "one", rows_of(0.6, 0.6, 0.4), [0, 0, 1])
    store(tmp_path / "valid", "two", rows_of(0.2, 0.2, 0.8), [0, 0, 1])
    store(tmp_path, "one", rows_of(0.8, 0.8, 0.2), [0, 0, 1])
    store(tmp_path, "two", rows_of(0.2, 0.2, 0.8), [0, 0, 1])
    found, row = measured(tmp_path)
    assert found["segment"]["accuracy"] == 1
    losses = -np.log(0.6), -np.log(0.2)
    ratio = row["members"]["one"] / row["members"]["two"]
    assert ratio == pytest.approx(np.exp(losses[1] - losses[0]), rel=1e-2)


def test_an_average_that_was_too_cautious_on_validation_is_made_surer(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "valid"):
        store(folder, "one", rows_of(0.6, 0.6, 0.4), [0, 0, 1])
        store(folder, "two", rows_of(0.6, 0.6, 0.4), [0, 0, 1])
    _, row = measured(tmp_path)
    assert row["temperature"] < 0.5
    rows = load_predictions(predictions_file(tmp_path, "ensemble", "artist")).probabilities
    assert rows[0, 0] > 0.6 + 0.1
    assert rows[2, 1] == pytest.approx(rows[0, 0], abs=1e-3)


def test_answers_to_other_segments_are_not_averaged(tmp_path: Path) -> None:
    store(tmp_path, "one", rows_of(0.9, 0.4, 0.4), [0, 0, 1])
    store(tmp_path, "two", rows_of(0.4, 0.9, 0.3), [0, 1, 1])
    for name in ("one", "two"):
        store(tmp_path / "valid", name, rows_of(0.9, 0.4, 0.4), [0, 0, 1])
    with pytest.raises(ValueError, match="same segments"):
        measured(tmp_path)


def test_songs_that_one_was_not_asked_about_are_left_out() -> None:
    names = np.array(["a", "b"])
    both = Predictions(rows_of(0.9, 0.8, 0.1), np.array([0, 0, 1]), np.array([0, 0, 1]), names)
    one = Predictions(rows_of(0.3), np.array([1]), np.array([0]), names[1:])
    first, second = on_common_segments([both, one])
    assert list(first.names) == list(second.names) == ["b"]
    np.testing.assert_array_equal(first.probabilities[:, 0], [0.1])
    np.testing.assert_array_equal(first.labels, second.labels)
