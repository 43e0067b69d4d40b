"""Analyses and explanations of the chosen song, cached for all sessions.

`core` is imported inside the functions, because TensorFlow and librosa take seconds to load;
`dashboard.services.warmup` loads them in the background. Results are cached by the digests of the
song's bytes and of the model's weights.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import models, songs
from dashboard.services.cache import ResultCache
from dashboard.services.models import MODELS
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation
    from core.models.base import GenreModel


PART = 12  # segments explained at a time; a run that is stopped loses no finished part

_analyses: ResultCache[Analysis] = ResultCache(16)
_explanations: ResultCache[Explanation] = ResultCache(
    64
)  # parts and single segments, up to 4 MB each


@dataclass(frozen=True)
class ExplanationTarget:
    """What is asked about a song: why this genre, or why this one rather than that.

    Parameters
    ----------
    genre : str
        The genre.
    versus : str
        The other genre; empty if there is none.
    """

    genre: str
    versus: str = ""


def analysis_of(song: Song, name: str, report: ProgressCallback) -> Analysis:
    """Return what a model says of a song.

    Raises
    ------
    AudioError, ModelError
        If the song cannot be heard, or the model cannot be used.
    """
    songs.audio_of(song, report)  # a song that cannot be heard is not the model's failure
    model = models.model_of(name)
    audio = songs.audio_of(song, report, model.parameters.sample_rate)
    from core.analysis import analyze

    def hear() -> Analysis:
        report(doing, None)
        return analyze(audio, model)

    doing = f"{model_name(name)} is listening …"
    return _analyses.get(cache_key(song, model), hear, waiting=lambda: report(doing, None))


def analyses_of(song: Song, report: ProgressCallback) -> tuple[dict[str, Analysis], list[str]]:
    """Return what all models say of a song, and why some cannot.

    Returns
    -------
    analyses : dict of Analysis
        By the models' names, in the order of `MODELS`.
    failures : list of str
        A sentence for each model that cannot be used.
    """
    songs.audio_of(song, report)  # its failure is the song's, not a model's
    from core.errors import ModelError

    analyses, failures = {}, []
    for name in MODELS:
        try:
            analyses[name] = analysis_of(song, name, report)
        except ModelError as error:
            failures.append(str(error))
    return analyses, failures


def is_explained(song: Song, analysis: Analysis, target: ExplanationTarget) -> bool:
    """Return whether the explanation of a whole song is at hand."""
    key = cache_key(song, models.model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), PART)
    return all((*key, target, "part", first // PART) in _explanations for first in parts)


def segment_explanation_of(
    song: Song, name: str, target: ExplanationTarget, segment: int, report: ProgressCallback
) -> Explanation:
    """Return the explanation of one segment of a song, an `Explanation` of length 1."""
    model = models.model_of(name)
    part = _explanations.peek((*cache_key(song, model), target, "part", segment // PART))
    if part is not None:
        return part[segment % PART]
    return _explained(song, model, target, "segment", segment, [segment], report)


def segment_at(analysis: Analysis, moment_s: float) -> int:
    """Return which segment holds a moment of the song."""
    return max(0, int(np.searchsorted(analysis.starts_s, moment_s, side="right")) - 1)


def regridded_on(first: Explanation, second: Explanation) -> tuple[Explanation, float]:
    """Return the second explanation with its mel values on the grid of the first, one segment each.

    And how the two correlate where both hear the song.
    """
    from core.explanation.regridding import Grid, correlation, overlapping_frames, regridded

    grids = [Grid(each.parameters, float(each.starts_s[0])) for each in (second, first)]
    values = regridded(second.mel[0], *grids)
    both = overlapping_frames(int(second.filled[0]), *grids)
    both[int(first.filled[0]) :] = False
    return (
        replace(second, mel=values[np.newaxis]),
        correlation(first.mel[0][both], values[both]),
    )


def finished_batches(
    song: Song, analysis: Analysis, target: ExplanationTarget
) -> list[Explanation]:
    """Return the parts of a whole song's explanation that are at hand."""
    key = cache_key(song, models.model_of(analysis.model))
    indices = range(math.ceil(len(analysis.starts_s) / PART))
    parts = (_explanations.peek((*key, target, "part", index)) for index in indices)
    return [part for part in parts if part is not None]


def batches_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> list[Explanation]:
    """Return a whole song's explanation in parts, which are kept when a run is stopped."""
    count = len(analysis_of(song, name, report).starts_s)
    model = models.model_of(name)
    parts = []
    for first in range(0, count, PART):
        segments = range(first, min(first + PART, count))
        parts.append(
            _explained(song, model, target, "part", first // PART, segments, report, count)
        )
    return parts


def explanation_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> Explanation:
    """Return a whole song's explanation."""
    parts = batches_of(song, name, target, report)
    from core.explanation.explain import joined

    return joined(parts)


def cache_key(song: Song, model: GenreModel) -> tuple[str, str]:
    """Return what identifies results of a model about a song."""
    return song.digest, model.card["weights"]["sha256"]


def _explained(
    song: Song,
    model: GenreModel,
    target: ExplanationTarget,
    kind: str,
    index: int,
    segments: Sequence[int],
    report: ProgressCallback,
    count: int = 1,
) -> Explanation:
    from core.explanation.explain import explain

    audio = songs.audio_of(song, report, model.parameters.sample_rate)
    analysis = analysis_of(song, model.name, report)
    doing = f"Asking {model_name(model.name)} why {genre_name(target.genre)} …"

    def ask() -> Explanation:
        def progress(done: int, total: int) -> None:
            finished = (segments[0] if count > 1 else 0) + done
            report(
                f"{doing} {finished} of {count} segments" if count > 1 else doing, finished / count
            )

        return explain(
            audio,
            model,
            target=target.genre,
            versus=target.versus or None,
            segments=segments,
            analysis=analysis,
            progress=progress,
        )

    key = (*cache_key(song, model), target, kind, index)
    return _explanations.get(key, ask, waiting=lambda: report(doing, None))
