"""Analyses and explanations of the chosen song, cached for all sessions.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`. Results are cached by the digests of
the song's bytes and of the model's weights.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import models, songs, workers
from dashboard.services.cache import results
from dashboard.services.models import MODELS
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation


BATCH = 12  # segments explained at a time; finished batches survive when a run is stopped


@dataclass(frozen=True)
class ExplanationTarget:
    """The explained output: the probability of a genre, or its odds against another one.

    Parameters
    ----------
    genre : str
        The genre.
    versus : str
        The genre that it is compared with; empty for the probability.
    """

    genre: str
    versus: str = ""


def cache_key(song: Song, name: str) -> tuple[str, str]:
    """Digests that identify results of a model for a song."""
    return song.digest, models.card_of(name)["weights"]["sha256"]


def analysis_of(song: Song, name: str, report: ProgressCallback) -> Analysis:
    """Predict the genre of a song, segment by segment.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of the model.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    Analysis
        Features and probabilities of all segments.

    Raises
    ------
    AudioError, ModelError
        If the song cannot be decoded, or the model cannot be loaded.
    """
    found: Analysis = workers.cached(
        ("analysis", *cache_key(song, name)),
        _analysis,
        song,
        name,
        report=report,
        doing=_classifying(name),
        audio=(song, models.parameters_of(name).sample_rate),
    )
    return found


def _analysis(song: Song, name: str, *, report: ProgressCallback) -> Analysis:
    from core.analysis import analyze

    model = models.model_of(name)
    audio = songs.audio_of(song, report, model.parameters.sample_rate)
    report(_classifying(name), None)
    return analyze(audio, model)


def _classifying(name: str) -> str:
    return f"Classifying the song ({model_name(name)}) …"


def analyses_of(song: Song, report: ProgressCallback) -> tuple[dict[str, Analysis], list[str]]:
    """Predict the genre of a song with every model of the first page.

    Returns
    -------
    analyses : dict of Analysis
        By the models' names, in the order of `MODELS`.
    failures : list of str
        One sentence for each model that cannot be loaded, or has failed.

    Raises
    ------
    AudioError
        If the song cannot be decoded.
    """
    from core.errors import EngineError, ModelError

    analyses, failures = {}, []
    for name in MODELS:
        try:
            analyses[name] = analysis_of(song, name, report)
        except (EngineError, ModelError) as error:
            failures.append(str(error))
    return analyses, failures


def segment_at(analysis: Analysis, moment_s: float) -> int:
    """Index of the segment that contains a time in the song."""
    return max(0, int(np.searchsorted(analysis.starts_s, moment_s, side="right")) - 1)


def is_explained(song: Song, analysis: Analysis, target: ExplanationTarget) -> bool:
    """Whether the explanation of a whole song is cached."""
    batches = range(n_batches(analysis))
    return all(_batch_key(song, analysis.model, target, index) in results for index in batches)


def n_batches(analysis: Analysis) -> int:
    """Count the batches in which the segments of a song are explained."""
    return -(-len(analysis.starts_s) // BATCH)


def segment_explanation_of(
    song: Song, name: str, target: ExplanationTarget, segment: int, report: ProgressCallback
) -> Explanation:
    """Explain one segment of a song: an `Explanation` of length 1."""
    batch: Explanation | None = results.peek(_batch_key(song, name, target, segment // BATCH))
    if batch is not None:
        return batch[segment % BATCH]
    found: Explanation = workers.cached(
        ("explanation of a segment", *cache_key(song, name), target, segment),
        _segment_explanation,
        song,
        name,
        target,
        segment,
        report=report,
        doing=f"{_description(name, target)} …",
    )
    return found


def _segment_explanation(
    song: Song, name: str, target: ExplanationTarget, segment: int, *, report: ProgressCallback
) -> Explanation:
    doing = _description(name, target)

    def progress(done: int, total: int) -> None:
        report(doing, done / total)

    return _explain(song, name, target, [segment], report, progress)


def explanation_of(
    song: Song,
    name: str,
    target: ExplanationTarget,
    report: ProgressCallback,
    *,
    segments: range | None = None,
) -> Explanation:
    """Explain a song, or consecutive segments of it.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Name of the model.
    target : ExplanationTarget
        The explained output.
    report : callable
        Called with the current work; may raise to stop.
    segments : range, optional
        Segments to return, all by default. Only the batches that contain them are explained.

    Returns
    -------
    Explanation
        SHAP values of the segments.
    """
    analysis = analysis_of(song, name, report)
    segments = range(len(analysis.starts_s)) if segments is None else segments
    indices = range(segments.start // BATCH, (segments.stop - 1) // BATCH + 1)
    batches = [_batch_of(song, name, target, index, report) for index in indices]
    from core.explanation.explain import joined

    whole = batches[0] if len(batches) == 1 else joined(batches)
    first = indices.start * BATCH
    if len(whole) == len(segments):
        return whole
    return whole[segments.start - first : segments.stop - first]


def batches_of(
    song: Song, name: str, target: ExplanationTarget, report: ProgressCallback
) -> list[Explanation]:
    """Explain a whole song in batches; finished ones stay cached when the run is stopped."""
    analysis = analysis_of(song, name, report)
    return [_batch_of(song, name, target, index, report) for index in range(n_batches(analysis))]


def finished_batches(
    song: Song, analysis: Analysis, target: ExplanationTarget
) -> list[Explanation]:
    """Look up the batches of a song's explanation that are cached."""
    found = (
        results.peek(_batch_key(song, analysis.model, target, index))
        for index in range(n_batches(analysis))
    )
    return [batch for batch in found if batch is not None]


