"""Audio resynthesised from MFCCs has similar MFCCs, and silence stays silent."""

from __future__ import annotations

import numpy as np
import pytest

from core.features.inversion import audio_from_mfcc
from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel
from tests.synthetic import song_samples

PARAMETERS = FeatureParameters()


def test_resynthesised_audio_has_similar_mfccs() -> None:
    given = mfcc_from_logmel(logmel(song_samples(3.0), PARAMETERS))[:72]
    audio = audio_from_mfcc(given, PARAMETERS)
    assert len(audio.samples) == 72 * PARAMETERS.hop_length
    assert np.abs(audio.samples).max() == pytest.approx(0.5)
    found = mfcc_from_logmel(logmel(audio.samples, PARAMETERS))[:72]
    # The first coefficient is the level; the others describe the shape of the spectrum.
    shapes = [values[4:68, 1:].ravel() for values in (given, found)]
    assert np.corrcoef(shapes)[0, 1] > 0.8
    np.testing.assert_array_equal(audio_from_mfcc(given, PARAMETERS).samples, audio.samples)


def test_silence_stays_silent() -> None:
    floor = mfcc_from_logmel(np.full((72, 128), -80.0))
    assert not audio_from_mfcc(floor, PARAMETERS).samples.any()


@pytest.mark.parametrize("shape", [(72, 12), (13,), (0, 13), (1, 72, 13)])
def test_arrays_of_another_shape_are_rejected(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(frames, 13\)"):
        audio_from_mfcc(np.zeros(shape), PARAMETERS)
