"""The fixed statistics are stable, and the modulation spectrum finds the rate of a rhythm."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from core.constants import SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters
from core.networks.mfcc_statistics import MODULATION_EDGES, _modulation_weights
from core.networks.spectrogram_networks import build_network


def test_silence_has_finite_gradients() -> None:
    network = build_network("mfcc_statistics", FeatureParameters())
    silence = tf.zeros((1, SEGMENT_FRAMES, 13, 1))
    with tf.GradientTape() as tape:
        tape.watch(silence)
        value = tf.reduce_sum(network(silence)[0])
    assert np.isfinite(tape.gradient(value, silence).numpy()).all()


def test_modulation_bands_average_all_frequencies_once() -> None:
    _, bands = _modulation_weights(SEGMENT_FRAMES)
    np.testing.assert_allclose(bands.sum(axis=0), 1)
    assert ((bands > 0).sum(axis=1) == 1).all()


@pytest.mark.parametrize("cycles", [2, 7, 20])
def test_a_modulation_is_strongest_in_its_own_band(cycles: int) -> None:
    waves, bands = _modulation_weights(SEGMENT_FRAMES)
    signal = np.cos(2 * np.pi * cycles * np.arange(SEGMENT_FRAMES) / SEGMENT_FRAMES)
    cosines, sines = np.split(signal @ waves, 2)
    strongest = int(((cosines**2 + sines**2) @ bands).argmax())
    assert MODULATION_EDGES[strongest] <= cycles < MODULATION_EDGES[strongest + 1]
