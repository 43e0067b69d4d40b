"""Networks that read a segment moment by moment: rows of numbers in, genre logits out.

`yamnet_cnn` and `yamnet_lstm` read six embeddings of YAMNet, `combined` the MFCCs of the same
moments beside them, by a convolutional branch parallel to the recurrent one; `bilstm` reads the
feature vectors of ten three-second segments.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from core.constants import GENRES, N_MFCC, SEGMENT_FRAMES
from core.features.yamnet import EMBEDDING


def _recurrent(values: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    """Return the mean over time of a bidirectional LSTM."""
    values = layers.GaussianNoise(0.1)(values)
    values = layers.Dropout(dropout * 0.4)(values)
    lstm = layers.LSTM(units, return_sequences=True, unroll=True)
    values = layers.Bidirectional(lstm, name="lstm")(values)
    values = layers.LayerNormalization(name="norm")(values)
    return layers.GlobalAveragePooling1D()(values)


def _bilstm(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    return layers.Dropout(dropout)(_recurrent(values, 48, dropout))


def _yamnet_lstm(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    return layers.Dropout(dropout)(_recurrent(values, 64, dropout))


def _yamnet_cnn(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    values = layers.Dropout(dropout * 0.4)(values)
    values = layers.Conv1D(128, 3, padding="same", activation="relu", name="convolution1")(values)
    values = layers.BatchNormalization(name="norm1")(values)
    values = layers.Conv1D(128, 3, padding="same", activation="relu", name="convolution2")(values)
    values = layers.GlobalAveragePooling1D()(values)
    values = layers.Dropout(dropout)(values)
    return layers.Dropout(dropout)(layers.Dense(64, activation="relu", name="hidden")(values))


def _combined(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    heard = _yamnet_lstm(values[..., :EMBEDDING], dropout)
    picture = layers.Reshape((SEGMENT_FRAMES, N_MFCC, 1))(values[..., EMBEDDING:])
    for number, filters in enumerate((24, 48), start=1):
        picture = layers.Conv2D(filters, 3, padding="same", name=f"convolution{number}")(picture)
        picture = layers.BatchNormalization(name=f"norm{number}")(picture)
        picture = layers.MaxPooling2D((3, 2))(layers.ReLU()(picture))
    picture = layers.GlobalAveragePooling2D()(picture)
    picture = layers.Dropout(dropout)(layers.Dense(64, activation="relu", name="seen")(picture))
    return layers.Concatenate(name="both")([heard, picture])


BODIES: dict[str, Callable[[keras.KerasTensor, float], keras.KerasTensor]] = {
    "bilstm": _bilstm,
    "yamnet_cnn": _yamnet_cnn,
    "yamnet_lstm": _yamnet_lstm,
    "combined": _combined,
}


def build_network(name: str, inputs: np.ndarray, dropout: float) -> keras.Model:
    """Return an unfitted network, which standardises its input by what it is to be fitted on.

    Parameters
    ----------
    name : str
        One of `BODIES`.
    inputs : np.ndarray [shape=(n, moments, features)]
        The training side.
    dropout : float
        Share of hidden units left out while training.

    Returns
    -------
    keras.Model
        From ``(n, moments, features)`` to logits ``(n, 10)``.
    """
    moments = keras.Input(inputs.shape[1:], name="moments")
    standardised = layers.Normalization(
        axis=-1, mean=inputs.mean(axis=(0, 1)), variance=inputs.var(axis=(0, 1)) + 1e-6
    )(moments)
    heard = BODIES[name](standardised, dropout)
    return keras.Model(moments, layers.Dense(len(GENRES), name="logits")(heard), name=name)
