"""Rankings of the cells of a song by the smallest sufficient region, cached in batches.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from collections.abc import Hashable

import numpy as np

from dashboard.services import explanations, models, workers
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name


def optimised_ranking_of(
    song: Song,
    name: str,
    target: ExplanationTarget,
    report: ProgressCallback,
    *,
    segments: range | None = None,
) -> np.ndarray:
    """Rank the cells of a song by how small a region suffices for the prediction.

    Parameters
    ----------
    song, name, target, report, segments
        As in `dashboard.services.explanations.explanation_of`.

    Returns
    -------
    np.ndarray [shape=(segments, segment_frames, n_mels)]
        Ranks; see `core.explanation.extremal`.
    """
    count = len(explanations.analysis_of(song, name, report).starts_s)
    segments = range(count) if segments is None else segments
    size = explanations.BATCH
    indices = range(segments.start // size, (segments.stop - 1) // size + 1)
    ranking = np.concatenate(
        [
            workers.cached(
                key_of(song, name, target, index),
                _ranking_of_batch,
                song,
                name,
                target,
                range(index * size, min((index + 1) * size, count)),
                count,
                report=report,
                doing=f"{_ranking_description(name, target)} …",
            )
            for index in indices
        ]
    )
    offset = indices.start * size
    return ranking[segments.start - offset : segments.stop - offset]


def _ranking_description(name: str, target: ExplanationTarget) -> str:
    genre = genre_name(target.genre)
    return f"Finding the smallest sufficient region for {genre} ({model_name(name)})"


def _ranking_of_batch(
    song: Song,
    name: str,
    target: ExplanationTarget,
    segments: range,
    count: int,
    *,
    report: ProgressCallback,
) -> np.ndarray:
    from core.explanation.extremal import extremal_ranking

    doing = _ranking_description(name, target)

    def progress(done: int, _: int) -> None:
        finished = segments.start + done
        report(f"{doing}: {finished} of {count} segments", finished / count)

    explanation = explanations.explanation_of(song, name, target, report, segments=segments)
    return extremal_ranking(models.spectrogram_model_of(name), explanation, progress=progress)


def key_of(song: Song, name: str, target: ExplanationTarget, index: int) -> tuple[Hashable, ...]:
    """Key of the ranking of a batch of segments."""
    return ("ranking", *explanations.cache_key(song, name), target, index)
