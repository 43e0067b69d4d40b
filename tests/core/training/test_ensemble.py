"""The ensemble: a calibrated, weighted average of predictions for the same segments."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.errors import DatasetError
from core.evaluation.predictions import Predictions, load_predictions, save_predictions
from core.training.ensemble import on_common_segments, record_ensemble
from core.training.records import Folders


def store(folder: Path, name: str, probabilities: np.ndarray, songs: list[int]) -> None:
    predictions = Predictions(
        probabilities, np.array([0, 0, 1]), np.array(songs), np.array(["a", "b"])
    )
    save_predictions(predictions, folder, name, "artist")


def of_two_genres(*shares: float) -> np.ndarray:
    """Probabilities of segments; the share of the first genre, the rest of the second."""
    probabilities = np.zeros((len(shares), 10))
    probabilities[:, 0] = shares
    probabilities[:, 1] = 1 - np.array(shares)
    return probabilities


def recorded(folder: Path) -> dict:
    folders = Folders(models=folder, runs=folder, cache=folder)
    record_ensemble(folders, ["one", "two"], "artist", 0)
    return json.loads((folder / "scores.json").read_text(encoding="utf-8"))["ensemble/artist"]


def test_two_models_with_different_errors_are_correct_together(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "valid"):
        store(folder, "one", of_two_genres(0.9, 0.4, 0.4), [0, 0, 1])
        store(folder, "two", of_two_genres(0.4, 0.9, 0.4), [0, 0, 1])
    row = recorded(tmp_path)
    assert row["test"]["segment"]["accuracy"] == 1
    assert row["members"]["one"] == pytest.approx(0.5, abs=0.01)
    assert row["report"]["blues"]["songs"] == 1


def test_the_model_with_the_higher_validation_likelihood_has_more_weight(tmp_path: Path) -> None:
    store(tmp_path / "valid", "one", of_two_genres(0.6, 0.6, 0.4), [0, 0, 1])
    store(tmp_path / "valid", "two", of_two_genres(0.2, 0.2, 0.8), [0, 0, 1])
    store(tmp_path, "one", of_two_genres(0.8, 0.8, 0.2), [0, 0, 1])
    store(tmp_path, "two", of_two_genres(0.2, 0.2, 0.8), [0, 0, 1])
    row = recorded(tmp_path)
    assert row["test"]["segment"]["accuracy"] == 1
    losses = -np.log(0.6), -np.log(0.2)
    ratio = row["members"]["one"] / row["members"]["two"]
    assert ratio == pytest.approx(np.exp(losses[1] - losses[0]), rel=1e-2)


def test_an_average_that_is_underconfident_on_validation_is_sharpened(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "valid"):
        store(folder, "one", of_two_genres(0.6, 0.6, 0.4), [0, 0, 1])
        store(folder, "two", of_two_genres(0.6, 0.6, 0.4), [0, 0, 1])
    row = recorded(tmp_path)
    assert row["temperature"] < 0.5
    stored = load_predictions(tmp_path, "ensemble", "artist")
    assert stored.probabilities[0, 0] > 0.6 + 0.1
    assert stored.probabilities[2, 1] == pytest.approx(stored.probabilities[0, 0], abs=1e-3)


def test_predictions_for_different_segments_are_not_averaged(tmp_path: Path) -> None:
    store(tmp_path, "one", of_two_genres(0.9, 0.4, 0.4), [0, 0, 1])
    store(tmp_path, "two", of_two_genres(0.4, 0.9, 0.3), [0, 1, 1])
    for name in ("one", "two"):
        store(tmp_path / "valid", name, of_two_genres(0.9, 0.4, 0.4), [0, 0, 1])
    with pytest.raises(DatasetError, match="same segments"):
        recorded(tmp_path)


def test_missing_predictions_of_a_member_are_named(tmp_path: Path) -> None:
    for folder in (tmp_path, tmp_path / "valid"):
        store(folder, "one", of_two_genres(0.9, 0.4, 0.4), [0, 0, 1])
    with pytest.raises(DatasetError, match=r"two/artist.*Train these models"):
        recorded(tmp_path)


def test_songs_that_one_model_has_not_predicted_are_left_out() -> None:
    names = np.array(["a", "b"])
    both = Predictions(
        of_two_genres(0.9, 0.8, 0.1), np.array([0, 0, 1]), np.array([0, 0, 1]), names
    )
    one = Predictions(of_two_genres(0.3), np.array([1]), np.array([0]), names[1:])
    first, second = on_common_segments([both, one])
    assert list(first.names) == list(second.names) == ["b"]
    np.testing.assert_array_equal(first.probabilities[:, 0], [0.1])
    np.testing.assert_array_equal(first.labels, second.labels)
