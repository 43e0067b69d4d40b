"""Every system of the zoo is built, reads what its catalogue entry says, and can learn."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
import tensorflow as tf

from core.features.spectrogram import FeatureParameters, dct_matrix
from core.models.registry import DEFAULT_MODELS, SPECTROGRAM_MODELS
from core.networks.baselines import BODIES, DEVIATION_DB, LOGMEL, MIDDLE_DB, set_statistics
from core.networks.cnn import build

SMALL = ("cnn3", "mlp", "gru", "mfcc_cnn", "mfcc_lstm", "logmel_cnn", "logmel_lstm")


def test_every_system_has_a_body() -> None:
    assert BODIES.keys() == SPECTROGRAM_MODELS.keys() - set(DEFAULT_MODELS)


@pytest.mark.parametrize("name", SMALL)
def test_a_network_reads_what_the_catalogue_says_and_every_weight_gets_a_gradient(
    name: str,
) -> None:
    parameters = SPECTROGRAM_MODELS[name].parameters(FeatureParameters())
    keras.utils.set_random_seed(0)
    network = build(name, parameters, n_tags=3, dropout=0.1)
    shape = (4, parameters.segment_frames, parameters.n_mfcc, 1)
    inputs = np.random.default_rng(0).standard_normal(shape).astype(np.float32)
    with tf.GradientTape() as tape:
        logits, tags = network(inputs, training=True)
        loss = tf.reduce_mean(tf.square(logits - 1)) + tf.reduce_mean(tf.square(tags - 1))
    assert logits.shape == (4, 10)
    assert tags.shape == (4, 3)
    gradients = tape.gradient(loss, network.trainable_variables)
    assert all(gradient is not None for gradient in gradients)


def test_what_hears_half_a_minute_reads_all_of_a_clip() -> None:
    parameters = SPECTROGRAM_MODELS["crnn"].parameters(FeatureParameters())
    network = build("crnn", parameters)
    assert network.input_shape == (None, 723, 128, 1)
    assert parameters.segment_s == pytest.approx(30, abs=0.1)


def test_all_coefficients_become_the_bands_again() -> None:
    parameters = replace(FeatureParameters(), n_mfcc=128)
    network = build("logmel_cnn", parameters)
    random = np.random.default_rng(0)
    mean, scale = random.normal(size=128), random.uniform(0.5, 3, size=128)
    set_statistics(network, mean, scale, parameters)
    bands = random.uniform(-80, 0, size=(2, parameters.segment_frames, 128))
    inputs = (bands @ dct_matrix(128, 128).T - mean) / scale
    levels = keras.Model(network.input, network.get_layer("levels").output)
    found = levels(inputs[..., np.newaxis].astype(np.float32)).numpy()
    np.testing.assert_allclose(found, (bands - MIDDLE_DB) / DEVIATION_DB, atol=1e-4)


def test_a_network_of_coefficients_needs_no_statistics() -> None:
    network = build("mlp", FeatureParameters())
    before = network.get_weights()
    set_statistics(network, np.ones(13), np.ones(13), FeatureParameters())
    assert LOGMEL not in {layer.name for layer in network.layers}
    for weights, former in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, former)
