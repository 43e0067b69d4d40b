"""Bodies of the zoo's smaller networks: standardised coefficients in, a vector out.

Each function here is the part of a system that its source describes; `core.networks.cnn` puts the same
two outputs on all of them. Where sources flatten, so do these.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from core.features.spectrogram import FeatureParameters, dct_matrix

LOGMEL = "logmel"  # name of the layer that turns all coefficients back into bands
BANDS = 64  # that log-mel systems read
MIDDLE_DB, DEVIATION_DB = -45.0, 18.0  # about the mean and deviation of a band over music


def cnn3(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Three convolutions, 3×3, 3×3 and 2×2, each followed by pooling and normalisation."""
    for number, size in enumerate((3, 3, 2), start=1):
        values = layers.Conv2D(32, size, activation="relu", name=f"convolution{number}")(values)
        values = layers.MaxPooling2D(
            3 if size == 3 else 2, strides=2, padding="same", name=f"pool{number}"
        )(values)
        values = layers.BatchNormalization(momentum=0.95, name=f"norm{number}")(values)
    values = layers.Flatten()(values)
    values = layers.Dense(64, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout)(values)


def mlp(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """All values of the three seconds at once, and three dense layers."""
    values = layers.Flatten()(values)
    for number, units in enumerate((512, 256, 64), start=1):
        values = layers.Dense(units, activation="relu", name=f"dense{number}")(values)
        values = layers.Dropout(dropout)(values)
    return values


def gru(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Two recurrent layers over the frames; means and maxima of their states count."""
    values = layers.Reshape(values.shape[1:3])(values)
    values = layers.GRU(96, return_sequences=True, name="gru1")(values)
    values = layers.GRU(96, return_sequences=True, name="gru2")(values)
    mean = layers.GlobalAveragePooling1D(name="mean")(values)
    largest = layers.GlobalMaxPooling1D(name="largest")(values)
    values = layers.Concatenate(name="states")([mean, largest])
    values = layers.Dropout(dropout)(values)
    values = layers.Dense(64, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout)(values)


def _block(
    values: keras.KerasTensor,
    number: int,
    filters: int,
    activation: str,
    pool: int | tuple[int, int],
) -> keras.KerasTensor:
    """Convolve, normalise, bend and pool; some maps are left out while training."""
    values = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"convolution{number}")(
        values
    )
    values = layers.BatchNormalization(momentum=0.95, name=f"norm{number}")(values)
    values = layers.Activation(activation, name=f"activation{number}")(values)
    values = layers.MaxPooling2D(pool, name=f"pool{number}")(values)
    return layers.SpatialDropout2D(0.1, name=f"dropout{number}")(values)


def spectral_cnn(values: keras.KerasTensor, dropout: float, units: int = 96) -> keras.KerasTensor:
    """Three convolutional blocks and a dense layer over what is left of time and frequency."""
    for number, filters in enumerate((24, 48, 64), start=1):
        values = _block(values, number, filters, "relu", 2)
    values = layers.Flatten()(values)
    values = layers.Dropout(dropout)(values)
    values = layers.Dense(units, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout)(values)


def spectral_lstm(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Two bidirectional LSTM with normalisation between them."""
    values = layers.Reshape(values.shape[1:3])(values)
    first = layers.LSTM(64, return_sequences=True)
    values = layers.Bidirectional(first, name="lstm1")(values)
    values = layers.BatchNormalization(momentum=0.95, name="norm1")(values)
    values = layers.Dropout(dropout)(values)
    values = layers.Bidirectional(layers.LSTM(64), name="lstm2")(values)
    values = layers.BatchNormalization(momentum=0.95, name="norm2")(values)
    return layers.Dropout(dropout)(values)


def crnn(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Five convolutions over half a minute, then two GRU (Choi et al. 2017, "CRNN for music")."""
    pools = ((2, 2), (3, 2), (3, 4), (3, 2), (1, 2))
    for number, (filters, pool) in enumerate(zip((16, 32, 48, 64, 64), pools, strict=True), 1):
        values = _block(values, number, filters, "elu", pool)
    frames = values.shape[1]
    values = layers.Reshape((frames, values.shape[2] * values.shape[3]))(values)
    values = layers.GRU(32, return_sequences=True, name="gru1")(values)
    values = layers.GRU(32, name="gru2")(values)
    return layers.Dropout(dropout)(values)


def bands(values: keras.KerasTensor, count: int) -> keras.KerasTensor:
    """Return log-mel bands of standardised coefficients, about standardised again.

    Parameters
    ----------
    values : keras.KerasTensor [shape=(batch, frames, n_mels, 1)]
        All cepstral coefficients.
    count : int
        Bands that are wanted; neighbours are averaged.

    Returns
    -------
    keras.KerasTensor [shape=(batch, frames, count, 1)]
        Bands.
    """
    frames, n_mels = values.shape[1:3]
    values = layers.Reshape((frames, n_mels))(values)
    values = layers.Dense(n_mels, trainable=False, name=LOGMEL)(values)
    values = layers.Rescaling(1 / DEVIATION_DB, -MIDDLE_DB / DEVIATION_DB, name="levels")(values)
    values = layers.Reshape((frames, n_mels, 1))(values)
    return layers.AveragePooling2D((1, n_mels // count), name="bands")(values)


def set_statistics(
    network: keras.Model, mean: np.ndarray, scale: np.ndarray, parameters: FeatureParameters
) -> None:
    """Tell a network that reads bands how its coefficients were standardised; others need not know.

    Parameters
    ----------
    network : keras.Model
        The network.
    mean, scale : np.ndarray [shape=(n_mfcc,)]
        Standardisation of the coefficients.
    parameters : FeatureParameters
        Feature parameters.
    """
    if LOGMEL in {layer.name for layer in network.layers}:
        dct = dct_matrix(parameters.n_mfcc, parameters.n_mels)
        network.get_layer(LOGMEL).set_weights([np.asarray(scale)[:, np.newaxis] * dct, mean @ dct])


BODIES: dict[str, Callable[[keras.KerasTensor, float], keras.KerasTensor]] = {
    "cnn3": cnn3,
    "mlp": mlp,
    "gru": gru,
    "mfcc_cnn": spectral_cnn,
    "mfcc_lstm": spectral_lstm,
    "logmel_cnn": lambda values, dropout: spectral_cnn(bands(values, BANDS), dropout, 48),
    "logmel_lstm": lambda values, dropout: spectral_lstm(bands(values, BANDS), dropout),
    "crnn": lambda values, dropout: crnn(bands(values, BANDS), dropout),
}
