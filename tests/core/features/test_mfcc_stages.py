"""The steps are those of the features, and each sound is made of nothing but its numbers."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.features.mfcc_stages import steps
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel


def test_the_steps_lead_from_the_waveform_to_what_the_networks_read(song: Audio) -> None:
    parameters = FeatureParameters()
    found = steps(song, 3.0, parameters)
    assert [step.name for step in found] == ["waveform", "stft", "mel", "db", "dct", "mfcc"]
    waveform, stft, mel, levels, dct, mfcc = (step.values for step in found)
    start = 3 * song.sample_rate
    np.testing.assert_array_equal(waveform, song.samples[start : start + 72 * 915])
    assert stft.shape == (72, 1025)
    assert stft.max() == 0
    assert mel.max() == 1
    np.testing.assert_allclose(10 * np.log10(np.maximum(mel, 1e-8)), levels, atol=1e-3)
    np.testing.assert_allclose(dct[:, :13], mfcc, atol=1e-3)
    np.testing.assert_allclose(mfcc, mfcc_from_logmel(levels), atol=1e-4)
    assert np.all(np.diff([step.numbers for step in found]) <= 0) or found[1].numbers > 22_050
    assert found[-1].numbers == pytest.approx(13 * 24.1, abs=1)


@pytest.mark.parametrize("start_s", [9.0, 9.99])
def test_every_sound_is_a_segment_long_and_audible(song: Audio, start_s: float) -> None:
    for step in steps(song, start_s, FeatureParameters()):
        assert len(step.sound.samples) == 72 * 915
        assert np.isfinite(step.values).all()
        assert 0 < np.abs(step.sound.samples).max() <= 1


def test_silence_stays_silent() -> None:
    for step in steps(Audio(np.zeros(22_050, np.float32)), 0.0, FeatureParameters()):
        assert not step.sound.samples.any()
        assert np.isfinite(step.values).all()
