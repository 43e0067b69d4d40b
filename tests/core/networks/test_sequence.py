"""Networks on sequences standardise their inputs, and every weight can be trained."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.constants import N_MFCC, SEGMENT_FRAMES
from core.features.yamnet import EMBEDDING
from core.models.registry import FEATURE_MODELS
from core.networks.sequence import HIDDEN_LAYERS, build_network

SHAPES = {
    "bilstm": (10, 111),
    "yamnet_cnn": (6, EMBEDDING),
    "yamnet_lstm": (6, EMBEDDING),
    "combined": (6, EMBEDDING + SEGMENT_FRAMES * N_MFCC // 6),
}


def random_sequences(name: str, count: int = 8) -> np.ndarray:
    random = np.random.default_rng(0)
    return (3 + 2 * random.standard_normal((count, *SHAPES[name]))).astype(np.float32)


def test_every_network_on_features_has_an_architecture() -> None:
    networks = {name for name, spec in FEATURE_MODELS.items() if spec.classifier == "network"}
    assert HIDDEN_LAYERS.keys() == networks


@pytest.mark.parametrize("name", SHAPES)
def test_logits_have_the_right_shape_and_every_weight_gets_a_gradient(name: str) -> None:
    inputs = random_sequences(name)
    keras.utils.set_random_seed(0)
    network = build_network(name, inputs, dropout=0.1)
    with tf.GradientTape() as tape:
        logits = network(inputs, training=True)
        loss = tf.reduce_mean(tf.square(logits - 1))
    assert logits.shape == (8, 10)
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


@pytest.mark.parametrize("name", SHAPES)
def test_inputs_are_standardised_with_the_training_set(name: str) -> None:
    inputs = random_sequences(name, 200)
    network = build_network(name, inputs, dropout=0.1)
    standardise = keras.Model(network.input, network.layers[1].output)
    values = standardise(inputs).numpy()
    np.testing.assert_allclose(values.mean(axis=(0, 1)), 0, atol=1e-4)
    np.testing.assert_allclose(values.std(axis=(0, 1)), 1, atol=1e-4)


def test_the_order_of_a_sequence_matters_to_the_lstm() -> None:
    inputs = random_sequences("bilstm")
    keras.utils.set_random_seed(0)
    network = build_network("bilstm", inputs, dropout=0.1)
    assert not np.allclose(network(inputs), network(inputs[:, ::-1]), atol=1e-3)
