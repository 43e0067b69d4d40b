"""Builders of the networks: standardised MFCCs in, genre logits (and a teacher's tags) out.

`cnn` has three convolutional blocks and dense layers; `cnn_lstm` puts a bidirectional LSTM on the
same blocks and starts from the trained CNN. Neither flattens: a dense layer must not learn *when*
something happened. Both read summaries over the three seconds instead, of the blocks by mean and
deviation ("statistics pooling", Snyder et al. 2018) and of the MFCCs themselves by moments,
correlations between coefficients at several lags ("second-order pooling", after Mandel & Ellis
2005) and modulation spectra (McKinney & Breebaart 2003). The second output exists during training
only: the network also learns what a teacher that has heard far more music says of the same sound.
"""

from __future__ import annotations

from itertools import pairwise

import keras
import numpy as np
from keras import layers, ops

from core.constants import GENRES, SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters
from core.networks.baselines import BODIES

FILTERS = (16, 32, 64)  # of the three blocks
POOLS = ((2, 1), (2, 2), (2, 2))  # time × coefficients
LSTM_UNITS = 48  # each way
BRANCH_UNITS = 64  # of the dense layer on each block's summary
DENSE_UNITS = 512
LAGS = (0, 1, 2, 4, 8, 16)  # frames of 41 ms
# Edges of the modulation bands in cycles a segment: 0.33 to 12 Hz.
MODULATION_EDGES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 37)


def _fixed(width: int, name: str) -> layers.Layer:
    """Return a linear layer whose weights are set once and not trained."""
    return layers.Dense(width, use_bias=False, trainable=False, name=name)


def _root(values: keras.KerasTensor) -> keras.KerasTensor:
    """Return a square root whose gradient stays finite where nothing changes, as in silence."""
    return ops.sqrt(values + 1e-3)


def _statistics(values: keras.KerasTensor) -> keras.KerasTensor:
    """Return mean and deviation over time of ``(batch, frames, …)``."""
    values = layers.Reshape((values.shape[1], -1))(values)
    mean = ops.mean(values, axis=1, keepdims=True)
    variance = ops.mean(ops.square(values - mean), axis=1)
    return layers.Concatenate()([ops.squeeze(mean, axis=1), _root(variance)])


