"""The metrics are those of the literature, and the audio is judged as it will be heard."""

from __future__ import annotations

import json
import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.analysis import analyze
from core.audio.io import Audio
from core.explanation.explain import explain
from core.listening.faithfulness import (
    acceptance,
    average_drop,
    average_gain,
    average_increase,
    complexity,
    deletion_auc,
    evaluate,
    faithfulness,
    faithfulness_of_removal,
    input_fidelity,
    insertion_auc,
    rank_correlation,
    sparseness,
    validate,
)
from core.listening.filtering import listen
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

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
def test_metrics_are_those_computed_by_hand(
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
def test_certainty_and_impossibility_divide_nothing_by_zero(
    original: list[float], kept: list[float], increase: float, drop: float, gain: float
) -> None:
    before, after = np.array(original), np.array(kept)
    assert average_increase(before, after) == increase
    assert average_drop(before, after) == drop
    assert average_gain(before, after) == gain


@given(PAIRS)
def test_a_metric_stays_in_its_range_and_dropping_excludes_gaining(
    pair: tuple[np.ndarray, np.ndarray],
) -> None:
    original, kept = pair
    drop, gain = average_drop(original, kept), average_gain(original, kept)
    assert 0 <= drop <= 100 + 1e-9
    assert 0 <= gain <= 100 + 1e-9
    assert (gain > 0) <= (average_increase(original, kept) > 0)
    assert faithfulness_of_removal(original, kept) == -faithfulness_of_removal(kept, original)


def test_fidelity_counts_equal_answers() -> None:
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
def test_maps_are_sparse_and_simple_when_little_is_left(
    cells: list[float], gini: float, entropy: float
) -> None:
    maps = np.array([cells], dtype=float)
    assert sparseness(maps) == pytest.approx(gini, abs=1e-12)
    assert complexity(maps) == pytest.approx(entropy, abs=1e-12)
    # A map's shape, its level and the order of its cells do not matter.
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
def test_what_is_wrong_with_probabilities_is_said(
    arrays: tuple[np.ndarray, np.ndarray], message: str
) -> None:
    for check in (validate, average_increase, average_drop, average_gain, faithfulness_of_removal):
        with pytest.raises(ValueError, match=message):
            check(*arrays)


@pytest.mark.parametrize("metric", [sparseness, complexity])
@pytest.mark.parametrize(
    ("maps", "message"),
    [
        (np.ones(4), "hold no segment's cells"),
        (np.ones((0, 4)), "hold no segment's cells"),
        (np.array([[1.0, -1.0]]), "must not be negative"),
        (np.array([[1.0, np.nan]]), "must not be negative"),
    ],
)
def test_what_is_wrong_with_maps_is_said(
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
def test_the_area_under_a_curve_is_that_computed_by_hand(
    area: Callable[[np.ndarray, np.ndarray], float],
    shares: list[float],
    probabilities: list[float],
    expected: float,
) -> None:
    assert area(np.array(shares), np.array(probabilities)) == pytest.approx(expected, abs=1e-12)


@given(hnp.arrays(float, (5, 3), elements=st.floats(0, 1)), st.floats(0.01, 0.9))
def test_the_area_is_that_of_the_single_curves_and_never_leaves_their_range(
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
    # What is removed from one end is kept from the other.
    assert deletion_auc((1 - shares)[::-1], probabilities[::-1]) == pytest.approx(area, abs=1e-12)


@pytest.mark.parametrize("area", [insertion_auc, deletion_auc])
@pytest.mark.parametrize(
    ("shares", "probabilities", "message"),
    [
        ([0, 0.5], [0.1, 0.2], "rise from 0 to 1"),
        ([0.1, 1], [0.1, 0.2], "rise from 0 to 1"),
        ([0, 0.5, 0.5, 1], [0.1] * 4, "rise from 0 to 1"),
        ([0, float("nan"), 1], [0.1] * 3, "rise from 0 to 1"),
        ([0, 1], [0.1] * 3, "2 shares have 3 probabilities"),
        ([0, 1], [0.1, 1.1], "from 0 to 1"),
        ([], [], "at least one segment"),
    ],
)
def test_what_is_wrong_with_a_curve_is_said(
    area: Callable[[np.ndarray, np.ndarray], float],
    shares: list[float],
    probabilities: list[float],
    message: str,
) -> None:
    with pytest.raises(ValueError, match=message):
        area(np.array(shares), np.array(probabilities))


def test_maps_are_alike_when_they_order_their_cells_alike() -> None:
    maps = np.array([[1.0, 2.0, 3.0, 10.0], [4.0, 3.0, -2.0, 1.0]])
    assert rank_correlation(maps, np.exp(maps)) == pytest.approx(1)
    assert rank_correlation(maps, -maps) == pytest.approx(-1)
    # Each segment counts once: one agrees, one is the reverse.
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
def test_the_correlation_of_maps_is_symmetric_and_knows_no_scale(
    maps: np.ndarray, others: np.ndarray
) -> None:
    correlation = rank_correlation(maps, others)
    assert -1 - 1e-12 <= correlation <= 1 + 1e-12
    assert rank_correlation(others, maps) == pytest.approx(correlation, abs=1e-12)
    assert rank_correlation(3 * maps - 1, others) == pytest.approx(correlation, abs=1e-12)
    assert rank_correlation(-maps, others) == pytest.approx(-correlation, abs=1e-12)


def test_a_map_without_any_order_is_like_no_other() -> None:
    assert rank_correlation(np.ones((2, 5)), np.arange(10.0).reshape(2, 5)) == 0


def test_maps_of_noise_are_not_alike() -> None:
    noise = np.random.RandomState(0).standard_normal((2, 4, 72, 128))
    assert abs(rank_correlation(*noise)) < 0.02


@pytest.mark.parametrize(
    ("maps", "others", "message"),
    [
        (np.ones((1, 4)), np.ones((2, 4)), "differ in shape"),
        (np.ones((0, 4)), np.ones((0, 4)), "hold no segment's cells"),
        (np.array([[1.0, np.nan]]), np.ones((1, 2)), "nan"),
    ],
)
def test_maps_that_cannot_be_compared_are_refused(
    maps: np.ndarray, others: np.ndarray, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        rank_correlation(maps, others)


def test_all_metrics_come_by_the_names_of_the_literature() -> None:
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


def test_probabilities_are_those_of_the_masked_audio_analysed_again(
    song: Audio, tiny: SpectrogramModel
) -> None:
    explanation = explain(song, tiny, segments=[2, 0])
    genre = tiny.genres.index(explanation.target)
    answer = faithfulness(tiny, song, explanation, keep=0.3)
    for name, heard in {
        "probability_original": song,
        "probability_kept": listen(song, explanation, keep=0.3),
        "probability_removed": listen(song, explanation, keep=0.3, mode="remove"),
    }.items():
        expected = analyze(heard, tiny).probabilities[[2, 0], genre]
        np.testing.assert_allclose(answer["segments"][name], expected, atol=1e-6)
        assert answer[name] == pytest.approx(expected.mean(), abs=1e-6)
    assert answer["FF"] == pytest.approx(
        answer["probability_original"] - answer["probability_removed"], abs=1e-6
    )
    assert 0.7 < answer["SPS"] < 1
    json.dumps(answer, allow_nan=False)


def test_to_keep_all_loses_nothing_and_leaves_silence(tiny_cnn: SpectrogramModel) -> None:
    song = Audio(song_samples(9.0)[: 3 * 72 * 915 - 1])  # three segments and nothing more
    explanation = synthetic_explanation(song)
    answer = faithfulness(tiny_cnn, song, explanation, keep=1)
    assert answer["probability_kept"] == pytest.approx(answer["probability_original"], abs=1e-3)
    silence = analyze(Audio(np.zeros_like(song.samples)), tiny_cnn).probabilities
    jazz = tiny_cnn.genres.index("jazz")
    assert answer["probability_removed"] == pytest.approx(silence[:, jazz].mean(), abs=1e-6)


@pytest.mark.parametrize("keep", [0, 0.2])
def test_silent_audio_is_judged_like_any_other(tiny_cnn: SpectrogramModel, keep: float) -> None:
    for samples in (song_samples(3.0), np.zeros(70_000, dtype=np.float32)):
        song = Audio(samples)
        answer = faithfulness(tiny_cnn, song, synthetic_explanation(song), keep=keep)
        assert all(np.isfinite(value) for name, value in answer.items() if name != "segments")


def test_models_hear_what_matters_to_each_other(
    song: Audio, tiny_cnn: SpectrogramModel, tiny_cnn_lstm: SpectrogramModel
) -> None:
    models = (tiny_cnn, tiny_cnn_lstm)
    explanations = [explain(song, model, target="jazz", segments=[1]) for model in models]
    matrix = acceptance(song, explanations, models, keep=0.3)
    for model, explanation in zip(models, explanations, strict=True):
        alone = faithfulness(model, song, explanation, keep=0.3)
        assert matrix[model.name][model.name] == pytest.approx(
            {name: alone[f"probability_{name}"] for name in ("original", "kept", "removed")}
        )
    jazz = tiny_cnn.genres.index("jazz")
    kept = listen(song, explanations[1], keep=0.3)
    assert matrix["cnn_lstm"]["cnn"]["kept"] == pytest.approx(
        float(analyze(kept, tiny_cnn).probabilities[1, jazz])
    )
    assert matrix["cnn_lstm"]["cnn"]["original"] == matrix["cnn"]["cnn"]["original"]
