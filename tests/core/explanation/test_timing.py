"""Evidence in time: mass by frame, concentration and lag, on arrays whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.explanation.timing import (
    MAX_LAG,
    chance_of_correlation,
    frame_mass,
    frame_onsets,
    half_share,
    has_onsets,
    lag_correlations,
    likely_lags,
    peak_lag,
)
from core.features.onsets import onset_strength
from core.features.spectrogram import FeatureParameters, logmel
from tests.synthetic_explanation import synthetic_explanation


def test_the_mass_of_a_frame_is_the_sum_of_its_absolute_values(song: Audio) -> None:
    bands = np.zeros(128)
    bands[[3, 70]] = 0.25, -0.5
    explanation = synthetic_explanation(song, evidence=bands)
    masses, onsets = frame_mass(explanation), frame_onsets(explanation)
    assert [len(mass) for mass in masses] == [len(each) for each in onsets]
    assert [len(mass) for mass in masses] == explanation.filled.tolist()
    np.testing.assert_allclose(np.concatenate(masses), 0.75)
    assert all((each >= 0).all() and each.any() for each in onsets)


@pytest.mark.parametrize(("beats", "found"), [(True, True), (False, False)])
def test_a_steady_tone_has_no_onsets(beats: bool, found: bool) -> None:
    parameters = FeatureParameters()
    samples = np.sin(2 * np.pi * 440 * np.arange(72 * parameters.hop_length) / 22_050)
    if beats:
        samples[: len(samples) // 2] *= 0.01
    # The end of the samples would be an event.
    onsets = onset_strength(logmel(samples, parameters)[:-2], parameters)
    assert has_onsets(onsets) == found
    assert not has_onsets(onsets[:0])


@pytest.mark.parametrize(
    ("mass", "share"),
    [
        (np.ones(10), 0.5),
        (np.zeros(10), 0.5),
        (np.eye(10)[3], 0.05),  # half of the one frame that holds everything
        (np.array([1.0, 3.0, 0.0, 0.0]), (2 / 3) / 4),
    ],
)
def test_half_of_the_mass_lies_in_this_share_of_the_frames(mass: np.ndarray, share: float) -> None:
    assert half_share(mass) == pytest.approx(share)


@pytest.mark.parametrize("lag", [-5, 0, 3, MAX_LAG])
def test_the_lag_of_a_shifted_copy_is_found(lag: int) -> None:
    onsets = np.random.default_rng(1).exponential(size=72 + 2 * MAX_LAG)
    mass = np.roll(onsets, lag)
    inner = slice(MAX_LAG, -MAX_LAG)
    correlations = lag_correlations(mass[inner], onsets[inner])
    assert correlations.shape == (2 * MAX_LAG + 1,)
    assert peak_lag(correlations) == lag
    assert correlations.max() == pytest.approx(1)
    assert chance_of_correlation(mass[inner], onsets[inner]) < 0.05


@pytest.mark.parametrize("lag", [-2, 1, 3])
def test_in_a_regular_rhythm_the_nearest_of_several_lags_comes_first(lag: int) -> None:
    beat = 8  # frames
    onsets = (np.arange(72 + 2 * MAX_LAG) % beat == 0).astype(float)
    mass = np.roll(onsets, lag)
    inner = slice(MAX_LAG, -MAX_LAG)
    found = likely_lags(lag_correlations(mass[inner], onsets[inner]))
    assert found[0] == lag
    assert {each % beat for each in found} == {lag % beat}
    assert len(found) > 1


def test_a_lag_beyond_the_largest_one_is_not_reported() -> None:
    assert likely_lags(np.linspace(0, 1, 2 * MAX_LAG + 1)) == []
    assert likely_lags(np.linspace(1, 0, 2 * MAX_LAG + 1)) == []
    assert likely_lags(np.zeros(2 * MAX_LAG + 1)) == []
    lower = np.zeros(2 * MAX_LAG + 1)
    lower[[MAX_LAG + 1, MAX_LAG - 5]] = 0.7, 1
    assert likely_lags(lower) == [-5]


def test_unrelated_evidence_correlates_by_chance() -> None:
    generator = np.random.default_rng(2)
    chances = [
        chance_of_correlation(generator.exponential(size=72), generator.exponential(size=72))
        for _ in range(40)
    ]
    assert 0.3 < np.mean(chances) < 0.7


def test_constant_evidence_has_no_correlation() -> None:
    assert not lag_correlations(np.ones(72), np.random.default_rng(0).random(72)).any()


@pytest.mark.parametrize(("mass", "onsets"), [(72, 71), (25, 25)])
def test_arrays_must_fit_each_other_and_the_largest_lag(mass: int, onsets: int) -> None:
    with pytest.raises(ValueError, match="same length of at least 26 frames"):
        lag_correlations(np.ones(mass), np.ones(onsets))
