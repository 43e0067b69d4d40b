"""Answers come back from their file as they were, and curves are those of the definitions."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluation.curves import confusion, genre_report, precision_recall, reliability, roc
from core.evaluation.metrics import calibration_error
from core.evaluation.predictions import (
    Predictions,
    load_predictions,
    numbered,
    predictions_file,
    save_predictions,
)


def made_up(seed: int = 0, n: int = 300) -> Predictions:
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), n // 10)
    rows = generator.dirichlet(np.ones(10), n) + 0.3 * np.eye(10)[labels]
    songs, names = numbered(np.arange(n) // 3 + 7, np.array([f"song {i}" for i in range(999)]))
    return Predictions(rows / rows.sum(axis=1, keepdims=True), labels, songs, names)


def test_answers_come_back_and_songs_keep_their_names(tmp_path: Path) -> None:
    answers = made_up()
    file = predictions_file(tmp_path, "cnn", "artist")
    save_predictions(answers, file)
    found = load_predictions(file)
    np.testing.assert_allclose(found.probabilities, answers.probabilities, atol=1e-3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    for name in ("labels", "songs", "names"):
        np.testing.assert_array_equal(getattr(found, name), getattr(answers, name))
    votes, truths = found.votes
    assert found.names[0] == "song 7"
    np.testing.assert_allclose(votes[1], answers.probabilities[3:6].mean(axis=0), atol=1e-3)
    assert len(votes) == len(truths) == len(found.names) == 100


def test_a_file_that_holds_something_else_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cnn.artist.answers.npz"
    np.savez(file, labels=np.zeros(3))
    with pytest.raises(ValueError, match="lacks names, probabilities, songs"):
        load_predictions(file)


@given(st.integers(0, 1000), st.integers(0, 9))
def test_areas_are_those_of_the_library_and_lie_under_the_curves(seed: int, genre: int) -> None:
    answers = made_up(seed)
    rows, labels = answers.probabilities, answers.labels
    right, scores = labels == genre, rows[:, genre]
    curve = precision_recall(rows, labels, genre)
    assert curve.area == pytest.approx(average_precision_score(right, scores))
    assert (np.diff(curve.x) >= 0).all()
    curve = roc(rows, labels, genre)
    assert curve.area == pytest.approx(roc_auc_score(right, scores))
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=0.02)


def test_tables_count_what_was_named() -> None:
    labels = np.array([0, 0, 1, 2])
    rows = np.eye(3)[[0, 1, 1, 2]]
    np.testing.assert_array_equal(confusion(rows, labels), [[1, 1, 0], [0, 1, 0], [0, 0, 1]])
    report = genre_report(rows, labels)
    np.testing.assert_allclose(report[0], [1, 0.5, 2 / 3, 2])
    np.testing.assert_allclose(report[1], [0.5, 1, 2 / 3, 1])


def test_the_calibration_error_is_the_mean_distance_of_the_reliability_curve() -> None:
    answers = made_up()
    found = reliability(answers.probabilities, answers.labels)
    distance = np.abs(found.confidence - found.accuracy)
    error = (distance * found.counts).sum() / found.counts.sum()
    assert error == pytest.approx(calibration_error(answers.probabilities, answers.labels))


def test_votes_are_known_by_the_songs_names() -> None:
    rows = np.zeros((4, 10))
    rows[[0, 1], 2] = 1
    rows[[2, 3], [3, 4]] = 0.9
    answers = Predictions(
        rows, np.array([2, 2, 5, 5]), np.array([0, 0, 1, 1]), np.array(["a", "b"])
    )
    assert answers.right == {"a": True, "b": False}
    assert answers.accuracy_on(["a"]) == 1
    assert answers.accuracy_on(["a", "b"]) == 0.5
    with pytest.raises(KeyError):
        answers.accuracy_on(["c"])
