"""What a model would miss of a song: how its output reacts when regions fall silent.

SHAP values compare a song with others. What is played of an explanation compares it with silence:
some regions sound and the rest does not. So a cell's value here is its gain times the output's
gradient for it, averaged over random regions of silence like those that the networks met in
training (`core.features.masking`). That is RISE (Petsiuk, Das & Saenko 2018, "RISE: Randomized
input sampling for explanation of black-box models") with gradients in place of mere outcomes: a few
dozen draws do what takes RISE thousands. A silent cell has no part in a draw.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import numpy as np

from core.explanation.attribution import Output, output_of
from core.explanation.graphs import cached_per_model, probabilities_of
from core.models.spectrogram_models import SpectrogramModel

DRAWS = 32  # regions of silence a segment


def perturbation_values(
    model: SpectrogramModel, output: Output, logmel_db: np.ndarray, *, seed: int = 0
) -> Iterator[np.ndarray]:
    """Yield how much each cell's sounding adds to an output, for one segment after the other.

    Parameters
    ----------
    model : SpectrogramModel
        The model whose output it is.
    output : Output
        Which of its outputs.
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels), range=[-top_db, 0]]
        Log-mel segments in dB relative to their song's maximum.
    seed : int
        Seed of the regions; the same noise shapes them in every segment.

    Yields
    ------
    np.ndarray [shape=(segment_frames, n_mels), dtype=float32]
        Mean change of the output for a relative change of each cell's power, in units of the
        output.
    """
    graph, generator, turn = _graph(model)
    for segment in logmel_db:
        with turn:  # no other session's draws in between
            generator.reset_from_seed(seed)
            values = graph(segment.astype(np.float32), *output.indices)
        yield values.numpy()


@cached_per_model
def _graph(model: SpectrogramModel) -> tuple[Any, Any, threading.Lock]:
    """Return the graph of a segment's values, the generator that it draws from, and its lock."""
    import tensorflow as tf

    from core.features.masking import filtered, regions

    answers = probabilities_of(model)
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
            heard = answers(filtered(draws, kept, top_db))
            values = output_of(heard, genre, rival)
        effects = tf.where(draws > -top_db, kept * tape.gradient(values, kept), 0.0)
        return tf.reduce_mean(effects, 0)

    return mean_effect, generator, threading.Lock()
