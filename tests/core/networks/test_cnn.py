"""CNN and CNN-LSTM reach the genres only through the layers that they are named after."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

from core.constants import SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters
from core.models.store import load_spectrogram_model
from core.networks.cnn import MODULATIONS, modulation_filters
from core.networks.spectrogram_networks import build_network

CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D)
PAIR = ("cnn", "cnn_lstm")


def is_trained_convolution(layer: keras.Operation) -> bool:
    return isinstance(layer, CONVOLUTIONS) and layer.trainable and bool(layer.trainable_weights)


def is_recurrent(layer: keras.Operation) -> bool:
    return isinstance(layer, (layers.Bidirectional, layers.RNN)) and bool(layer.trainable_weights)


def reaches_input(tensor: keras.KerasTensor, blocks: Callable[[keras.Operation], bool]) -> bool:
    """Whether a path leads from a tensor back to the input without passing a blocking layer."""
    seen: set[int] = set()
    waiting = [tensor]
    while waiting:
        tensor = waiting.pop()
        layer, node, _ = tensor._keras_history
        if isinstance(layer, layers.InputLayer):
            return True
        if not blocks(layer) and id(tensor) not in seen:
            seen.add(id(tensor))
            waiting += layer._inbound_nodes[node].input_tensors
    return False


def networks(name: str) -> list[keras.Model]:
    """A network as it is trained, as it is compressed, and the shipped one."""
    parameters = FeatureParameters()
    shipped = load_spectrogram_model(name).network
    built = [
        build_network(name, parameters, n_tags=5, compressed=compressed)
        for compressed in (False, True)
    ]
    return [*built, shipped]


@pytest.mark.parametrize("name", PAIR)
def test_every_path_to_the_genres_passes_through_trained_convolutions(name: str) -> None:
    for network in networks(name):
        assert not reaches_input(network.outputs[0], is_trained_convolution)
        assert reaches_input(network.outputs[0], lambda _: False)


def test_every_path_of_cnn_lstm_passes_through_the_lstm_after_the_convolutions() -> None:
    for network in networks("cnn_lstm"):
        assert not reaches_input(network.outputs[0], is_recurrent)
        lstm = network.get_layer("lstm")
        assert not reaches_input(lstm.input, is_trained_convolution)


def test_cnn_has_no_recurrent_layer() -> None:
    for network in networks("cnn"):
        assert not any(map(is_recurrent, network.layers))


def test_the_statistics_of_the_mfccs_bypass_the_convolutions() -> None:
    network = build_network("mfcc_statistics", FeatureParameters())
    assert reaches_input(network.outputs[0], is_trained_convolution)


@pytest.mark.parametrize("name", PAIR)
def test_silence_has_finite_gradients(name: str) -> None:
    network = build_network(name, FeatureParameters())
    silence = tf.zeros((1, SEGMENT_FRAMES, 13, 1))
    with tf.GradientTape() as tape:
        tape.watch(silence)
        value = tf.reduce_sum(network(silence)[0])
    assert np.isfinite(tape.gradient(value, silence).numpy()).all()


def test_modulation_filters_have_unit_energy_and_do_not_respond_to_a_constant() -> None:
    filters = modulation_filters(37, 24.1)
    assert filters.shape == (37, 2 * MODULATIONS)
    np.testing.assert_allclose(filters.sum(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(np.square(filters).sum(axis=0), 1, atol=1e-5)
