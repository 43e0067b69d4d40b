"""Curves and tables agree with scikit-learn and with the metrics that they illustrate."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from core.evaluation.curves import MAX_POINTS, genre_report, precision_recall, reliability, roc
from core.evaluation.metrics import calibration_error


def random_probabilities(seed: int = 0, n: int = 300) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that is better than chance, and the true genres."""
    labels = np.repeat(np.arange(10), n // 10)
    rows = np.random.default_rng(seed).dirichlet(np.ones(10), n) + 0.3 * np.eye(10)[labels]
    return rows / rows.sum(axis=1, keepdims=True), labels


@given(st.integers(0, 1000), st.integers(0, 9))
def test_areas_equal_scikit_learns_and_lie_under_the_curves(seed: int, genre: int) -> None:
    probabilities, labels = random_probabilities(seed)
    positive, scores = labels == genre, probabilities[:, genre]
    curve = precision_recall(probabilities, labels, genre)
    assert curve.area == pytest.approx(average_precision_score(positive, scores))
    assert (np.diff(curve.x) >= 0).all()
    curve = roc(probabilities, labels, genre)
    assert curve.area == pytest.approx(roc_auc_score(positive, scores))
    assert (curve.x[0], curve.y[0], curve.x[-1], curve.y[-1]) == (0, 0, 1, 1)
    assert np.trapezoid(curve.y, curve.x) == pytest.approx(curve.area, abs=0.02)


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    probabilities, labels = random_probabilities(n=20_000)
    curve = precision_recall(probabilities, labels, 3)
    assert len(curve.x) == len(curve.y) == MAX_POINTS
    assert (curve.x[0], curve.x[-1]) == (0, 1)


def test_the_report_has_precision_recall_f1_and_count() -> None:
    report = genre_report(np.eye(3)[[0, 1, 1, 2]], np.array([0, 0, 1, 2]))
    np.testing.assert_allclose(report[0], [1, 0.5, 2 / 3, 2])
    np.testing.assert_allclose(report[1], [0.5, 1, 2 / 3, 1])


def test_a_genre_without_songs_has_zeros_in_the_report() -> None:
    report = genre_report(np.eye(3)[[0, 1]], np.array([0, 1]))
    np.testing.assert_array_equal(report[2], 0)


def test_the_calibration_error_is_the_mean_distance_of_the_reliability_curve() -> None:
    probabilities, labels = random_probabilities()
    found = reliability(probabilities, labels)
    distance = np.abs(found.confidence - found.accuracy)
    error = (distance * found.counts).sum() / found.counts.sum()
    assert error == pytest.approx(calibration_error(probabilities, labels))


def test_reliability_leaves_out_empty_bins() -> None:
    found = reliability(np.array([[0.95, 0.05], [0.15, 0.85]]), np.array([0, 0]), n_bins=10)
    np.testing.assert_allclose(found.confidence, [0.85, 0.95])
    np.testing.assert_array_equal(found.accuracy, [0, 1])
    np.testing.assert_array_equal(found.counts, [1, 1])
