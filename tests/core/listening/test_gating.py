"""Gating: silence in the muted time steps, no clicks, and a prediction for the gated song."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.listening.gating import gate_time_steps
from core.models.feature_models import FeatureModel
from core.models.store import load_model
from tests.synthetic import song_samples


@pytest.fixture(scope="module")
def model() -> FeatureModel:
    found = load_model("bilstm")
    assert isinstance(found, FeatureModel)
    return found


def test_all_time_steps_together_are_the_segment(model: FeatureModel) -> None:
    song = Audio(song_samples(31.0))
    found = gate_time_steps(song, model, 0, np.ones(10, dtype=bool))
    np.testing.assert_allclose(
        found.audio.samples, song.samples[: len(found.audio.samples)], atol=1e-6
    )
    assert found.audio.duration_s == pytest.approx(model.parameters.segment_s, abs=0.01)


def test_muted_time_steps_are_silent_and_fade_without_a_click(model: FeatureModel) -> None:
    steady = Audio(np.full(31 * 22_050, 0.5, dtype=np.float32))
    kept = np.zeros(10, dtype=bool)
    kept[3] = True
    samples = gate_time_steps(steady, model, 0, kept).audio.samples
    length = len(samples) // 10
    assert not samples[: 3 * length - 300].any()
    assert not samples[4 * length + 300 :].any()
    np.testing.assert_allclose(samples[3 * length + 300 : 4 * length - 300], 0.5, atol=1e-5)
    assert np.abs(np.diff(samples)).max() < 0.005


def test_the_song_is_unchanged_and_the_probabilities_sum_to_one(model: FeatureModel) -> None:
    song = Audio(song_samples(31.0))
    before = song.samples.copy()
    found = gate_time_steps(song, model, 0, np.zeros(10, dtype=bool))
    np.testing.assert_array_equal(song.samples, before)
    assert found.probabilities.sum() == pytest.approx(1, abs=1e-5)
    assert not found.audio.samples.any()


def test_a_song_at_another_sampling_rate_keeps_its_rate(model: FeatureModel) -> None:
    kept = np.arange(10) % 2 == 0
    found = gate_time_steps(Audio(song_samples(31.0, sample_rate=44_100), 44_100), model, 0, kept)
    assert found.audio.sample_rate == 44_100
    assert found.audio.duration_s == pytest.approx(model.parameters.segment_s, abs=1e-4)
    length = len(found.audio.samples) // 10
    assert not found.audio.samples[length + 600 : 2 * length - 600].any()
    assert found.audio.samples[:length].any()
