"""Metrics of faithfulness: values computed by hand, ranges, edge cases and refused input."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.listening.faithfulness_metrics import (
    average_drop,
    average_gain,
    average_increase,
    complexity,
    deletion_auc,
    evaluate,
    faithfulness_of_removal,
    input_fidelity,
    insertion_auc,
    rank_correlation,
    sparseness,
    validate,
)

ORIGINAL = np.array([0.8, 0.5, 0.25, 0.4])
MASKED = np.array([0.9, 0.25, 0.25, 0.1])
PAIRS = st.integers(1, 20).flatmap(
    lambda n: st.tuples(*[hnp.arrays(float, n, elements=st.floats(0, 1))] * 2)
)


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        (average_increase, 25.0),
        (average_drop, 100 * (0 + 0.5 + 0 + 0.75) / 4),
        (average_gain, 100 * (0.1 / 0.2) / 4),
        (faithfulness_of_removal, (-0.1 + 0.25 + 0 + 0.3) / 4),
    ],
)
def test_metrics_have_the_values_computed_by_hand(
    metric: Callable[[np.ndarray, np.ndarray], float], expected: float
) -> None:
    assert metric(ORIGINAL, MASKED) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize(
    ("original", "kept", "increase", "drop", "gain"),
    [
        ([0.0], [0.0], 0, 0, 0),
        ([0.0], [1.0], 100, 0, 100),
        ([1.0], [1.0], 0, 0, 0),
        ([1.0], [0.0], 0, 100, 0),
        ([0.5] * 3, [0.5] * 3, 0, 0, 0),
    ],
)
def test_probabilities_of_zero_and_one_cause_no_division_by_zero(
    original: list[float], kept: list[float], increase: float, drop: float, gain: float
) -> None:
    before, after = np.array(original), np.array(kept)
    assert average_increase(before, after) == increase
    assert average_drop(before, after) == drop
    assert average_gain(before, after) == gain


@given(PAIRS)
def test_metrics_stay_in_range_and_a_gain_needs_an_increase(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    original, kept = pair
    drop, gain = average_drop(original, kept), average_gain(original, kept)
    assert 0 <= drop <= 100 + 1e-9
    assert 0 <= gain <= 100 + 1e-9
    assert (gain > 0) <= (average_increase(original, kept) > 0)
    assert faithfulness_of_removal(original, kept) == -faithfulness_of_removal(kept, original)


def test_fidelity_counts_equal_predictions() -> None:
    original = np.array([[0.7, 0.3], [0.2, 0.8], [0.6, 0.4], [0.1, 0.9]])
    kept = np.array([[0.6, 0.4], [0.7, 0.3], [0.9, 0.1], [0.4, 0.6]])
    assert input_fidelity(original, kept) == 0.75


@pytest.mark.parametrize(
    ("cells", "gini", "entropy"),
    [
        ([1, 1, 1, 1], 0.0, math.log(4)),
        ([0, 0, 0, 5], 0.75, 0.0),
        ([0, 0, 1, 1], 0.5, math.log(2)),
        ([0, 0, 0, 0], 0.0, 0.0),
        ([3], 0.0, 0.0),
        ([1, 3], 0.25, -(0.25 * math.log(0.25) + 0.75 * math.log(0.75))),
    ],
)
def test_a_map_with_few_cells_is_sparse_and_has_low_entropy(
    cells: list[float], gini: float, entropy: float
) -> None:
    maps = np.array([cells], dtype=float)
    assert sparseness(maps) == pytest.approx(gini, abs=1e-12)
    assert complexity(maps) == pytest.approx(entropy, abs=1e-12)
    # The shape of a map, its level and the order of its cells have no influence.
    assert sparseness(7 * maps[:, ::-1, np.newaxis]) == pytest.approx(gini, abs=1e-12)
    assert complexity(7 * maps[:, ::-1, np.newaxis]) == pytest.approx(entropy, abs=1e-12)


def test_maps_are_averaged_over_segments() -> None:
    maps = np.array([[1.0, 1.0, 1.0, 1.0], [0.0, 0.0, 0.0, 5.0]])
    assert sparseness(maps) == pytest.approx(0.375)
    assert complexity(maps) == pytest.approx(math.log(4) / 2)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ((np.ones(3), np.ones(4)), "differ in shape"),
        ((np.ones(0), np.ones(0)), "at least one segment"),
        ((np.array([0.5, 1.2]), np.ones(2)), "from 0 to 1"),
        ((np.array([0.5, np.nan]), np.ones(2)), "from 0 to 1"),
        ((np.ones(2), np.array([-0.1, 0.5])), "from 0 to 1"),
    ],
)
def test_invalid_probabilities_are_refused_with_the_reason(
    arrays: tuple[np.ndarray, np.ndarray], message: str
) -> None:
    for check in (validate, average_increase, average_drop, average_gain, faithfulness_of_removal):
        with pytest.raises(ValueError, match=message):
            check(*arrays)


@pytest.mark.parametrize("metric", [sparseness, complexity])
@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.ones(4), "at least one cell per segment"),
        (np.ones((0, 4)), "at least one cell per segment"),
        (np.array([[1.0, -1.0]]), "must not be negative"),
        (np.array([[1.0, np.nan]]), "must not be negative"),
    ],
)
def test_invalid_maps_are_refused_with_the_reason(
    metric: Callable[[np.ndarray], float], maps: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        metric(maps)


@pytest.mark.parametrize("area", [insertion_auc, deletion_auc])
@pytest.mark.parametrize(
    ("shares", "probabilities", "expected"),
    [
        ([0, 1], [0.2, 0.8], 0.5),
        ([0, 0.5, 1], [0.0, 1.0, 1.0], 0.75),
        ([0, 0.1, 1], [0.0, 1.0, 1.0], 0.95),  # shares need not be at equal distances
        ([0, 0.25, 1], [[0.4, 1.0], [0.4, 0.0], [0.4, 0.0]], (0.4 + 0.125) / 2),
    ],
)
def test_the_area_under_a_curve_has_the_value_computed_by_hand(
    area: Callable[[np.ndarray, np.ndarray], float],
    shares: list[float],
    probabilities: list[float],
    expected: float,
) -> None:
    assert area(np.array(shares), np.array(probabilities)) == pytest.approx(expected, abs=1e-12)


@given(hnp.arrays(float, (5, 3), elements=st.floats(0, 1)), st.floats(0.01, 0.9))
def test_the_area_is_the_mean_over_curves_and_stays_in_their_range(
    probabilities: np.ndarray, share: float
) -> None:
    shares = np.array([0, share, 0.95, 0.99, 1])
    area = insertion_auc(shares, probabilities)
    singles = [insertion_auc(shares, curve) for curve in probabilities.T]
    assert area == pytest.approx(np.mean(singles), abs=1e-12)
    assert probabilities.min() - 1e-12 <= area <= probabilities.max() + 1e-12
    better = probabilities.copy()
    better[1] = 1
    assert insertion_auc(shares, better) >= area
    # Removal from one end equals insertion from the other.
    assert deletion_auc((1 - shares)[::-1], probabilities[::-1]) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("area", [insertion_auc, deletion_auc])
@pytest.mark.parametrize(
    ("shares", "probabilities", "message"),
    [
        ([0, 0.5], [0.1, 0.2], "increase from 0 to 1"),
        ([0.1, 1], [0.1, 0.2], "increase from 0 to 1"),
        ([0, 0.5, 0.5, 1], [0.1] * 4, "increase from 0 to 1"),
        ([0, float("nan"), 1], [0.1] * 3, "increase from 0 to 1"),
        ([0, 1], [0.1] * 3, "differ in length: 2 and 3"),
        ([0, 1], [0.1, 1.1], "from 0 to 1"),
        ([], [], "at least one segment"),
    ],
)
def test_invalid_curves_are_refused_with_the_reason(
    area: Callable[[np.ndarray, np.ndarray], float],
    shares: list[float],
    probabilities: list[float],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        area(np.array(shares), np.array(probabilities))


def test_rank_correlation_compares_the_order_of_the_cells() -> None:
    maps = np.array([[1.0, 2.0, 3.0, 10.0], [4.0, 3.0, -2.0, 1.0]])
    assert rank_correlation(maps, np.exp(maps)) == pytest.approx(1)
    assert rank_correlation(maps, -maps) == pytest.approx(-1)
    # Each segment has equal weight: one agrees, one is reversed.
    assert rank_correlation(maps, maps * [[1], [-1]]) == pytest.approx(0, abs=1e-12)
    # Spearman's own formula: 1 - 6 * sum(d^2) / (n * (n^2 - 1)).
    other = np.array([[2.0, 1.0, 3.0, 4.0]])
    assert rank_correlation(maps[:1], other) == pytest.approx(1 - 6 * 2 / (4 * 15))
    # Ties share their mean rank.
    assert rank_correlation(np.array([[0.0, 0.0, 1.0]]), np.array([[0.0, 1.0, 2.0]])) == (
        pytest.approx(1.5 / math.sqrt(1.5 * 2))
    )


@given(
    hnp.arrays(float, (2, 3, 4), elements=st.integers(-5, 5)),
    hnp.arrays(float, (2, 3, 4), elements=st.integers(-5, 5)),
)
def test_rank_correlation_is_symmetric_and_independent_of_scale(
    maps: np.ndarray, others: np.ndarray
) -> None:
    correlation = rank_correlation(maps, others)
    assert -1 - 1e-12 <= correlation <= 1 + 1e-12
    assert rank_correlation(others, maps) == pytest.approx(correlation, abs=1e-12)
    assert rank_correlation(3 * maps - 1, others) == pytest.approx(correlation, abs=1e-12)
    assert rank_correlation(-maps, others) == pytest.approx(-correlation, abs=1e-12)


def test_the_correlation_with_a_constant_map_is_zero() -> None:
    assert rank_correlation(np.ones((2, 5)), np.arange(10.0).reshape(2, 5)) == 0


def test_maps_of_noise_are_uncorrelated() -> None:
    noise = np.random.RandomState(0).standard_normal((2, 4, 72, 128))
    assert abs(rank_correlation(*noise)) < 0.02


@pytest.mark.parametrize(
    ("maps", "others", "message"),
    [
        (np.ones((1, 4)), np.ones((2, 4)), "differ in shape"),
        (np.ones((0, 4)), np.ones((0, 4)), "at least one cell per segment"),
        (np.array([[1.0, np.nan]]), np.ones((1, 2)), "nan"),
    ],
)
def test_maps_of_different_shapes_or_with_nan_are_refused(
    maps: np.ndarray, others: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rank_correlation(maps, others)


def test_evaluate_returns_all_metrics_by_their_names_in_the_literature() -> None:
    original = np.array([[0.7, 0.3], [0.2, 0.8]])
    kept = np.array([[0.9, 0.1], [0.6, 0.4]])
    removed = np.array([[0.1, 0.9], [0.4, 0.6]])
    scores = evaluate(original, kept, removed, np.array([0, 1]), np.eye(2))
    assert scores == pytest.approx(
        {
            "AI": 50.0,
            "AD": 25.0,
            "AG": 100 * (0.2 / 0.3) / 2,
            "FF": (0.6 + 0.2) / 2,
            "Fid-In": 0.5,
            "SPS": 0.5,
            "COMP": 0.0,
        },
        abs=1e-12,
    )
    assert evaluate(original, kept, removed, 0, np.eye(2))["FF"] == pytest.approx(0.2)
