"""The fast convolution equals Keras's, and so does its gradient."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from core.constants import MODELS_DIR
from core.networks.single_channel_conv import OneChannelConvolution


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(7, 5), (4, 6), (1, 9), (8, 1), (1, 1)])
def test_outputs_and_gradients_equal_those_of_a_convolution(
    size: tuple[int, int], padding: str
) -> None:
    keras.utils.set_random_seed(0)
    reference = layers.Conv2D(6, size, padding=padding, activation="relu")
    fast = OneChannelConvolution(6, size, padding=padding, activation="relu")
    inputs = tf.constant(np.random.default_rng(0).standard_normal((3, 20, 16, 1)), tf.float32)
    reference(inputs)
    fast(inputs)
    fast.set_weights(reference.get_weights())
    found = []
    for layer in (reference, fast):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            value = tf.reduce_sum(tf.square(tf.reduce_max(outputs, axis=2)))
        found.append((outputs.numpy(), tape.gradient(value, inputs).numpy()))
    np.testing.assert_allclose(found[1][0], found[0][0], atol=1e-5)
    np.testing.assert_allclose(found[1][1], found[0][1], atol=1e-4)


def test_a_saved_layer_loads_without_unsafe_code(tmp_path: Path) -> None:
    inputs = keras.Input((12, 10, 1))
    network = keras.Model(inputs, OneChannelConvolution(3, (5, 4), name="c")(inputs))
    file = tmp_path / "network.keras"
    network.save(file)
    loaded = keras.models.load_model(file, compile=False, safe_mode=True)
    assert isinstance(loaded.get_layer("c"), OneChannelConvolution)
    values = np.random.default_rng(1).standard_normal((2, 12, 10, 1)).astype(np.float32)
    np.testing.assert_allclose(loaded(values), network(values), atol=1e-6)


def test_the_bundled_musicnn_finds_the_layer_and_its_weights() -> None:
    network = keras.models.load_model(MODELS_DIR / "musicnn.keras", compile=False, safe_mode=True)
    found = [
        layer
        for layer in network.get_layer("musicnn").layers
        if isinstance(layer, OneChannelConvolution)
    ]
    assert len(found) == 2
    assert all(np.abs(layer.get_weights()[0]).max() > 0 for layer in found)
