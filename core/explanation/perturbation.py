"""Effect of silence: the reaction of a model's output when regions of a song are silenced.

SHAP values compare a song with other songs. The audio of an explanation compares it with silence:
some regions are kept, everything else is silent. The value of a cell is therefore its gain times
the output's gradient for the gain, averaged over random regions of silence like those in training
(`core.features.masking`). This is RISE (Petsiuk, Das & Saenko 2018, "RISE: Randomized input
sampling for explanation of black-box models") with gradients instead of outputs only: a few dozen
draws replace the thousands that RISE needs. Silent cells have no part in a draw.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from core.explanation.attribution import Output, output_of
from core.explanation.graphs import cached_per_model, probabilities_of
from core.models.spectrogram_models import SpectrogramModel

DRAWS = 32  # random regions of silence for each segment


def perturbation_values(
    model: SpectrogramModel, output: Output, logmel_db: np.ndarray, *, seed: int = 0
) -> Iterator[np.ndarray]:
    """Compute the gain of an output from each cell, one segment after the other.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    output : Output
        The output.
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels), range=[-top_db, 0]]
        Log-mel segments in dB relative to their song's maximum.
    seed : int
        Seed of the regions. The same noise shapes them in every segment.

    Yields
    ------
    np.ndarray [shape=(segment_frames, n_mels), dtype=float32]
        Mean change of the output for a relative change of each cell's power, in units of the
        output; zero for silent cells.
    """
    graph, generator, lock = _graph(model)
    for segment in logmel_db:
        with lock:  # no draws of another session in between
            generator.reset_from_seed(seed)
            values = graph(segment.astype(np.float32), *output.indices)
        yield values.numpy()


@cached_per_model
def _graph(model: SpectrogramModel) -> tuple[Any, Any, threading.Lock]:
    """Trace the graph of a segment's values; return it with its generator and a lock."""
    import tensorflow as tf

    from core.features.masking import filtered, regions

    probabilities = probabilities_of(model)
    parameters = model.parameters
    top_db = parameters.top_db
    generator = tf.random.Generator.from_seed(0)
    cells = tf.TensorSpec((parameters.segment_frames, parameters.n_mels), tf.float32)
    index = tf.TensorSpec((), tf.int32)

    @tf.function(input_signature=[cells, index, index])
    def mean_effect(segment: Any, genre: Any, rival: Any) -> Any:
        draws = tf.tile(segment[tf.newaxis], [DRAWS, 1, 1])
        kept = tf.cast(regions(generator, draws), tf.float32)
        with tf.GradientTape() as tape:
            tape.watch(kept)
            values = output_of(probabilities(filtered(draws, kept, top_db)), genre, rival)
        effects = tf.where(draws > -top_db, kept * tape.gradient(values, kept), 0.0)
        return tf.reduce_mean(effects, 0)

    return mean_effect, generator, threading.Lock()
