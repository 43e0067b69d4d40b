"""The CNN's pooling is stable, and its modulation spectrum finds the rate of a rhythm."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from core.constants import SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters
from core.networks.cnn import MODULATION_EDGES, _modulation_weights
from core.networks.spectrogram_networks import build_network


@pytest.mark.parametrize("name", ["cnn", "cnn_lstm"])
def test_silence_has_finite_gradients(name: str) -> None:
    network = build_network(name, FeatureParameters())
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


def test_the_recurrent_layer_is_what_the_cnn_lstm_adds() -> None:
    names = [
        {layer.name for layer in build_network(name, FeatureParameters()).layers if layer.weights}
        for name in ("cnn", "cnn_lstm")
    ]
    assert names[1] - names[0] == {"lstm", "branch3", "branch3_norm"}
    assert names[0] < names[1]
