"""Sets contain the true class as often as they promise, and bad input is named."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.conformal import calibrate, coverage
from core.models.genre_sets import mass_above


def songs(seed: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities of a model that is right in about half of all songs, and the true genres."""
    random = np.random.default_rng(seed)
    labels = random.integers(10, size=n)
    rows = random.dirichlet(np.ones(10), n) + 0.25 * np.eye(10)[labels]
    return rows / rows.sum(axis=1, keepdims=True), labels


@given(st.integers(0, 50), st.sampled_from([0.8, 0.9, 0.95]))
def test_sets_of_exchangeable_songs_cover_the_true_genre_as_often_as_promised(
    seed: int, level: float
) -> None:
    probabilities, labels = songs(seed, 4_000)
    scores = mass_above(probabilities)
    threshold = calibrate(scores[:2_000], labels[:2_000], level)
    found = coverage(scores[2_000:], labels[2_000:], threshold)
    assert found["coverage"] == pytest.approx(level, abs=0.045)


def test_the_threshold_is_the_finite_sample_quantile() -> None:
    scores = np.arange(1.0, 10.0)[:, np.newaxis]
    labels = np.zeros(9, dtype=int)
    assert calibrate(scores, labels, 0.9) == 9  # the ninth of nine: 10 · 0.9
    assert calibrate(scores, labels, 0.8) == 8
    assert calibrate(scores, labels, 0.91) == np.inf  # nine samples cannot promise more


def test_songs_that_are_never_covered_raise_the_threshold_and_have_empty_sets() -> None:
    probabilities, labels = songs(0, 1_000)
    scores = mass_above(probabilities)
    turned_away = scores.copy()
    turned_away[:50] = np.inf
    assert calibrate(turned_away, labels) > calibrate(scores, labels)
    found = coverage(turned_away, labels, calibrate(turned_away, labels))
    assert found["sizes"][0] == 50
    assert found["coverage"] == pytest.approx(0.9, abs=0.002)


def test_coverage_counts_sizes_and_hits() -> None:
    scores = np.array([[0.0, 0.6], [0.0, 0.4], [0.5, 0.0]])
    found = coverage(scores, np.array([1, 1, 1]), 0.5)
    assert found["coverage"] == pytest.approx(2 / 3)
    assert found["sizes"] == [0, 1, 2]
    assert found["mean_size"] == pytest.approx(5 / 3)
    assert found["interval"][0] < 2 / 3 < found["interval"][1]


@pytest.mark.parametrize(
    ("scores", "labels", "message"),
    [
        (np.zeros(3), np.zeros(3, int), "shape"),
        (np.zeros((3, 2)), np.zeros(2, int), "shape"),
        (np.zeros((0, 2)), np.zeros(0, int), "empty"),
        (np.full((1, 2), np.nan), np.zeros(1, int), "NaN"),
        (np.zeros((1, 2)), np.array([2]), "labels must lie"),
    ],
)
def test_bad_input_is_named(scores: np.ndarray, labels: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        calibrate(scores, labels)
    with pytest.raises(ValueError, match=message):
        coverage(scores, labels, 0.5)


def test_a_level_that_is_no_probability_is_rejected() -> None:
    with pytest.raises(ValueError, match="level must lie between"):
        calibrate(np.zeros((2, 2)), np.zeros(2, int), 1.0)
