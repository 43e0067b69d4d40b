"""Every network on spectrograms can be built and trained, and ships calibrated probabilities."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from core.evaluation.calibration import apply_temperature
from core.features.spectrogram import FeatureParameters
from core.models.registry import SPECTROGRAM_MODELS
from core.networks.spectrogram_networks import (
    HIDDEN_LAYERS,
    build_network,
    serving_network,
    shift_logits,
)

SEGMENTS = [name for name, spec in SPECTROGRAM_MODELS.items() if not spec.whole_clip]


def random_inputs(parameters: FeatureParameters, count: int) -> np.ndarray:
    shape = (count, parameters.segment_frames, parameters.n_mfcc, 1)
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)


def test_every_spectrogram_model_has_an_architecture() -> None:
    assert HIDDEN_LAYERS.keys() == SPECTROGRAM_MODELS.keys()


@pytest.mark.parametrize("name", SEGMENTS)
def test_outputs_have_the_right_shape_and_every_weight_gets_a_gradient(name: str) -> None:
    parameters = SPECTROGRAM_MODELS[name].parameters(FeatureParameters())
    keras.utils.set_random_seed(0)
    network = build_network(name, parameters, n_tags=3, dropout=0.1)
    with tf.GradientTape() as tape:
        logits, tags = network(random_inputs(parameters, 4), training=True)
        loss = tf.reduce_mean(tf.square(logits - 1)) + tf.reduce_mean(tf.square(tags - 1))
    assert logits.shape == (4, 10)
    assert tags.shape == (4, 3)
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


def test_the_crnn_classifies_whole_clips() -> None:
    parameters = SPECTROGRAM_MODELS["crnn"].parameters(FeatureParameters())
    network = build_network("crnn", parameters)
    assert network.input_shape == (None, 723, 128, 1)
    assert parameters.segment_s == pytest.approx(30, abs=0.1)


def test_an_unknown_network_cannot_be_built() -> None:
    with pytest.raises(KeyError):
        build_network("transformer", FeatureParameters())


def test_shifted_logits_multiply_the_odds() -> None:
    parameters = FeatureParameters()
    network = build_network("mlp", parameters)
    inputs = random_inputs(parameters, 2)
    before = serving_network(network, 1.0)(inputs).numpy()
    shifts = np.linspace(-1, 1, 10)
    shift_logits(network, shifts)
    after = serving_network(network, 1.0)(inputs).numpy()
    expected = before * np.exp(shifts)
    np.testing.assert_allclose(after, expected / expected.sum(axis=1, keepdims=True), rtol=1e-4)


@pytest.mark.parametrize("name", ["cnn", "cnn_lstm"])
@pytest.mark.parametrize("hop_length", [915, 512, 2048, 4096])
def test_the_shipped_network_applies_the_temperature(name: str, hop_length: int) -> None:
    parameters = FeatureParameters.for_hop_length(hop_length)
    trained = build_network(name, parameters, n_tags=4)
    inputs = random_inputs(parameters, 3)
    probabilities = scipy.special.softmax(trained(inputs)[0].numpy().astype(float), axis=1)
    shipped = serving_network(trained, 1.7)(inputs).numpy()
    np.testing.assert_allclose(shipped, apply_temperature(probabilities, 1.7), atol=1e-5)
