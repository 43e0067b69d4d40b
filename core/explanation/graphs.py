"""TensorFlow graphs of models: traced once, cached with the model, differentiable."""

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
    """Cache the graph of each model for as long as the model exists.

    Parameters
    ----------
    trace : callable
        Creates a graph. The graph may hold the model's network but not the model itself, which
        would then keep its own entry alive.

    Returns
    -------
    callable
        Safe for threads: the first one traces the graph, the others wait for it.
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
    """Create the differentiable function from log-mel segments to probabilities, for graphs.

    Parameters
    ----------
    model : SpectrogramModel
        The model; the function holds no reference to it.

    Returns
    -------
    callable
        From log-mel segments in dB ``(m, segment_frames, n_mels)`` to probabilities
        ``(m, genres)``.
    """
    import tensorflow as tf

    network = model.network
    dct = tf.constant(dct_matrix(model.parameters.n_mfcc, model.parameters.n_mels).T)
    mean, scale = tf.constant(model.mean), tf.constant(model.scale)

    def probabilities(logmel_db: Any) -> Any:
        mfcc = (tf.tensordot(logmel_db, dct, 1) - mean) / scale
        return network(mfcc[..., tf.newaxis], training=False)

    return probabilities