def regridded_on(first: Explanation, second: Explanation) -> tuple[Explanation, float]:
    """Bring an explanation of one segment onto the mel grid of another one.

    Parameters
    ----------
    first, second : Explanation
        Explanations of one segment each, by two models.

    Returns
    -------
    explanation : Explanation
        The second one, with its mel values on the grid of the first.
    correlation : float [range=[-1, 1]]
        Correlation of the mel values in the frames that both segments cover.
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


def _batch_key(
    song: Song, name: str, target: ExplanationTarget, index: int
) -> tuple[Hashable, ...]:
    return ("explanation", *cache_key(song, name), target, index)


def _batch_of(
    song: Song, name: str, target: ExplanationTarget, index: int, report: ProgressCallback
) -> Explanation:
    found: Explanation = workers.cached(
        _batch_key(song, name, target, index),
        _batch,
        song,
        name,
        target,
        index,
        BATCH,
        report=report,
        doing=f"{_description(name, target)} …",
    )
    return found


def _batch(
    song: Song,
    name: str,
    target: ExplanationTarget,
    index: int,
    size: int,
    *,
    report: ProgressCallback,
) -> Explanation:
    doing = _description(name, target)
    count = len(analysis_of(song, name, report).starts_s)
    segments = range(index * size, min((index + 1) * size, count))

    def progress(done: int, total: int) -> None:
        finished = segments.start + done
        report(f"{doing}: {finished} of {count} segments" if count > 1 else doing, finished / count)

    return _explain(song, name, target, segments, report, progress)


def _description(name: str, target: ExplanationTarget) -> str:
    return f"Explaining {genre_name(target.genre)} ({model_name(name)})"


def _explain(
    song: Song,
    name: str,
    target: ExplanationTarget,
    segments: Sequence[int],
    report: ProgressCallback,
    progress: Callable[[int, int], None],
) -> Explanation:
    from core.explanation.explain import explain

    model = models.model_of(name)
    return explain(
        songs.audio_of(song, report, model.parameters.sample_rate),
        model,
        target=target.genre,
        versus=target.versus or None,
        segments=segments,
        analysis=analysis_of(song, name, report),
        progress=progress,
    ).without_audio()  # the cache must not keep the song in memory
