"""SHAP values of log-mel segments: expected gradients for the MFCCs, mapped to the mel bands.

The method is expected gradients (Erion et al. 2021; see `core.explanation.expected_gradients`). The
baseline is the small weighted background of segments that comes with every model. A frame of MFCCs
is a linear image of the log-mel frame, so one set of gradients serves both views::

    phi_mfcc = E[(mfcc - mfcc') * g_mfcc]        g_mfcc: gradient for the standardised MFCCs / scale
    phi_mel  = E[(mel - mel') * (g_mfcc @ D)]    D: rows of the DCT

Both have the same sum in every frame. Evidence for a genre comes from sounds and from their
absence. Only sounds can be played or removed; they are the cells louder than the background::

    audible  = E[max(mel - mel', 0) * (g_mfcc @ D)]
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.explanation.expected_gradients import Evaluate, mean_gradients
from core.explanation.graphs import cached_per_model
from core.features.spectrogram import dct_matrix
from core.models.spectrogram_models import SpectrogramModel

GRADIENT_BATCH = 64  # larger batches are no faster on two cores
MIN_PROBABILITY = 1e-12  # avoids log(0)
LOG_ODDS_UNIT = 5.0  # nats; the tolerances for log-odds are multiples of it


@dataclass(frozen=True)
class Output:
    """The explained output of a model.

    Parameters
    ----------
    genre : int
        Index of the genre.
    rival : int, optional
        Index of the genre to compare it with.
    """

    genre: int
    rival: int | None = None

    @property
    def indices(self) -> tuple[np.int32, np.int32]:
        """Genre and rival as inputs of a graph; -1 if there is no rival."""
        return np.int32(self.genre), np.int32(-1 if self.rival is None else self.rival)

    def of(self, probabilities: np.ndarray) -> np.ndarray:
        """Compute the output from probabilities.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
            Predictions of a model.

        Returns
        -------
        np.ndarray [shape=(n,), dtype=float64]
            Probability of the genre; with a rival, the difference of log-odds in nats.
        """
        probabilities = np.asarray(probabilities, dtype=np.float64)
        if self.rival is None:
            return probabilities[:, self.genre]
        logs = np.log(np.maximum(probabilities, MIN_PROBABILITY))
        return logs[:, self.genre] - logs[:, self.rival]


def shap_values(
    model: SpectrogramModel, output: Output, logmel_db: np.ndarray
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Compute the SHAP values of segments, one after the other.

    Parameters
    ----------
    model : SpectrogramModel
        The model to explain.
    output : Output
        The explained output.
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
        Log-mel segments in dB relative to their song's maximum.

    Yields
    ------
    mfcc : np.ndarray [shape=(segment_frames, n_mfcc), dtype=float64]
        SHAP values of the MFCCs, in units of the output.
    mel : np.ndarray [shape=(segment_frames, n_mels), dtype=float64]
        SHAP values of the mel bands, with the same sum in every frame.
    audible : np.ndarray [shape=(segment_frames, n_mels), dtype=float64]
        The part of `mel` that comes from cells louder than the background.
    """
    dct = dct_matrix(model.parameters.n_mfcc, logmel_db.shape[-1]).astype(np.float64)
    mel_background = model.background.logmel.astype(np.float64)
    # Both views start from the same log-mel frames in double precision, so their sums are equal.
    inputs = (logmel_db.astype(np.float64) @ dct.T - model.mean) / model.scale
    background = (mel_background @ dct.T - model.mean) / model.scale
    weights = model.background.shares
    unit = 1.0 if output.rival is None else LOG_ODDS_UNIT
    means = mean_gradients(gradients_of(model, output), inputs, background, weights, unit)
    for mel_frames, mfcc_frames, mean in zip(logmel_db, inputs, means, strict=True):
        gradients = mean * weights[:, np.newaxis, np.newaxis]
        mel_gradients = gradients / model.scale @ dct
        louder = mel_frames - mel_background
        yield (
            np.sum((mfcc_frames - background) * gradients, axis=0),
            np.sum(louder * mel_gradients, axis=0),
            np.sum(np.maximum(louder, 0) * mel_gradients, axis=0),
        )


def output_of(probabilities: Any, genre: Any, rival: Any) -> Any:
    """Compute an output inside a graph.

    Parameters
    ----------
    probabilities : tf.Tensor [shape=(m, genres)]
        Predictions of a network.
    genre, rival : tf.Tensor [shape=(), dtype=int32]
        As in `Output.indices`.

    Returns
    -------
    tf.Tensor [shape=(m,)]
        As `Output.of`.
    """
    import tensorflow as tf

    if rival < 0:
        return tf.gather(probabilities, genre, axis=1)
    logs = tf.math.log(tf.maximum(probabilities, MIN_PROBABILITY))
    return tf.gather(logs, genre, axis=1) - tf.gather(logs, rival, axis=1)


def gradients_of(model: SpectrogramModel, output: Output) -> Evaluate:
    """Create a function from points to the gradients and values of an output.

    Parameters
    ----------
    model : SpectrogramModel
        The model. One graph is traced for all its outputs.
    output : Output
        The output.

    Returns
    -------
    callable
        From standardised MFCCs ``(m, segment_frames, n_mfcc)`` to gradients of the same shape and
        values ``(m,)``, float32.
    """
    graph = _graph(model)

    def evaluate(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        parts = [
            graph(
                points[start : start + GRADIENT_BATCH, ..., np.newaxis].astype(np.float32),
                *output.indices,
            )
            for start in range(0, len(points), GRADIENT_BATCH)
        ]
        gradients, values = zip(*parts, strict=True)
        return np.concatenate(gradients)[..., 0], np.concatenate(values)

    return evaluate


@cached_per_model
def _graph(model: SpectrogramModel) -> Any:
    """Trace the graph that all explanations of a model share."""
    import tensorflow as tf

    network = model.network
    shape = (None, model.parameters.segment_frames, model.parameters.n_mfcc, 1)
    index = tf.TensorSpec((), tf.int32)

    @tf.function(input_signature=[tf.TensorSpec(shape, tf.float32), index, index])
    def gradients(points: Any, genre: Any, rival: Any) -> tuple[Any, Any]:
        with tf.GradientTape() as tape:
            tape.watch(points)
            probabilities = network(points, training=False)
            values = output_of(probabilities, genre, rival)
        # The outputs of a batch are independent, so each segment gets its own gradient.
        return tape.gradient(values, points), values

    return gradients
