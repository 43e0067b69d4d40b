"""Onset strength: its peaks lie where sounds begin."""

from __future__ import annotations

import numpy as np
import pytest

from core.features.onsets import onset_strength
from core.features.spectrogram import FeatureParameters, logmel

PARAMETERS = FeatureParameters()


@pytest.mark.parametrize("frame", [20, 33, 50])
def test_the_largest_rise_is_at_the_beginning_of_a_sound(frame: int) -> None:
    samples = np.random.default_rng(0).normal(0, 1e-3, 72 * PARAMETERS.hop_length)
    samples[frame * PARAMETERS.hop_length :] *= 100
    envelope = onset_strength(logmel(samples, PARAMETERS), PARAMETERS)
    assert envelope.shape == (1 + len(samples) // PARAMETERS.hop_length,)
    assert abs(int(envelope.argmax()) - frame) <= 1


def test_silence_has_no_onsets() -> None:
    assert not onset_strength(np.full((72, 128), -80.0), PARAMETERS).any()
