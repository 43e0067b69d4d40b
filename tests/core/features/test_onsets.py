"""Onset strength: its peaks lie where sounds begin."""

from __future__ import annotations

import numpy as np
import pytest

from core.features.onsets import onset_strength
from core.features.spectrogram import FeatureParameters, logmel

PARAMETERS = FeatureParameters()


@pytest.mark.parametrize("rise", [3, 10, 100])
@pytest.mark.parametrize("offset", [-0.4, 0.0, 0.4])
def test_the_largest_rise_is_in_the_frame_on_which_a_sound_begins(
    offset: float, rise: float
) -> None:
    samples = np.random.default_rng(0).normal(0, 1e-3, 72 * PARAMETERS.hop_length)
    samples[round((33 + offset) * PARAMETERS.hop_length) :] *= rise
    envelope = onset_strength(logmel(samples, PARAMETERS), PARAMETERS)
    assert envelope.shape == (1 + len(samples) // PARAMETERS.hop_length,)
    assert abs(int(envelope.argmax()) - 33) <= (0 if offset == 0 else 1)


def test_silence_has_no_onsets() -> None:
    assert not onset_strength(np.full((72, 128), -80.0), PARAMETERS).any()
