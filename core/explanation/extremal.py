"""The smallest sound that still convinces a model: masks found by optimisation, not by attribution.

SHAP values say what contributed to an answer. Another question is which few regions would be enough
for it, and what could not be missed. It is answered here with extremal perturbations (Fong, Patrick
& Vedaldi 2019, "Understanding deep networks via extremal perturbations and smooth masks"): a mask
of fixed area is changed by gradient ascent until the model, hearing only what it keeps, is as sure
as can be of the genre, and without it no longer thinks of it. The way from mask to answer is
differentiable: filtered mel spectrogram, level, MFCC, network. The area is drawn anew at every
step, so that one ranking of the cells serves all areas; a blur keeps the regions smooth; it starts
from the evidence of the explanation. Such a mask is tailored to the model: it shows what would
convince, not what did.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
import scipy.ndimage

from core.explanation.graphs import cached_per_model, probabilities_of
from core.explanation.masks import evidence, importance_mask

if TYPE_CHECKING:
    from core.explanation.explain import Explanation
    from core.models.spectrogram_models import SpectrogramModel

AREAS = (0.05, 0.1, 0.2, 0.3)  # of a segment, one of them at each step
STEPS = 60
STEP_SIZE = 0.15  # of a ranking whose deviation is one at first
SOFTNESS = 0.3  # width of the mask's edge in deviations of the ranking; only gradients see it
SMOOTHING = 0.5  # deviation of the blur, in frames and in mel bands
RETENTION = 0.5  # weight of "gone without it" against "there with nothing else"
BATCH = 8  # segments at a time
# Candidates for the smallest share.
SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)

Progress = Callable[[int, int], None]


def extremal_ranking(
    model: SpectrogramModel,
    explanation: Explanation,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """Rank the cells by how much they convince, alone, and are missed when they are gone.

    Parameters
    ----------
    model : SpectrogramModel
        The model that is to be convinced.
    explanation : Explanation
        Its explanation for the genre in question.
    seed : int
        Seed of the areas and levels that are tried.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of segments; an exception that it raises
        ends the work.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        To be given to `core.listening.filtering.listen`, or `importance_mask`, as ``ranking``.
    """
    start = evidence(explanation)
    start /= np.maximum(start.std(axis=(1, 2), keepdims=True), 1e-12)
    genre = np.int32(model.genres.index(explanation.target))
    optimise = _graph(model)
    ranking = np.empty_like(start)
    count = len(explanation)
    if progress:
        progress(0, count)
    for first in range(0, count, BATCH):
        rows = slice(first, min(first + BATCH, count))
        sounding = np.arange(start.shape[1]) < explanation.filled[rows, np.newaxis]
        found = optimise(
            explanation.logmel[rows],
            start[rows],
            sounding,
            genre,
            np.array([seed, first], dtype=np.int32),
        )
        ranking[rows] = found.numpy()
        if progress:
            progress(rows.stop, count)
    return ranking


def smallest_share(
    model: SpectrogramModel, explanation: Explanation, ranking: np.ndarray
) -> np.ndarray:
    """Return how little of each segment still convinces the model.

    Parameters
    ----------
    model : SpectrogramModel
        The model that is to be convinced.
    explanation : Explanation
        Its explanation for the genre in question.
    ranking : np.ndarray [shape=(n, segment_frames, n_mels)]
        Ranking of the cells.

    Returns
    -------
    np.ndarray [shape=(n,), range=[0.01, 1]]
        Smallest of `SHARES` at which the genre is at least as probable as in the whole segment, as
        the filtered spectrogram predicts it; to be checked by listening.
    """
    from core.features.masking import filtered, raised

    genre = model.genres.index(explanation.target)
    top_db = model.parameters.top_db
    whole = model.predict_logmel(explanation.logmel)[:, genre]
    smallest = np.ones(len(explanation))
    for share in SHARES[::-1]:
        mask = importance_mask(explanation, keep=share, ranking=ranking)
        heard = filtered(explanation.logmel, mask, top_db)
        kept = model.predict_logmel(raised(heard, 1.0, top_db).numpy())[:, genre]
        smallest[kept >= whole] = share
    return smallest


@cached_per_model
def _graph(model: SpectrogramModel) -> Any:
    """Return the graph that optimises the rankings of a few segments."""
    import tensorflow as tf

    from core.features.masking import filtered, raised

    answers = probabilities_of(model)
    parameters = model.parameters
    top_db, n_mels = parameters.top_db, parameters.n_mels
    shape = (None, parameters.segment_frames, n_mels)
    blurs = [
        tf.constant(_gaussian(SMOOTHING).reshape(sides), tf.float32)
        for sides in [(-1, 1, 1, 1), (1, -1, 1, 1)]
    ]

    def probability(logmel: Any, genre: Any) -> Any:
        return tf.gather(answers(logmel), genre, axis=1)

    def blurred(values: Any) -> Any:
        values = values[..., tf.newaxis]
        for kernel in blurs:
            values = tf.nn.conv2d(values, kernel, 1, "SAME")
        return values[..., 0]

    def chosen(ranking: Any, sounding: Any, area: Any) -> Any:
        """Return the mask of an area: hard, with the gradients of a soft one."""
        flat = tf.reshape(
            tf.where(sounding, ranking, ranking.dtype.min), [tf.shape(ranking)[0], -1]
        )
        cells = tf.reduce_sum(tf.cast(sounding, tf.float32), [1, 2]) * n_mels
        place = tf.cast(cells * area, tf.int32)
        ordered = tf.sort(flat, axis=1, direction="DESCENDING")
        edge = tf.gather(ordered, place, axis=1, batch_dims=1)[:, tf.newaxis, tf.newaxis]
        width = SOFTNESS * tf.math.reduce_std(ranking, [1, 2], keepdims=True)
        soft = tf.sigmoid((ranking - tf.stop_gradient(edge)) / tf.stop_gradient(width))
        hard = tf.cast((ranking > edge) & sounding, tf.float32)
        return soft + tf.stop_gradient(hard - soft)

    @tf.function(
        input_signature=[
            tf.TensorSpec(shape, tf.float32),
            tf.TensorSpec(shape, tf.float32),
            tf.TensorSpec((None, parameters.segment_frames), tf.bool),
            tf.TensorSpec((), tf.int32),
            tf.TensorSpec((2,), tf.int32),
        ]
    )
    def optimise(logmel: Any, start: Any, sounding: Any, genre: Any, seed: Any) -> Any:
        sounding = sounding[..., tf.newaxis]
        areas = tf.random.stateless_uniform([STEPS], seed, 0, len(AREAS), tf.int32)
        parts = tf.random.stateless_uniform([STEPS], seed + 1)
        values, moment, square = start, tf.zeros_like(start), tf.zeros_like(start)
        for step in tf.range(STEPS):
            with tf.GradientTape() as tape:
                tape.watch(values)
                mask = chosen(blurred(values), sounding, tf.gather(AREAS, areas[step]))
                alone = raised(filtered(logmel, mask, top_db), parts[step], top_db)
                without = filtered(logmel, 1 - mask, top_db)
                loss = -tf.math.log(probability(alone, genre) + 1e-6)
                loss -= RETENTION * tf.math.log(1 - probability(without, genre) + 1e-3)
            gradient = tape.gradient(loss, values)
            # Adam (Kingma & Ba 2015)
            time = tf.cast(step + 1, tf.float32)
            moment = 0.9 * moment + 0.1 * gradient
            square = 0.999 * square + 0.001 * gradient * gradient
            rate = STEP_SIZE * tf.sqrt(1 - 0.999**time) / (1 - 0.9**time)
            values -= rate * moment / (tf.sqrt(square) + 1e-8)
        return blurred(values)

    return optimise


def _gaussian(width: float) -> np.ndarray:
    """Return a Gaussian that sums to one."""
    impulse = np.zeros(2 * round(3 * width) + 1)
    impulse[len(impulse) // 2] = 1
    return scipy.ndimage.gaussian_filter1d(impulse, width)
