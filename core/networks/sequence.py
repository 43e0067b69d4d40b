"""Networks on sequences of feature vectors: embeddings or descriptors in, genre logits out.

`yamnet_cnn` and `yamnet_lstm` classify six YAMNet embeddings per segment; `combined` adds a
convolutional branch on the MFCCs of the same segment. `bilstm` classifies the descriptors of ten
consecutive three-second segments.

Layers are named, because trained weights are stored by these names.
"""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from keras import layers

from core.constants import GENRES, N_MFCC, SEGMENT_FRAMES
from core.features.yamnet import EMBEDDING


def _recurrent(values: keras.KerasTensor, units: int, dropout: float) -> keras.KerasTensor:
    """Bidirectional LSTM on noisy inputs, averaged over time."""
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
    """Two convolutions over time, averaged over time, and a dense layer."""
    values = layers.Dropout(dropout * 0.4)(values)
    values = layers.Conv1D(128, 3, padding="same", activation="relu", name="convolution1")(values)
    values = layers.BatchNormalization(name="norm1")(values)
    values = layers.Conv1D(128, 3, padding="same", activation="relu", name="convolution2")(values)
    values = layers.GlobalAveragePooling1D()(values)
    values = layers.Dropout(dropout)(values)
    return layers.Dropout(dropout)(layers.Dense(64, activation="relu", name="hidden")(values))


def _combined(values: keras.KerasTensor, dropout: float) -> keras.KerasTensor:
    """Recurrent branch on the embeddings, convolutional branch on the MFCCs."""
    recurrent = _yamnet_lstm(values[..., :EMBEDDING], dropout)
    mfcc = layers.Reshape((SEGMENT_FRAMES, N_MFCC, 1))(values[..., EMBEDDING:])
    for number, filters in enumerate((24, 48), start=1):
        mfcc = layers.Conv2D(filters, 3, padding="same", name=f"convolution{number}")(mfcc)
        mfcc = layers.BatchNormalization(name=f"norm{number}")(mfcc)
        mfcc = layers.MaxPooling2D((3, 2))(layers.ReLU()(mfcc))
    mfcc = layers.GlobalAveragePooling2D()(mfcc)
    mfcc = layers.Dropout(dropout)(layers.Dense(64, activation="relu", name="seen")(mfcc))
    return layers.Concatenate(name="both")([recurrent, mfcc])


HIDDEN_LAYERS: dict[str, Callable[[keras.KerasTensor, float], keras.KerasTensor]] = {
    "bilstm": _bilstm,
    "yamnet_cnn": _yamnet_cnn,
    "yamnet_lstm": _yamnet_lstm,
    "combined": _combined,
}


def build_network(name: str, inputs: np.ndarray, dropout: float) -> keras.Model:
    """Build an untrained network that standardises its inputs.

    Parameters
    ----------
    name : str
        One of `HIDDEN_LAYERS`.
    inputs : np.ndarray [shape=(n, steps, features)]
        Training set, whose mean and variance standardise the inputs.
    dropout : float, range=[0, 1)
        Dropout rate of the hidden layers; it is scaled for their inputs.

    Returns
    -------
    keras.Model
        Functional model, ``(n, steps, features)`` to logits ``(n, 10)``.

    Raises
    ------
    KeyError
        If there is no such network.
    """
    sequence = keras.Input(inputs.shape[1:], name="moments")
    standardised = layers.Normalization(
        axis=-1, mean=inputs.mean(axis=(0, 1)), variance=inputs.var(axis=(0, 1)) + 1e-6
    )(sequence)
    hidden = HIDDEN_LAYERS[name](standardised, dropout)
    return keras.Model(sequence, layers.Dense(len(GENRES), name="logits")(hidden), name=name)
