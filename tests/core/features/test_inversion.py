"""MFCCs come back as sound with the same MFCCs, more or less, and silence as silence."""

from __future__ import annotations

import numpy as np
import pytest

from core.features.inversion import audio_from_mfcc
from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel
from tests.synthetic import song_samples

PARAMETERS = FeatureParameters()


def test_the_sound_has_nearly_the_mfccs_that_it_was_made_from() -> None:
    given = mfcc_from_logmel(logmel(song_samples(3.0), PARAMETERS))[:72]
    sound = audio_from_mfcc(given, PARAMETERS)
    assert len(sound.samples) == 72 * PARAMETERS.hop_length
    assert np.abs(sound.samples).max() == pytest.approx(0.5)
    found = mfcc_from_logmel(logmel(sound.samples, PARAMETERS))[:72]
    # The first coefficient is level; the others are the shape of the spectrum.
    shapes = [values[4:68, 1:].ravel() for values in (given, found)]
    assert np.corrcoef(shapes)[0, 1] > 0.8
    np.testing.assert_array_equal(audio_from_mfcc(given, PARAMETERS).samples, sound.samples)


def test_silence_stays_silent() -> None:
    floor = mfcc_from_logmel(np.full((72, 128), -80.0))
    assert not audio_from_mfcc(floor, PARAMETERS).samples.any()


@pytest.mark.parametrize("shape", [(72, 12), (13,), (0, 13), (1, 72, 13)])
def test_arrays_that_are_no_mfccs_are_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=r"\(frames, 13\)"):
        audio_from_mfcc(np.zeros(shape), PARAMETERS)
