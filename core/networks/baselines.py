"""Hidden layers of the smaller networks that CNN and CNN-LSTM are compared with.

Each function follows the description in its source; where the source flattens, so does the
function. `core.networks.spectrogram_networks` adds the same input and outputs to all of them.

Layers are named, because trained weights are stored by these names.
"""

from __future__ import annotations

import keras
from keras import layers

LOGMEL_LAYER = "logmel"  # turns MFCCs back into mel bands
N_BANDS = 64  # mel bands of the log-mel networks
BAND_MEAN_DB, BAND_DEVIATION_DB = -45.0, 18.0  # of a mel band over music, roughly


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
    """Three dense layers on all MFCCs of a segment."""
    values = layers.Flatten()(values)
    for number, units in enumerate((512, 256, 64), start=1):
        values = layers.Dense(units, activation="relu", name=f"dense{number}")(values)
        values = layers.Dropout(dropout)(values)
    return values


def gru(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Two GRU layers, mean and maximum over their states, and a dense layer."""
    values = layers.Reshape(values.shape[1:3])(values)
    values = layers.GRU(96, return_sequences=True, name="gru1")(values)
    values = layers.GRU(96, return_sequences=True, name="gru2")(values)
    mean = layers.GlobalAveragePooling1D(name="mean")(values)
    largest = layers.GlobalMaxPooling1D(name="largest")(values)
    values = layers.Concatenate(name="states")([mean, largest])
    values = layers.Dropout(dropout)(values)
    values = layers.Dense(64, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout)(values)


def spectral_cnn(values: keras.KerasTensor, dropout: float, units: int = 96) -> keras.KerasTensor:
    """Three convolutional blocks and a dense layer on the flattened feature maps."""
    for number, filters in enumerate((24, 48, 64), start=1):
        values = _convolutional_block(values, number, filters, "relu", 2)
    values = layers.Flatten()(values)
    values = layers.Dropout(dropout)(values)
    values = layers.Dense(units, activation="relu", name="hidden")(values)
    return layers.Dropout(dropout)(values)


def spectral_lstm(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Two bidirectional LSTM layers with normalisation in between."""
    values = layers.Reshape(values.shape[1:3])(values)
    first = layers.LSTM(64, return_sequences=True)
    values = layers.Bidirectional(first, name="lstm1")(values)
    values = layers.BatchNormalization(momentum=0.95, name="norm1")(values)
    values = layers.Dropout(dropout)(values)
    values = layers.Bidirectional(layers.LSTM(64), name="lstm2")(values)
    values = layers.BatchNormalization(momentum=0.95, name="norm2")(values)
    return layers.Dropout(dropout)(values)


def logmel_cnn(mfcc: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """`spectral_cnn` on mel bands, with a smaller dense layer."""
    return spectral_cnn(mel_bands(mfcc), dropout, units=48)


def logmel_lstm(mfcc: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """`spectral_lstm` on mel bands."""
    return spectral_lstm(mel_bands(mfcc), dropout)


def crnn(mfcc: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Five convolutional blocks and two GRU layers on the mel bands of a whole clip.

    Choi et al. 2017, "Convolutional recurrent neural networks for music classification".
    """
    values = mel_bands(mfcc)
    pools = ((2, 2), (3, 2), (3, 4), (3, 2), (1, 2))
    for number, (filters, pool) in enumerate(zip((16, 32, 48, 64, 64), pools, strict=True), 1):
        values = _convolutional_block(values, number, filters, "elu", pool)
    frames = values.shape[1]
    values = layers.Reshape((frames, values.shape[2] * values.shape[3]))(values)
    values = layers.GRU(32, return_sequences=True, name="gru1")(values)
    values = layers.GRU(32, name="gru2")(values)
    return layers.Dropout(dropout)(values)


def mel_bands(mfcc: keras.KerasTensor, n_bands: int = N_BANDS) -> keras.KerasTensor:
    """Turn standardised MFCCs back into mel bands of roughly zero mean and unit deviation.

    Parameters
    ----------
    mfcc : keras.KerasTensor [shape=(batch, frames, n_mels, 1)]
        Standardised MFCCs, as many as mel bands.
    n_bands : int
        Number of bands; neighbouring bands are averaged.

    Returns
    -------
    keras.KerasTensor [shape=(batch, frames, n_bands, 1)]
        Bands. The weights of the layer `LOGMEL_LAYER` have yet to be set, see
        `core.networks.spectrogram_networks.set_standardisation`.
    """
    frames, n_mels = mfcc.shape[1:3]
    values = layers.Reshape((frames, n_mels))(mfcc)
    values = layers.Dense(n_mels, trainable=False, name=LOGMEL_LAYER)(values)
    values = layers.Rescaling(
        1 / BAND_DEVIATION_DB, -BAND_MEAN_DB / BAND_DEVIATION_DB, name="levels"
    )(values)
    values = layers.Reshape((frames, n_mels, 1))(values)
    return layers.AveragePooling2D((1, n_mels // n_bands), name="bands")(values)


def _convolutional_block(
    values: keras.KerasTensor,
    number: int,
    filters: int,
    activation: str,
    pool: int | tuple[int, int],
) -> keras.KerasTensor:
    """Convolution, normalisation, activation, pooling and dropout of feature maps."""
    values = layers.Conv2D(filters, 3, padding="same", use_bias=False, name=f"convolution{number}")(
        values
    )
    values = layers.BatchNormalization(momentum=0.95, name=f"norm{number}")(values)
    values = layers.Activation(activation, name=f"activation{number}")(values)
    values = layers.MaxPooling2D(pool, name=f"pool{number}")(values)
    return layers.SpatialDropout2D(0.1, name=f"dropout{number}")(values)
