"""Metrics have known values, stay in range, and refuse invalid input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation import metrics
from core.evaluation.calibration import fit_temperature
from core.evaluation.scores import details

CERTAIN = np.eye(3)[[0, 1, 2, 0]]
LABELS = np.array([0, 1, 2, 0])


def test_a_perfect_model_has_perfect_scores() -> None:
    figures = metrics.evaluate(CERTAIN, LABELS, np.array([0, 1, 2, 3]))
    for level in ("segment", "song"):
        assert figures[level]["accuracy"] == 1
        assert figures[level]["macro_f1"] == 1
        assert figures[level]["log_loss"] == pytest.approx(0, abs=1e-6)
        assert figures[level]["ece"] == pytest.approx(0)
    assert figures["confusion"] == [[2, 0, 0], [0, 1, 0], [0, 0, 1]]


def test_the_calibration_error_is_the_gap_between_confidence_and_accuracy() -> None:
    rows = np.tile([0.9, 0.1], (10, 1))
    labels = np.array([0] * 6 + [1] * 4)
    assert metrics.calibration_error(rows, labels) == pytest.approx(0.3)


def test_gaps_of_opposite_sign_in_different_bins_do_not_cancel() -> None:
    rows = np.array([[0.6, 0.4]] * 10 + [[0.9, 0.1]] * 10)
    labels = np.array([0] * 8 + [1] * 2 + [0] * 7 + [1] * 3)
    assert metrics.calibration_error(rows, labels) == pytest.approx(0.2)


def test_confusion_counts_rows_by_true_and_columns_by_predicted_class() -> None:
    rows = np.eye(3)[[0, 1, 1, 2]]
    counts = metrics.confusion(rows, np.array([0, 0, 1, 2]))
    np.testing.assert_array_equal(counts, [[1, 1, 0], [0, 1, 0], [0, 0, 1]])


def test_full_confidence_belongs_to_the_last_bin() -> None:
    bins, confidence, correct = metrics.confidence_bins(CERTAIN, np.array([0, 1, 2, 1]), n_bins=10)
    assert bins.tolist() == [9] * 4
    assert confidence.tolist() == [1] * 4
    assert correct.tolist() == [True, True, True, False]


def test_one_segment_of_one_song_is_enough() -> None:
    figures = metrics.evaluate(np.eye(2)[:1], np.zeros(1, dtype=int), np.zeros(1, dtype=int))
    assert figures["tracks"] == 1
    assert figures["song"]["accuracy"] == 1


def test_songs_vote_with_the_mean_of_their_segments() -> None:
    rows = np.array([[0.9, 0.1], [0.4, 0.6], [0.4, 0.6]])
    votes, labels = metrics.song_votes(rows, np.array([0, 0, 0]), np.array([7, 7, 7]))
    assert np.allclose(votes, [[1.7 / 3, 1.3 / 3]])
    assert labels.tolist() == [0]


def test_wilsons_interval_matches_the_published_one() -> None:
    # Newcombe 1998, table I: 81 of 263.
    low, high = metrics.proportion_interval(81, 263)
    assert (low, high) == pytest.approx((0.2553, 0.3662), abs=1e-4)


def test_mcnemar_counts_only_the_samples_that_one_model_alone_gets_right() -> None:
    one = np.array([True] * 10 + [False] * 2)
    other = np.array([False] * 10 + [True] * 2)
    test = metrics.mcnemar(one, other)
    assert (test["only_a"], test["only_b"]) == (10, 2)
    assert test["p_value"] == pytest.approx(0.03857, abs=1e-5)
    assert metrics.mcnemar(one, one)["p_value"] == 1


def test_the_interval_of_a_difference_has_newcombes_value() -> None:
    """Both right 43, only the first 0, only the second 7, neither 0 (computed by hand)."""
    one = np.array([True] * 43 + [False] * 7)
    other = np.ones(50, dtype=bool)
    found = metrics.accuracy_difference(one, other)
    low, high = metrics.proportion_interval(43, 50)
    wilson = metrics.proportion_interval(50, 50)
    expected = (
        0.14,
        0.14 - np.hypot(1 - wilson[0], high - 0.86),
        0.14 + np.hypot(wilson[1] - 1, 0.86 - low),
    )
    assert found == pytest.approx(expected)
    assert metrics.accuracy_difference(other, one) == pytest.approx(
        (-expected[0], -expected[2], -expected[1])
    )
    assert metrics.accuracy_difference(one, one)[0] == 0


def test_the_interval_of_a_difference_covers_it_in_95_of_100_samples() -> None:
    generator = np.random.default_rng(0)
    kinds = [(True, True), (True, False), (False, True), (False, False)]
    pairs = np.array(kinds)[generator.choice(4, size=(600, 290), p=[0.55, 0.06, 0.1, 0.29])]
    intervals = [metrics.accuracy_difference(each[:, 0], each[:, 1]) for each in pairs]
    covered = np.mean([low <= 0.04 <= high for _, low, high in intervals])
    assert 0.93 <= covered <= 0.98


@given(st.integers(0, 1000), st.integers(2, 30))
def test_metrics_stay_in_their_ranges(seed: int, n: int) -> None:
    generator = np.random.default_rng(seed)
    rows = generator.dirichlet(np.ones(4), size=n)
    labels = generator.integers(4, size=n)
    assert 0 <= metrics.calibration_error(rows, labels) <= 1
    assert 0 <= metrics.macro_f1(rows, labels) <= 1
    assert metrics.cross_entropy(rows, labels) >= 0


def test_an_interval_over_songs_contains_the_metric() -> None:
    generator = np.random.default_rng(0)
    rows = generator.dirichlet(np.ones(3), size=200)
    labels = generator.integers(3, size=200)
    figure = metrics.accuracy(rows, labels)
    single = metrics.song_interval(metrics.accuracy, rows, labels, np.arange(200))
    grouped = metrics.song_interval(
        metrics.accuracy, rows, np.repeat(labels[::10], 10), np.repeat(np.arange(20), 10)
    )
    assert single[0] <= figure <= single[1]
    assert grouped[0] < grouped[1]


@pytest.mark.parametrize(
    ("rows", "labels", "reason"),
    [
        (np.zeros((0, 3)), np.zeros(0, dtype=int), "must not be empty"),
        (CERTAIN, LABELS[:2], r"labels shape \(n,\)"),
        (CERTAIN * 2, LABELS, "sum to one"),
        (CERTAIN, LABELS + 2, "labels must lie"),
    ],
)
def test_invalid_input_is_refused_with_the_reason(
    rows: np.ndarray, labels: np.ndarray, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        metrics.evaluate(rows, labels, np.arange(len(labels)))


def equal(found: Any, expected: Any) -> bool:
    """Whether nested numbers agree within 1e-12."""
    if isinstance(expected, dict):
        return found.keys() == expected.keys() and all(
            equal(found[key], expected[key]) for key in expected
        )
    if isinstance(expected, list):
        return len(found) == len(expected) and all(map(equal, found, expected))
    return found == pytest.approx(expected, rel=1e-12, abs=1e-12)


def test_stored_input_has_the_stored_metrics() -> None:
    fixture = json.loads((Path(__file__).parent / "metrics.json").read_text(encoding="utf-8"))
    given = {name: np.array(values) for name, values in fixture["input"].items()}
    probabilities, labels, songs = given["probabilities"], given["labels"], given["songs"]
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    assert equal(metrics.evaluate(probabilities, labels, songs), fixture["evaluate"])
    assert equal(details(probabilities, labels, songs), fixture["details"])
    correct = probabilities.argmax(axis=1) == labels
    assert equal(metrics.mcnemar(correct, given["correct_b"]), fixture["mcnemar"])
    assert fit_temperature(probabilities, labels) == pytest.approx(fixture["temperature"], rel=1e-6)
