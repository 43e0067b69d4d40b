"""Low-rank factors change the output of a layer only where it hardly varies."""

from __future__ import annotations

import keras
import numpy as np
import pytest
from keras import layers

from core.features.spectrogram import FeatureParameters
from core.networks.compression import compress, low_rank, neighbours
from core.networks.spectrogram_networks import COMPRESSED_HIDDEN_LAYERS, build_network


def test_outputs_of_few_dimensions_are_kept_exactly() -> None:
    generator = np.random.default_rng(0)
    inputs = generator.normal(size=(200, 4)) @ generator.normal(size=(4, 30)) + 5
    kernel = generator.normal(size=(30, 20))
    first, second, shift = low_rank(inputs, kernel, 4)
    assert first.shape == (30, 4)
    assert second.shape == (4, 20)
    np.testing.assert_allclose(inputs @ first @ second + shift, inputs @ kernel, atol=1e-3)


def test_the_mean_output_is_kept_whatever_the_rank() -> None:
    generator = np.random.default_rng(0)
    inputs, kernel = generator.normal(3, 1, size=(200, 30)), generator.normal(size=(30, 20))
    first, second, shift = low_rank(inputs, kernel, 2)
    compressed = (inputs @ first @ second + shift).mean(axis=0)
    np.testing.assert_allclose(compressed, (inputs @ kernel).mean(axis=0), atol=1e-3)


def test_neighbours_are_the_inputs_of_a_convolution() -> None:
    values = np.random.default_rng(0).normal(size=(2, 6, 4)).astype(np.float32)
    convolution = layers.Conv1D(5, 3, padding="same")
    expected = convolution(values).numpy()
    kernel, bias = convolution.get_weights()
    found = neighbours(values, 3) @ kernel.reshape(-1, 5) + bias
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("name", COMPRESSED_HIDDEN_LAYERS)
def test_a_compressed_network_is_smaller_and_predicts_nearly_the_same(name: str) -> None:
    keras.utils.set_random_seed(0)
    parameters = FeatureParameters()
    network = build_network(name, parameters, n_tags=3)
    small = build_network(name, parameters, n_tags=3, compressed=True)
    generator = np.random.default_rng(0)
    # Like music, unlike white noise, the segments have few dimensions.
    rhythm = generator.normal(size=(300, 9, 2)).repeat(8, axis=1)
    inputs = (rhythm @ generator.normal(size=(2, 13))).astype(np.float32)[..., np.newaxis]
    compress(network, small, inputs)
    before, after = (each.predict(inputs, verbose=0)[0] for each in (network, small))
    assert small.count_params() < 0.3 * network.count_params()
    assert np.corrcoef(before.ravel(), after.ravel())[0, 1] > 0.99
