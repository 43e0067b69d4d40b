"""Smallest sufficient regions: masks found by optimisation, not by attribution.

SHAP values measure contributions to a prediction. A different question is which small region is
sufficient for the prediction, and necessary. Extremal perturbations (Fong, Patrick & Vedaldi 2019,
"Understanding deep networks via extremal perturbations and smooth masks") answer it: gradient
ascent changes a mask of fixed area until the genre's probability is high with only the masked
region and low without it. The path from mask to probability is differentiable: filtered mel
spectrogram, level, MFCC, network. The area is drawn anew at every step, so that one ranking of the
cells serves all areas. A blur keeps the regions smooth. The optimisation starts from the evidence
of the explanation. Such a mask is tailored to the model: it shows what is sufficient, not what
contributed.
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

AREAS = (0.05, 0.1, 0.2, 0.3)  # of a segment; one is drawn at each step
STEPS = 60
STEP_SIZE = 0.15  # for a ranking with an initial standard deviation of one
SOFTNESS = 0.3  # width of the mask's edge in deviations of the ranking, for gradients only
SMOOTHING = 0.5  # standard deviation of the blur, in frames and in mel bands
RETENTION = 0.5  # weight of the loss without the region, relative to the loss with it alone
BATCH = 8  # segments at a time
# Candidates for the smallest sufficient share.
SHARES = (0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1.0)

Progress = Callable[[int, int], None]


def extremal_ranking(
    model: SpectrogramModel,
    explanation: Explanation,
    *,
    seed: int = 0,
    progress: Progress | None = None,
) -> np.ndarray:
    """Rank the cells so that the first ones are sufficient and necessary for the prediction.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    explanation : Explanation
        Its explanation for the genre.
    seed : int
        Seed of the areas and levels that are drawn.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of segments. An exception that it raises
        ends the computation.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        For `core.listening.filtering.listen` or `importance_mask`, as ``ranking``.
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
    """Find the smallest share of each segment that is sufficient for the prediction.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    explanation : Explanation
        Its explanation for the genre.
    ranking : np.ndarray [shape=(n, segment_frames, n_mels)]
        Ranking of the cells.

    Returns
    -------
    np.ndarray [shape=(n,), range=[0.01, 1]]
        Smallest of `SHARES` at which the genre is at least as probable as for the whole segment.
        The prediction is for the filtered spectrogram, an approximation of filtered audio.
    """
    from core.features.masking import filtered, raised

    genre = model.genres.index(explanation.target)
    top_db = model.parameters.top_db
    whole = model.predict_logmel(explanation.logmel)[:, genre]
    smallest = np.ones(len(explanation))
    for share in SHARES[::-1]:
        mask = importance_mask(explanation, keep=share, ranking=ranking)
        masked = raised(filtered(explanation.logmel, mask, top_db), 1.0, top_db)
        kept = model.predict_logmel(masked.numpy())[:, genre]
        smallest[kept >= whole] = share
    return smallest


@cached_per_model
def _graph(model: SpectrogramModel) -> Any:
    """Trace the graph that optimises the rankings of a few segments."""
    import tensorflow as tf

    from core.features.masking import filtered, raised

    probabilities = probabilities_of(model)
    parameters = model.parameters
    top_db, n_mels = parameters.top_db, parameters.n_mels
    shape = (None, parameters.segment_frames, n_mels)
    blurs = [
        tf.constant(_gaussian(SMOOTHING).reshape(sides), tf.float32)
        for sides in [(-1, 1, 1, 1), (1, -1, 1, 1)]
    ]

    def probability(logmel: Any, genre: Any) -> Any:
        return tf.gather(probabilities(logmel), genre, axis=1)

    def blurred(values: Any) -> Any:
        values = values[..., tf.newaxis]
        for kernel in blurs:
            values = tf.nn.conv2d(values, kernel, 1, "SAME")
        return values[..., 0]

    def chosen(ranking: Any, sounding: Any, area: Any) -> Any:
        """Compute the mask of an area: hard, with the gradients of a soft one."""
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
    """Compute a Gaussian that sums to one."""
    impulse = np.zeros(2 * round(3 * width) + 1)
    impulse[len(impulse) // 2] = 1
    return scipy.ndimage.gaussian_filter1d(impulse, width)
