"""Networks that read a segment moment by moment: rows of numbers in, genre logits out.

`yamnet_cnn` and `yamnet_lstm` read six embeddings of YAMNet, `combined` the MFCCs of the same
moments beside them, by a convolutional branch parallel to the recurrent one; `bilstm` reads the
feature vectors of ten three-second segments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import keras
import numpy as np
import scipy.special
from keras import layers

from core.constants import GENRES, N_MFCC, SEGMENT_FRAMES
from core.evaluation import cross_entropy
from core.yamnet import EMBEDDING


@dataclass(frozen=True)
class MomentSettings:
    """How a network of moments is fitted; chosen on validation.

    Parameters
    ----------
    epochs, batch_size : int
        Most epochs, and segments a batch.
    learning_rate, weight_decay : float
        Of AdamW.
    dropout : float
        Share of hidden units left out while training.
    label_smoothing : float
        Share of the target spread over all genres.
    patience : int
        Epochs without a better validation log loss before a fit stops.
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.5
    label_smoothing: float = 0.1
    patience: int = 10


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


def build(name: str, inputs: np.ndarray, dropout: float) -> keras.Model:
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


def fit(
    name: str,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: MomentSettings,
    seed: int,
    valid: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Fit a network; every genre weighs the same, however many segments it has.

    Parameters
    ----------
    name : str
        One of `BODIES`.
    inputs : np.ndarray [shape=(n, moments, features)]
        The training side.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    settings : MomentSettings
        How to fit.
    seed : int
        Seed of weights and batches.
    valid : tuple of np.ndarray, optional
        Inputs and labels of the side that tells the best epoch; without it the last one counts.

    Returns
    -------
    network : keras.Model
        With the weights of the best epoch.
    history : list of dict
        One row an epoch: `epoch`, `loss`, and with validation `valid_loss`, `valid_accuracy`.
    """
    keras.utils.set_random_seed(seed)
    network = build(name, inputs, settings.dropout)
    network.compile(
        keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
    )
    counts = np.bincount(labels, minlength=len(GENRES))
    weights = (len(labels) / len(GENRES) / np.maximum(counts, 1))[labels].astype(np.float32)
    targets = np.eye(len(GENRES), dtype=np.float32)[labels]
    history: list[dict[str, float]] = []
    best, best_epoch, best_weights = np.inf, 0, network.get_weights()
    for epoch in range(1, settings.epochs + 1):
        found = network.fit(
            inputs, targets, batch_size=settings.batch_size, sample_weight=weights, verbose=0
        )
        row = {"epoch": epoch, "loss": float(found.history["loss"][0])}
        if valid is not None:
            rows = probabilities(network, valid[0])
            row["valid_loss"] = cross_entropy(rows, valid[1])
            row["valid_accuracy"] = float((rows.argmax(axis=1) == valid[1]).mean())
        history.append(row)
        loss = row.get("valid_loss", -epoch)  # without validation the last epoch is the best
        if loss < best:
            best, best_epoch, best_weights = loss, epoch, network.get_weights()
        elif epoch - best_epoch >= settings.patience:
            break
    network.set_weights(best_weights)
    return network, history


def probabilities(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return a fitted network's probabilities at temperature one.

    Parameters
    ----------
    network : keras.Model
        As `fit` returned it.
    inputs : np.ndarray [shape=(n, moments, features)]
        Segments.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64, range=[0, 1]]
        Rows sum to one.
    """
    logits = network.predict(inputs, batch_size=256, verbose=0)
    return scipy.special.softmax(logits.astype(np.float64), axis=1)
