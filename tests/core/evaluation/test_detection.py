"""The detection of strange samples agrees with scikit-learn and counts what it promises."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import roc_auc_score

from core.evaluation.detection import auroc, auroc_interval, roc_points, threshold


@given(st.integers(0, 200), st.integers(1, 30), st.integers(1, 30))
def test_the_area_equals_scikit_learns_even_with_ties(seed: int, n: int, m: int) -> None:
    random = np.random.default_rng(seed)
    known, strange = random.integers(0, 6, n), random.integers(1, 7, m)
    expected = roc_auc_score(np.r_[np.zeros(n), np.ones(m)], np.r_[known, strange])
    assert auroc(known, strange) == pytest.approx(expected)


def test_infinite_scores_are_the_strangest() -> None:
    assert auroc(np.array([0.0, 5.0]), np.array([np.inf])) == 1
    assert auroc(np.zeros(3), np.zeros(2)) == 0.5


def test_the_interval_contains_the_mean_area_of_all_tasks() -> None:
    random = np.random.default_rng(0)
    tasks = {
        name: (random.normal(0, 1, 100), random.normal(shift, 1, 20))
        for name, shift in (("one", 1.0), ("two", 0.2))
    }
    mean = np.mean([auroc(*groups) for groups in tasks.values()])
    low, high = auroc_interval(tasks)
    assert low < mean < high
    assert high - low < 0.25


@pytest.mark.parametrize("n", [19, 20, 197, 1000])
def test_at_most_one_in_twenty_known_samples_exceeds_the_threshold(n: int) -> None:
    known = np.random.default_rng(n).permutation(n).astype(float)
    above = (known > threshold(known)).sum()
    assert (above + 1) / (n + 1) <= 0.05 or above == 0
    assert above >= 0.05 * n - 2


def test_too_few_samples_have_their_maximum_as_threshold() -> None:
    assert threshold(np.array([1.0, 3.0, 2.0])) == 3


def test_the_curve_starts_at_zero_false_alarms_and_ends_with_everything() -> None:
    known, strange = np.arange(100.0), np.arange(50.0, 150.0)
    points = roc_points(known, strange, np.array([0.0, 0.1, 0.5, 1.0]))
    assert points == [0.5, pytest.approx(0.59, abs=0.011), pytest.approx(0.99, abs=0.011), 1.0]


@pytest.mark.parametrize(
    ("known", "strange", "message"),
    [
        (np.zeros(0), np.zeros(2), "known must be"),
        (np.zeros(2), np.zeros((2, 2)), "strange must be"),
        (np.zeros(2), np.array([np.nan]), "strange must not contain NaN"),
    ],
)
def test_bad_input_is_named(known: np.ndarray, strange: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        auroc(known, strange)


def test_a_share_that_is_no_probability_is_rejected() -> None:
    with pytest.raises(ValueError, match="share must lie between"):
        threshold(np.zeros(3), 0)
