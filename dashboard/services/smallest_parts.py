"""The smallest sufficient and necessary parts of a segment, and what other models predict for them.

`core` is imported inside the functions, because it is slow to load. Functions with a leading
underscore run in workers, see `dashboard.services.workers`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dashboard.services import explanations, models, songs, workers
from dashboard.services.cache import results
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text.formatting import model_name

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.listening.smallest_parts import SmallestParts

CLASSIFYING = "Classifying the smallest parts …"


@dataclass(frozen=True, eq=False)
class FoundPart:
    """The smallest sufficient or necessary part of a segment, for one model.

    Parameters
    ----------
    share : float, range=[0, 1]
        Share of the segment's area.
    file : bytes
        FLAC: the sufficient part alone, or the segment without the necessary part.
    probabilities : dict of np.ndarray [shape=(genres,), range=[0, 1]]
        Prediction of each model for this audio.
    """

    share: float
    file: bytes
    probabilities: dict[str, np.ndarray]


@dataclass(frozen=True, eq=False)
class PartsOfSegment:
    """Smallest parts of a segment for one model, classified by all models of a comparison.

    Parameters
    ----------
    genre : str
        The genre that the model predicts for the segment.
    probability : float, range=[0, 1]
        Its probability in the song.
    sufficient, necessary : FoundPart or None
        The parts; None if there is none.
    """

    genre: str
    probability: float
    sufficient: FoundPart | None
    necessary: FoundPart | None


def smallest_parts_of(
    song: Song, names: Sequence[str], explained: str, middle_s: float, report: ProgressCallback
) -> PartsOfSegment:
    """Find the smallest parts of a segment for one model, and let all models classify them.

    Parameters
    ----------
    song : Song
        The song.
    names : sequence of str
        Models of the comparison; all read spectrograms.
    explained : str
        The model whose parts are found.
    middle_s : float
        A time within the segment.
    report : callable
        Called with the current work; may raise to stop.

    Returns
    -------
    PartsOfSegment
        For the genre that this model predicts for the segment.
    """
    segment = explanations.segment_at(explanations.analysis_of(song, explained, report), middle_s)
    keys = [explanations.cache_key(song, name) for name in names]
    found: PartsOfSegment = workers.cached(
        ("classified parts", *keys, explained, segment),
        _smallest_parts,
        song,
        tuple(names),
        explained,
        segment,
        report=report,
        doing=CLASSIFYING,
    )
    return found


def _smallest_parts(
    song: Song,
    names: Sequence[str],
    explained: str,
    segment: int,
    *,
    report: ProgressCallback,
) -> PartsOfSegment:
    from core.audio.io import encode_audio
    from core.listening.smallest_parts import prediction_of

    model = models.spectrogram_model_of(explained)
    analysis = explanations.analysis_of(song, explained, report)
    genre = model.genres[int(analysis.probabilities[segment].argmax())]
    found = _found_parts(song, explained, genre, segment, report)

    def classified(share: float, sound: Audio) -> FoundPart:
        predictions = {}
        for name in names:
            report(CLASSIFYING, None)
            predictions[name] = prediction_of(models.model_of(name), sound)
        return FoundPart(share, encode_audio(sound, "FLAC"), predictions)

    enough, needed = found.sufficient, found.necessary
    return PartsOfSegment(
        genre,
        float(analysis.probabilities[segment].max()),
        None if enough is None else classified(enough.share, enough.kept),
        None if needed is None else classified(needed.share, needed.rest),
    )


def _found_parts(
    song: Song, name: str, genre: str, segment: int, report: ProgressCallback
) -> SmallestParts:
    """Find the smallest parts of a segment for a model and the genre that it predicts."""
    model = models.spectrogram_model_of(name)
    target = ExplanationTarget(genre)
    doing = f"Finding the smallest sufficient and necessary parts ({model_name(name)}) …"

    def compute() -> SmallestParts:
        from core.explanation.extremal import extremal_ranking
        from core.listening.smallest_parts import smallest_parts

        explanation = explanations.segment_explanation_of(song, name, target, segment, report)
        ranking = extremal_ranking(model, explanation, progress=lambda *_: report(doing, None))
        # At the song's rate, so that the rest keeps frequencies above this model's range.
        audio = songs.audio_of(song, report)
        return smallest_parts(
            model, audio, explanation, ranking, progress=lambda: report(doing, None)
        )

    key = ("smallest parts", *explanations.cache_key(song, name), segment)
    return results.get(key, compute, waiting=lambda: report(doing, None))
