"""Hidden layers of CNN and CNN-LSTM: every path to the genres passes through trained convolutions.

Three convolutions over time process the standardised MFCCs. Their outputs are pooled in nine
blocks, and these in overlapping windows of 1.3 s, one every third of a second: products of the
first convolution's channels at several lags ("bilinear pooling", Lin et al. 2015, "Bilinear CNN
models for fine-grained visual recognition"), energies of the second, which responds to modulation
(McKinney & Breebaart 2003, "Features for audio and music classification"), and mean and maximum of
the third, which responds to patterns of a fifth of a second. A dense layer follows on every window.

From there on the networks differ. CNN has another convolution, over three neighbouring windows,
with gates (Dauphin et al. 2017, "Language modeling with gated convolutional networks"). CNN-LSTM
has a bidirectional LSTM over all windows instead.

Layers are named, because trained weights are compressed and stored by these names.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers, ops

from core.constants import SEGMENT_FRAMES
from core.networks.compression import BASIS

FILTERS = 24  # of the first convolution
FILTER_FRAMES = 3
LAGS = (0, 1, 2, 4, 8, 16)  # in frames of 41 ms
MODULATIONS = 12  # pairs of temporal filters for each coefficient
MODULATION_FRAMES = 37
MODULATION_HZ = (0.6, 10.5)
FRAMES_PER_SECOND = 24.1
PATTERNS = 64  # channels of the third convolution
PATTERN_FRAMES = 5
BLOCKS = 9  # of equal length in a segment; a window begins with each
BLOCKS_PER_WINDOW = 4
ENERGIES_PER_BLOCK = 2  # modulation energies are computed at every fourth frame
WINDOW_UNITS = 512  # of the dense layer on each window
GATED_UNITS = 384
GATED_WINDOWS = 3
LSTM_UNITS = 192  # in each direction
HIDDEN_UNITS = 512
# Dimensions of the inputs of these layers that remain when the trained network is compressed.
RANKS = {"window_hidden": 64, "gated": 64, "lstm": 88, "hidden": 48}
BATCH_NORM_MOMENTUM = 0.95

OverWindows = Callable[[keras.KerasTensor], keras.KerasTensor]


def cnn(mfcc: keras.KerasTensor, dropout: float, *, compressed: bool = False) -> keras.KerasTensor:
    """Build CNN up to its hidden layer.

    Parameters
    ----------
    mfcc : keras.KerasTensor [shape=(batch, frames, n_mfcc, 1)]
        Standardised MFCCs.
    dropout : float
        Dropout rate of the hidden layer; the inputs of other dense layers have two thirds of it.
    compressed : bool
        Whether large kernels are in two factors, see `core.networks.compression`.

    Returns
    -------
    keras.KerasTensor [shape=(batch, units)]
        Hidden layer.
    """

    def gated(windows: keras.KerasTensor) -> keras.KerasTensor:
        size = GATED_WINDOWS
        if compressed:
            windows = layers.Conv1D(
                RANKS["gated"], size, padding="same", use_bias=False, name="gated" + BASIS
            )(windows)
            size = 1
        both = layers.Conv1D(2 * GATED_UNITS, size, padding="same", name="gated")(windows)
        values, gates = ops.split(both, 2, axis=2)
        return ops.tanh(values) * ops.sigmoid(gates)

    return _hidden_layer(mfcc, dropout, gated, compressed=compressed)


def cnn_lstm(
    mfcc: keras.KerasTensor, dropout: float, *, compressed: bool = False
) -> keras.KerasTensor:
    """Build CNN-LSTM up to its hidden layer.

    Parameters
    ----------
    mfcc, dropout, compressed
        As in `cnn`.

    Returns
    -------
    keras.KerasTensor [shape=(batch, units)]
        Hidden layer.
    """

    def lstm(windows: keras.KerasTensor) -> keras.KerasTensor:
        if compressed:
            windows = _basis("lstm")(windows)
        layer = layers.LSTM(LSTM_UNITS, return_sequences=True, unroll=True)
        return layers.Bidirectional(layer, name="lstm")(windows)

    return _hidden_layer(mfcc, dropout, lstm, compressed=compressed)


def _hidden_layer(
    mfcc: keras.KerasTensor, dropout: float, over_windows: OverWindows, *, compressed: bool
) -> keras.KerasTensor:
    """Build everything up to the hidden layer, given the layers that connect the windows."""
    values = window_features(mfcc)
    values = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name="features_norm")(values)
    values = layers.Dropout(dropout * 2 / 3, name="features_dropout")(values)
    if compressed:
        values = _basis("window_hidden")(values)
    values = layers.Dense(WINDOW_UNITS, activation="relu", name="window_hidden")(values)
    states = over_windows(values)
    mean = layers.GlobalAveragePooling1D(name="states_mean")(states)
    maximum = layers.GlobalMaxPooling1D(name="states_maximum")(states)
    values = layers.Concatenate(name="states")([mean, maximum])
    values = layers.Dropout(dropout * 2 / 3, name="states_dropout")(values)
    if compressed:
        values = _basis("hidden")(values)
    values = layers.Dense(HIDDEN_UNITS, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout, name="hidden_dropout")(values)


def _basis(name: str) -> layers.Dense:
    """Create the first factor of a compressed layer."""
    return layers.Dense(RANKS[name], use_bias=False, name=name + BASIS)


def window_features(mfcc: keras.KerasTensor) -> keras.KerasTensor:
    """Convolve the MFCCs over time, and pool the outputs of the convolutions in windows.

    Parameters
    ----------
    mfcc : keras.KerasTensor [shape=(batch, frames, n_mfcc, 1)]
        Standardised MFCCs.

    Returns
    -------
    keras.KerasTensor [shape=(batch, windows, features)]
        Features of overlapping windows.
    """
    frames, coefficients = mfcc.shape[1:3]
    block = max(frames // BLOCKS, 1)
    used = slice(0, BLOCKS * block)
    spectra = layers.Reshape((frames, coefficients), name="spectra")(mfcc)
    channels = layers.Conv1D(
        FILTERS,
        FILTER_FRAMES,
        padding="same",
        kernel_initializer=keras.initializers.Orthogonal(),
        name="filters",
    )(spectra)[:, used]
    patterns = layers.Conv1D(
        PATTERNS, PATTERN_FRAMES, padding="same", use_bias=False, name="patterns"
    )(spectra)
    patterns = layers.BatchNormalization(momentum=BATCH_NORM_MOMENTUM, name="patterns_norm")(
        patterns
    )
    patterns = layers.ReLU(name="patterns_relu")(patterns)[:, used]
    mean = _window_mean(channels, block)
    variance = ops.relu(_window_mean(ops.square(channels), block) - ops.square(mean))
    step = max(block // ENERGIES_PER_BLOCK, 1)
    energy = _modulation_energy(spectra, step)[:, : BLOCKS * (block // step)]
    return layers.Concatenate(name="features")(
        [
            _window_products(channels),
            ops.log(_window_mean(energy, block // step) + 1e-2),
            _window_mean(patterns, block),
            layers.MaxPooling1D(BLOCKS_PER_WINDOW * block, block)(patterns),
            mean,
            ops.log(variance + 1e-2),
        ]
    )


def _window_mean(values: keras.KerasTensor, block: int) -> keras.KerasTensor:
    """Average ``(batch, BLOCKS * block, channels)`` in each window."""
    return layers.AveragePooling1D(BLOCKS_PER_WINDOW * block, block)(values)


def _window_products(channels: keras.KerasTensor) -> keras.KerasTensor:
    """Multiply all pairs of channels at several lags, and average the products in each window.

    The channels are standardised over the segment first, so that the products are correlations
    and the level of a recording does not count.
    """
    frames, count = channels.shape[1:]
    centred = channels - ops.mean(channels, axis=1, keepdims=True)
    # The constant keeps the gradient finite in digital silence.
    deviation = ops.sqrt(ops.mean(ops.square(centred), axis=1, keepdims=True) + 1e-3)
    standardised = centred / deviation
    block = frames // BLOCKS
    in_blocks = layers.Reshape((BLOCKS, block, count))
    current = layers.Permute((1, 3, 2))(in_blocks(standardised))
    products = []
    for lag in LAGS:
        lag = round(lag * frames / SEGMENT_FRAMES)
        earlier = layers.ZeroPadding1D((lag, 0))(standardised)[:, :frames]
        product = ops.matmul(current, in_blocks(earlier)) / block
        products.append(layers.Reshape((BLOCKS, count * count))(product))
    return _window_mean(layers.Concatenate(name="products")(products), 1)


def _modulation_energy(spectra: keras.KerasTensor, step: int) -> keras.KerasTensor:
    """Filter each coefficient over time by pairs of filters, and compute the pairs' energies.

    Only every `step`-th frame is computed.
    """
    frames, coefficients = spectra.shape[1:]
    length = 2 * round(MODULATION_FRAMES * frames / SEGMENT_FRAMES / 2 - 0.5) + 1
    filters = layers.DepthwiseConv1D(
        length,
        strides=step,
        padding="same",
        depth_multiplier=2 * MODULATIONS,
        use_bias=False,
        name="modulation",
    )
    waves = filters(spectra)
    kernel = modulation_filters(length, FRAMES_PER_SECOND * frames / SEGMENT_FRAMES)
    filters.set_weights([np.repeat(kernel[:, np.newaxis], coefficients, axis=1)])
    waves = layers.Reshape((waves.shape[1], coefficients, 2, MODULATIONS))(waves)
    energy = ops.sum(ops.square(waves), axis=3)
    return layers.Reshape((waves.shape[1], -1))(energy)


def modulation_filters(length: int, frames_per_second: float) -> np.ndarray:
    """Compute the initial temporal filters: windowed cosines and sines.

    Parameters
    ----------
    length : int
        Frames of a filter.
    frames_per_second : float
        Frame rate.

    Returns
    -------
    np.ndarray [shape=(length, 2 * MODULATIONS), dtype=float32]
        Cosines, then sines, of frequencies that are spaced evenly on a logarithmic scale; unit
        energy, and no response to a constant.
    """
    time = (np.arange(length) - (length - 1) / 2) / frames_per_second
    angle = 2 * np.pi * np.outer(time, np.geomspace(*MODULATION_HZ, MODULATIONS))
    window = np.hanning(length + 2)[1:-1, np.newaxis]
    waves = window * np.concatenate([np.cos(angle), np.sin(angle)], axis=1)
    waves -= window * waves.sum(axis=0) / window.sum()
    return (waves / np.sqrt((waves**2).sum(axis=0))).astype(np.float32)
