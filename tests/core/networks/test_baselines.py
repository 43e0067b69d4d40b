"""The log-mel networks recover the mel bands from the standardised MFCCs."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np

from core.features.spectrogram import FeatureParameters, dct_matrix
from core.networks.baselines import BAND_DEVIATION_DB, BAND_MEAN_DB, LOGMEL_LAYER, N_BANDS
from core.networks.spectrogram_networks import build_network, set_standardisation


def test_mel_bands_are_recovered_from_all_coefficients() -> None:
    parameters = replace(FeatureParameters(), n_mfcc=128)
    network = build_network("logmel_cnn", parameters)
    random = np.random.default_rng(0)
    mean, scale = random.normal(size=128), random.uniform(0.5, 3, size=128)
    set_standardisation(network, mean, scale, parameters)
    bands = random.uniform(-80, 0, size=(2, parameters.segment_frames, 128))
    inputs = (bands @ dct_matrix(128, 128).T - mean) / scale
    outputs = [network.get_layer(name).output for name in ("levels", "bands")]
    levels, pairs = keras.Model(network.input, outputs)(inputs[..., np.newaxis].astype(np.float32))
    expected = (bands - BAND_MEAN_DB) / BAND_DEVIATION_DB
    np.testing.assert_allclose(levels.numpy(), expected, atol=1e-4)
    expected = expected.reshape(*expected.shape[:2], N_BANDS, 2).mean(axis=3)
    np.testing.assert_allclose(pairs.numpy()[..., 0], expected, atol=1e-4)


def test_the_band_layer_is_not_trained() -> None:
    network = build_network("logmel_lstm", replace(FeatureParameters(), n_mfcc=128))
    assert not network.get_layer(LOGMEL_LAYER).trainable


def test_a_network_on_few_mfccs_ignores_the_standardisation() -> None:
    network = build_network("mlp", FeatureParameters())
    before = network.get_weights()
    set_standardisation(network, np.ones(13), np.ones(13), FeatureParameters())
    assert LOGMEL_LAYER not in {layer.name for layer in network.layers}
    for weights, former in zip(network.get_weights(), before, strict=True):
        np.testing.assert_array_equal(weights, former)
