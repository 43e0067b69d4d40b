"""Localisation: an oracle scores 1, an inverted one 0, and random attributions at chance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.listening.localisation import kept_ceiling, kept_precision, mass_accuracy

TRUTH = np.zeros((8, 10), dtype=bool)
TRUTH[2:5, 3:9] = True  # 18 of 80 cells


def most_important(attribution: np.ndarray, count: int) -> np.ndarray:
    """Mask of the cells with the largest attribution."""
    kept = np.zeros(attribution.size, dtype=bool)
    kept[np.argsort(-attribution.ravel(), kind="stable")[:count]] = True
    return kept.reshape(attribution.shape)


def test_an_oracle_scores_1_and_its_opposite_0() -> None:
    oracle = np.where(TRUTH, 0.5, -0.5)
    assert mass_accuracy(oracle, TRUTH) == 1
    assert mass_accuracy(-oracle, TRUTH) == 0
    assert kept_precision(most_important(oracle, 16), TRUTH) == 1
    assert kept_precision(most_important(-oracle, 16), TRUTH) == 0


def test_a_kept_part_larger_than_the_truth_has_a_ceiling() -> None:
    kept = most_important(TRUTH.astype(float), 36)
    assert kept_precision(kept, TRUTH) == kept_ceiling(kept, TRUTH) == 0.5
    assert kept_ceiling(most_important(TRUTH.astype(float), 16), TRUTH) == 1


def test_random_attributions_score_at_chance() -> None:
    random = np.random.default_rng(0)
    maps = random.standard_normal((400, *TRUTH.shape))
    chance = TRUTH.mean()
    assert np.mean([mass_accuracy(each, TRUTH) for each in maps]) == pytest.approx(chance, abs=0.01)
    kept = [kept_precision(most_important(each, 16), TRUTH) for each in maps]
    assert np.mean(kept) == pytest.approx(chance, abs=0.01)


def test_only_positive_attributions_count() -> None:
    attribution = np.array([1.0, 3.0, -50.0, -2.0])
    truth = np.array([True, False, True, False])
    assert mass_accuracy(attribution, truth) == 0.25


def test_an_explanation_that_locates_nothing_scores_0() -> None:
    assert mass_accuracy(-np.ones(TRUTH.shape), TRUTH) == 0
    assert kept_precision(np.zeros_like(TRUTH), TRUTH) == 0
    assert kept_ceiling(np.zeros_like(TRUTH), TRUTH) == 0


@given(
    hnp.arrays(np.float64, (4, 5), elements=st.floats(-1e6, 1e6)),
    hnp.arrays(bool, (4, 5)),
    hnp.arrays(bool, (4, 5)),
)
def test_metrics_stay_between_0_and_their_ceiling(
    attribution: np.ndarray, kept: np.ndarray, truth: np.ndarray
) -> None:
    assert 0 <= mass_accuracy(attribution, truth) <= 1
    assert 0 <= kept_precision(kept, truth) <= kept_ceiling(kept, truth) <= 1
    # The truth and its complement share the whole mass.
    if attribution.max() > 0:
        total = mass_accuracy(attribution, truth) + mass_accuracy(attribution, ~truth)
        assert total == pytest.approx(1)


@pytest.mark.parametrize(
    ("values", "truth", "message"),
    [
        (np.zeros((2, 3)), np.zeros((3, 2), bool), "shape"),
        (np.zeros(0), np.zeros(0, bool), "no cells"),
        (np.zeros(3), np.zeros(3), "mask of booleans"),
        (np.array([0.0, np.nan]), np.zeros(2, bool), "finite"),
    ],
)
def test_impossible_inputs_are_named(values: np.ndarray, truth: np.ndarray, message: str) -> None:
    for metric in (mass_accuracy, kept_precision, kept_ceiling):
        with pytest.raises(ValueError, match=message):
            metric(values, truth)