def _modulation_weights(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Return windowed cosines and sines over time, and the bands their magnitudes are put in."""
    cycles = np.arange(1, MODULATION_EDGES[-1])
    angle = 2 * np.pi * np.outer(np.arange(frames), cycles) / frames
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    waves *= np.hanning(frames)[:, np.newaxis] / frames
    bands = np.zeros((len(cycles), len(MODULATION_EDGES) - 1))
    for band, (low, high) in enumerate(pairwise(MODULATION_EDGES)):
        bands[low - 1 : high - 1, band] = 1 / (high - low)
    return waves, bands


def _mfcc_summary(spectra: keras.KerasTensor) -> keras.KerasTensor:
    """Return moments, extremes, lagged correlations and modulation spectra of the MFCCs."""
    frames, coefficients = spectra.shape[1:]
    mean = ops.mean(spectra, axis=1, keepdims=True)
    centred = spectra - mean
    deviation = _root(ops.mean(ops.square(centred), axis=1, keepdims=True))
    shape = centred / deviation
    steps = spectra[:, 1:] - spectra[:, :-1]
    steps = steps - ops.mean(steps, axis=1, keepdims=True)
    step_deviation = _root(ops.mean(ops.square(steps), axis=1, keepdims=True))
    waves, bands = _modulation_weights(frames)
    fourier = _fixed(waves.shape[1], "modulation_waves")
    banding = _fixed(bands.shape[1], "modulation_bands")
    parts = [
        ops.squeeze(mean, axis=1),
        ops.squeeze(deviation, axis=1),
        ops.squeeze(step_deviation, axis=1),
        ops.mean(shape * shape * shape, axis=1),
        ops.mean(ops.minimum(ops.square(ops.square(shape)), 50.0), axis=1),
        ops.max(shape, axis=1),
        ops.min(shape, axis=1),
    ]
    for lag in LAGS:
        lag = round(lag * frames / SEGMENT_FRAMES)
        correlation = layers.Dot(axes=1)([shape[:, lag:], shape[:, : frames - lag]])
        parts.append(layers.Flatten()(correlation / (frames - lag)))
    step_shape = steps / step_deviation
    correlation = layers.Dot(axes=1)([step_shape, step_shape])
    parts.append(layers.Flatten()(correlation / (frames - 1)))
    spectrum = fourier(layers.Permute((2, 1))(centred))
    count = len(bands)
    power = ops.square(spectrum[..., :count]) + ops.square(spectrum[..., count:])
    modulation = ops.log(banding(ops.sqrt(power + 1e-6)) + 1e-2)
    fourier.set_weights([waves])
    banding.set_weights([bands])
    parts.append(layers.Reshape((coefficients * bands.shape[1],))(modulation))
    return layers.Concatenate()(parts)


def build(
    name: str, parameters: FeatureParameters, n_tags: int = 0, dropout: float = 0.6
) -> keras.Model:
    """Build an untrained network.

    Parameters
    ----------
    name : str
        One of `core.models.registry.SPECTROGRAM_MODELS`.
    parameters : FeatureParameters
        Feature parameters: the input is ``(segment_frames, n_mfcc, 1)``.
    n_tags : int
        Number of a teacher's tags, zero without a teacher.
    dropout : float
        Share of the hidden units left out while training; of their inputs, two thirds of it.

    Returns
    -------
    keras.Model
        Functional model with two outputs, ``logits (batch, 10)`` and ``tags (batch, n_tags or 1)``.

    Raises
    ------
    KeyError
        If there is no such network.
    """
    frames, coefficients = parameters.segment_frames, parameters.n_mfcc
    mfcc = keras.Input((frames, coefficients, 1), name="mfcc")
    heard = BODIES[name](mfcc, dropout) if name in BODIES else _heard(name, mfcc, dropout)
    outputs = [
        layers.Dense(len(GENRES), name="logits")(heard),
        layers.Dense(max(n_tags, 1), name="tags")(heard),
    ]
    return keras.Model(mfcc, outputs, name=name)


def _heard(name: str, mfcc: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Return the last hidden layer of a `cnn` or a `cnn_lstm`."""
    summary = _mfcc_summary(layers.Reshape(mfcc.shape[1:3])(mfcc))
    branches = []
    values = mfcc
    for block, (filters, pool) in enumerate(zip(FILTERS, POOLS, strict=True), start=1):
        prefix = f"block{block}"
        values = layers.Conv2D(
            filters, 3, padding="same", use_bias=False, name=f"{prefix}_convolution"
        )(values)
        values = layers.BatchNormalization(momentum=0.95, name=f"{prefix}_norm")(values)
        values = layers.ReLU(name=f"{prefix}_relu")(values)
        values = layers.MaxPooling2D(pool, name=f"{prefix}_pool")(values)
        values = layers.SpatialDropout2D(0.1, name=f"{prefix}_dropout")(values)
        if block > 1:
            branches.append(_statistics(values))
    if name == "cnn_lstm":
        sequence = layers.Reshape((values.shape[1], -1), name="sequence")(values)
        lstm = layers.LSTM(LSTM_UNITS, return_sequences=True, unroll=True)
        branches.append(_statistics(layers.Bidirectional(lstm, name="lstm")(sequence)))
    joined = [layers.BatchNormalization(momentum=0.95, name="summary_norm")(summary)]
    for number, branch in enumerate(branches, start=1):
        branch = layers.BatchNormalization(momentum=0.95, name=f"branch{number}_norm")(branch)
        branch = layers.Dense(BRANCH_UNITS, activation="relu", name=f"branch{number}")(branch)
        joined.append(layers.Dropout(dropout, name=f"branch{number}_dropout")(branch))
    heard = layers.Concatenate(name="heard")(joined)
    heard = layers.Dropout(dropout * 2 / 3, name="heard_dropout")(heard)
    dense = layers.Dense(DENSE_UNITS, activation="relu", name="hidden")(heard)
    return layers.Dropout(dropout, name="hidden_dropout")(dense)


def start_from(source: keras.Model, target: keras.Model) -> None:
    """Let a CNN-LSTM begin as the CNN: convolutions, and all that reads what both have.

    Parameters
    ----------
    source, target : keras.Model
        Trained CNN, and the CNN-LSTM that starts from it. What only the CNN-LSTM has keeps its
        random weights, except that its hidden layer does not listen to the LSTM yet.
    """
    shared = {layer.name for layer in source.layers}
    for layer in target.layers:
        if layer.name not in shared or not layer.weights:
            continue
        weights = source.get_layer(layer.name).get_weights()
        if layer.name == "hidden":
            kernel = np.zeros(layer.kernel.shape, dtype=np.float32)
            kernel[: len(weights[0])] = weights[0]
            weights[0] = kernel
        layer.set_weights(weights)


def serving_network(trained: keras.Model, temperature: float) -> keras.Model:
    """Return the network that is shipped: calibrated probabilities, no second output.

    Parameters
    ----------
    trained : keras.Model
        Network as `build` makes it, trained.
    temperature : float
        Divisor of the logits.

    Returns
    -------
    keras.Model
        Functional model, ``(n, segment_frames, n_mfcc, 1)`` to probabilities ``(n, 10)``.
    """
    logits = trained.get_layer("logits").output
    logits = layers.Rescaling(1 / temperature, name="temperature")(logits)
    probabilities = layers.Softmax(name="probabilities")(logits)
    return keras.Model(trained.input, probabilities, name=trained.name)
