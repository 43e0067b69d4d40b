"""Stages agree with the features, and each has audio resynthesised from its values alone."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.features.mfcc_stages import stages
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel


def test_the_stages_lead_from_the_waveform_to_the_mfccs(song: Audio) -> None:
    parameters = FeatureParameters()
    found = stages(song, 3.0, parameters)
    assert [stage.name for stage in found] == ["waveform", "stft", "mel", "db", "dct", "mfcc"]
    waveform, stft, mel, levels, dct, mfcc = (stage.values for stage in found)
    start = 3 * song.sample_rate
    np.testing.assert_array_equal(waveform, song.samples[start : start + 72 * 915])
    assert stft.shape == (72, 1025)
    assert stft.max() == 0
    assert mel.max() == 1
    np.testing.assert_allclose(10 * np.log10(np.maximum(mel, 1e-8)), levels, atol=1e-3)
    np.testing.assert_allclose(dct[:, :13], mfcc, atol=1e-3)
    np.testing.assert_allclose(mfcc, mfcc_from_logmel(levels), atol=1e-4)
    assert [stage.frequencies is not None for stage in found] == [0, 1, 1, 1, 0, 0]
    for stage in found[1:4]:
        assert stage.frequencies is not None
        assert stage.frequencies.shape == stage.values.shape[1:]
        assert np.all(np.diff(stage.frequencies) > 0)
    frame_rate = song.sample_rate / 915
    expected = [22_050, *(round(frame_rate * rows) for rows in (1_025, 128, 128, 128, 13))]
    assert [stage.values_per_second for stage in found] == expected


@pytest.mark.parametrize("start_s", [9.0, 9.99])
def test_the_audio_of_every_stage_is_a_segment_long_and_audible(
    song: Audio, start_s: float
) -> None:
    for stage in stages(song, start_s, FeatureParameters()):
        assert len(stage.audio.samples) == 72 * 915
        assert np.isfinite(stage.values).all()
        assert 0 < np.abs(stage.audio.samples).max() <= 1


def test_silence_stays_silent() -> None:
    for stage in stages(Audio(np.zeros(22_050, np.float32)), 0.0, FeatureParameters()):
        assert not stage.audio.samples.any()
        assert np.isfinite(stage.values).all()
