"""Hidden layers of a network on fixed statistics of the MFCCs.

The statistics are moments, correlations between coefficients at several lags ("second-order
pooling", after Mandel & Ellis 2005) and modulation spectra (McKinney & Breebaart 2003). Beside them
are three convolutional blocks, pooled over time by mean and deviation ("statistics pooling", Snyder
et al. 2018). The trained network makes no use of these: its predictions stay the same when the
output of the blocks is replaced by its mean. In effect, it is a perceptron on 1,443 statistics.
"""

from __future__ import annotations

from itertools import pairwise

import keras
import numpy as np
from keras import layers, ops

from core.constants import SEGMENT_FRAMES

FILTERS = (16, 32, 64)  # of the three blocks
POOLS = ((2, 1), (2, 2), (2, 2))  # time × coefficients
BRANCH_UNITS = 64  # of the dense layer after each pooled block
DENSE_UNITS = 512
LAGS = (0, 1, 2, 4, 8, 16)  # frames of 41 ms
# Edges of the modulation bands in cycles per segment: 0.33 to 12 Hz.
MODULATION_EDGES = (1, 2, 3, 4, 5, 6, 8, 10, 12, 15, 18, 22, 27, 37)


def mfcc_statistics(mfcc: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Build the hidden layers: fixed statistics, convolutional blocks and a dense layer."""
    summary = _mfcc_statistics(layers.Reshape(mfcc.shape[1:3])(mfcc))
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
            branches.append(_mean_and_deviation(values))
    joined = [layers.BatchNormalization(momentum=0.95, name="summary_norm")(summary)]
    for number, branch in enumerate(branches, start=1):
        branch = layers.BatchNormalization(momentum=0.95, name=f"branch{number}_norm")(branch)
        branch = layers.Dense(BRANCH_UNITS, activation="relu", name=f"branch{number}")(branch)
        joined.append(layers.Dropout(dropout, name=f"branch{number}_dropout")(branch))
    features = layers.Concatenate(name="features")(joined)
    features = layers.Dropout(dropout * 2 / 3, name="features_dropout")(features)
    hidden = layers.Dense(DENSE_UNITS, activation="relu", name="hidden")(features)
    return layers.Dropout(dropout, name="hidden_dropout")(hidden)


def _fixed_linear(width: int, name: str) -> layers.Layer:
    """Linear layer whose weights are set once and not trained."""
    return layers.Dense(width, use_bias=False, trainable=False, name=name)


def _smooth_sqrt(values: keras.KerasTensor) -> keras.KerasTensor:
    """Square root with a finite gradient at zero, as in digital silence."""
    return ops.sqrt(values + 1e-3)


def _mean_and_deviation(values: keras.KerasTensor) -> keras.KerasTensor:
    """Mean and standard deviation over time of ``(batch, frames, …)``."""
    values = layers.Reshape((values.shape[1], -1))(values)
    mean = ops.mean(values, axis=1, keepdims=True)
    variance = ops.mean(ops.square(values - mean), axis=1)
    return layers.Concatenate()([ops.squeeze(mean, axis=1), _smooth_sqrt(variance)])


def _modulation_weights(frames: int) -> tuple[np.ndarray, np.ndarray]:
    """Windowed cosines and sines over time, and the matrix that averages them into bands."""
    cycles = np.arange(1, MODULATION_EDGES[-1])
    angle = 2 * np.pi * np.outer(np.arange(frames), cycles) / frames
    waves = np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    waves *= np.hanning(frames)[:, np.newaxis] / frames
    bands = np.zeros((len(cycles), len(MODULATION_EDGES) - 1))
    for band, (low, high) in enumerate(pairwise(MODULATION_EDGES)):
        bands[low - 1 : high - 1, band] = 1 / (high - low)
    return waves, bands


def _mfcc_statistics(mfcc: keras.KerasTensor) -> keras.KerasTensor:
    """Moments, extremes, lagged correlations and modulation spectra of the MFCCs."""
    frames, coefficients = mfcc.shape[1:]
    mean = ops.mean(mfcc, axis=1, keepdims=True)
    centred = mfcc - mean
    deviation = _smooth_sqrt(ops.mean(ops.square(centred), axis=1, keepdims=True))
    standardised = centred / deviation
    steps = mfcc[:, 1:] - mfcc[:, :-1]
    steps = steps - ops.mean(steps, axis=1, keepdims=True)
    step_deviation = _smooth_sqrt(ops.mean(ops.square(steps), axis=1, keepdims=True))
    waves, bands = _modulation_weights(frames)
    fourier = _fixed_linear(waves.shape[1], "modulation_waves")
    banding = _fixed_linear(bands.shape[1], "modulation_bands")
    parts = [
        ops.squeeze(mean, axis=1),
        ops.squeeze(deviation, axis=1),
        ops.squeeze(step_deviation, axis=1),
        ops.mean(standardised * standardised * standardised, axis=1),
        ops.mean(ops.minimum(ops.square(ops.square(standardised)), 50.0), axis=1),
        ops.max(standardised, axis=1),
        ops.min(standardised, axis=1),
    ]
    for lag in LAGS:
        lag = round(lag * frames / SEGMENT_FRAMES)
        correlation = layers.Dot(axes=1)([standardised[:, lag:], standardised[:, : frames - lag]])
        parts.append(layers.Flatten()(correlation / (frames - lag)))
    standardised_steps = steps / step_deviation
    correlation = layers.Dot(axes=1)([standardised_steps, standardised_steps])
    parts.append(layers.Flatten()(correlation / (frames - 1)))
    spectrum = fourier(layers.Permute((2, 1))(centred))
    count = len(bands)
    power = ops.square(spectrum[..., :count]) + ops.square(spectrum[..., count:])
    modulation = ops.log(banding(ops.sqrt(power + 1e-6)) + 1e-2)
    fourier.set_weights([waves])
    banding.set_weights([bands])
    parts.append(layers.Reshape((coefficients * bands.shape[1],))(modulation))
    return layers.Concatenate()(parts)
