"""The quick gradient of a convolution of one channel is the gradient."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from core.networks.single_channel_conv import OneChannelConvolution


@pytest.mark.parametrize("padding", ["valid", "same"])
@pytest.mark.parametrize("size", [(7, 5), (4, 6), (1, 9), (8, 1), (1, 1)])
def test_outputs_and_gradients_are_those_of_a_convolution(
    size: tuple[int, int], padding: str
) -> None:
    keras.utils.set_random_seed(0)
    plain = layers.Conv2D(6, size, padding=padding, activation="relu")
    quick = OneChannelConvolution(6, size, padding=padding, activation="relu")
    inputs = tf.constant(np.random.default_rng(0).standard_normal((3, 20, 16, 1)), tf.float32)
    plain(inputs)
    quick(inputs)
    quick.set_weights(plain.get_weights())
    found = []
    for layer in (plain, quick):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
            value = tf.reduce_sum(tf.square(tf.reduce_max(outputs, axis=2)))
        found.append((outputs.numpy(), tape.gradient(value, inputs).numpy()))
    np.testing.assert_allclose(found[1][0], found[0][0], atol=1e-5)
    np.testing.assert_allclose(found[1][1], found[0][1], atol=1e-4)


def test_the_layer_survives_being_saved(tmp_path: object) -> None:
    inputs = keras.Input((12, 10, 1))
    network = keras.Model(inputs, OneChannelConvolution(3, (5, 4), name="c")(inputs))
    file = f"{tmp_path}/network.keras"
    network.save(file)
    again = keras.models.load_model(file, compile=False, safe_mode=True)
    values = np.random.default_rng(1).standard_normal((2, 12, 10, 1)).astype(np.float32)
    np.testing.assert_allclose(again(values), network(values), atol=1e-6)
