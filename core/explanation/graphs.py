"""Graphs of a model: traced once, kept as long as the model is, differentiable from the log-mel."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from core.features.spectrogram import dct_matrix

if TYPE_CHECKING:
    from core.models.spectrogram_models import SpectrogramModel


def cached_per_model(trace: Callable[[SpectrogramModel], Any]) -> Callable[[SpectrogramModel], Any]:
    """Return a function that remembers what `trace` made of a model.

    Parameters
    ----------
    trace : callable
        Makes a graph. What it returns must hold the model's network, not the model itself, which
        would keep its own entry alive.

    Returns
    -------
    callable
        The same for any number of threads: the first one traces, the others wait.
    """
    graphs: WeakKeyDictionary[SpectrogramModel, Any] = WeakKeyDictionary()
    lock = threading.Lock()

    @wraps(trace)
    def graph(model: SpectrogramModel) -> Any:
        with lock:
            if model not in graphs:
                graphs[model] = trace(model)
            return graphs[model]

    return graph


def probabilities_of(model: SpectrogramModel) -> Callable[[Any], Any]:
    """Return the way from a log-mel spectrogram to a network's answers, for use inside graphs.

    Parameters
    ----------
    model : SpectrogramModel
        The model; the function does not hold it.

    Returns
    -------
    callable
        From log-mel cuts in dB ``(m, segment_frames, n_mels)`` to probabilities ``(m, genres)``,
        differentiable.
    """
    import tensorflow as tf

    network = model.network
    dct = tf.constant(dct_matrix(model.parameters.n_mfcc, model.parameters.n_mels).T)
    mean, scale = tf.constant(model.mean), tf.constant(model.scale)

    def answers(logmel_db: Any) -> Any:
        mfcc = (tf.tensordot(logmel_db, dct, 1) - mean) / scale
        return network(mfcc[..., tf.newaxis], training=False)

    return answers
