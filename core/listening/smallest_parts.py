"""The smallest sufficient and the smallest necessary part of a segment, as audio.

Conventions
-----------
The explained segment is cut out of the song and divided by `core.listening.filtering`. Models
analyse the audio of a part as it is played, relative to its own maximum. The definitions and the
search are those of `core.explanation.smallest_parts`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from core.analysis import analyze
from core.explanation.masks import importance_mask
from core.explanation.smallest_parts import smallest_necessary, smallest_sufficient
from core.listening.filtering import divide_by_mask, passage

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.explain import Explanation
    from core.models.base import GenreModel


@dataclass(frozen=True, eq=False)
class Part:
    """A part of a segment.

    Parameters
    ----------
    share : float, range=[0, 1]
        Its share of the segment's time-frequency area.
    kept, rest : Audio
        The part alone, and the segment without it.
    """

    share: float
    kept: Audio
    rest: Audio


@dataclass(frozen=True, eq=False)
class SmallestParts:
    """Smallest parts of a segment for one model.

    Parameters
    ----------
    sufficient : Part or None
        The smallest sufficient part; None if not even the whole segment, cut out of its song,
        suffices.
    necessary : Part or None
        The smallest necessary part; None if the model predicts the genre even from silence.
    """

    sufficient: Part | None
    necessary: Part | None


def part_of_segment(
    audio: Audio, explanation: Explanation, ranking: np.ndarray, share: float
) -> Part:
    """Divide the explained segment into its highest-ranked share and everything else.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate.
    explanation : Explanation
        Explanation of one segment.
    ranking : np.ndarray [shape=(1, segment_frames, n_mels)]
        Ranking of its cells.
    share : float, range=[0, 1]
        Share of the segment's area.

    Returns
    -------
    Part
        Both parts as audio of the segment's length.
    """
    cut, own = passage(audio, explanation)
    mask = importance_mask(own, keep=share, ranking=ranking)
    return Part(share, *divide_by_mask(cut, own, mask))


def smallest_parts(
    model: GenreModel,
    audio: Audio,
    explanation: Explanation,
    ranking: np.ndarray,
    *,
    progress: Callable[[], None] = lambda: None,
) -> SmallestParts:
    """Find the smallest sufficient and the smallest necessary part of a segment.

    Parameters
    ----------
    model : GenreModel
        The explained model.
    audio : Audio
        The song, at any sampling rate.
    explanation : Explanation
        Explanation of one segment for the genre that the model predicts for it.
    ranking : np.ndarray [shape=(1, segment_frames, n_mels)]
        Ranking of its cells, as from `core.explanation.extremal.extremal_ranking`.
    progress : callable, optional
        Called before each share. An exception that it raises ends the search.

    Returns
    -------
    SmallestParts
        Both parts.

    Raises
    ------
    ValueError
        If the explanation has more than one segment.
    """
    if len(explanation) != 1:
        raise ValueError(f"Explain one segment, not {len(explanation)}.")
    genre = model.genres.index(explanation.target)

    @cache
    def divided(share: float) -> Part:
        progress()
        return part_of_segment(audio, explanation, ranking, share)

    enough = smallest_sufficient(
        lambda share: prediction_of(model, divided(share).kept),
        genre,
        float(explanation.prediction[0]),
    )
    needed = smallest_necessary(lambda share: prediction_of(model, divided(share).rest), genre)
    return SmallestParts(
        None if enough is None else divided(enough), None if needed is None else divided(needed)
    )


def prediction_of(model: GenreModel, audio: Audio) -> np.ndarray:
    """Predict the genre of a segment's audio, `shape=(genres,)`."""
    return analyze(audio, model).probabilities[0]
