"""A passage of a long song: what a report contains of it, so that its file stays small."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from dashboard.player.wire_format import Track, View
from dashboard.services.cuts import cuts_of

if TYPE_CHECKING:
    from core.analysis import Analysis

SECONDS = 45.0  # longest passage; three tracks of noise take 6 MB as FLAC
SHARE_BEFORE = 1 / 3  # of the passage, before the chosen segment


@dataclass(frozen=True)
class Passage:
    """A passage of a song, from one boundary of a segment to another.

    Parameters
    ----------
    start_s, end_s : float
        Beginning and end in the song.
    segments : range
        Segments that lie within it.
    """

    start_s: float
    end_s: float
    segments: range


def passage_around(analysis: Analysis, segment: int) -> Passage | None:
    """Choose the passage around a segment; None if the song is not longer than a passage.

    Parameters
    ----------
    analysis : Analysis
        Predictions for the song.
    segment : int
        The chosen segment.

    Returns
    -------
    Passage or None
        At most 45 seconds, or one segment if that is longer.
    """
    count = len(analysis.starts_s)
    length = max(1, int(SECONDS / analysis.parameters.segment_s))
    if count <= length:
        return None
    first = min(max(0, segment - round(SHARE_BEFORE * length)), count - length)
    segments = range(first, first + length)
    return Passage(
        float(analysis.starts_s[segments[0]]), float(analysis.ends_s[segments[-1]]), segments
    )


def limited_tracks(tracks: Sequence[Track], passage: Passage) -> list[Track]:
    """Cut tracks to a passage.

    Parameters
    ----------
    tracks : sequence of Track
        FLAC files of the whole song.
    passage : Passage
        The passage.

    Returns
    -------
    list of Track
        FLAC files of the passage with the same samples, which begin where it does.
    """
    cuts = cuts_of([track.file for track in tracks], passage.start_s, passage.end_s)
    return [
        replace(track, file=cut, start_s=passage.start_s)
        for track, cut in zip(tracks, cuts, strict=True)
    ]


def limited_views(views: Sequence[View], passage: Passage, segment_frames: int) -> list[View]:
    """Blank everything outside a passage.

    Parameters
    ----------
    views : sequence of View
        Spectrograms of the whole song.
    passage : Passage
        The passage.
    segment_frames : int
        Frames of a segment.

    Returns
    -------
    list of View
        Of the same length; the rest has the darkest grey, and no evidence. It hardly takes space
        once it is compressed.
    """
    return [_limited(view, passage.segments, segment_frames) for view in views]


def _limited(view: View, segments: range, segment_frames: int) -> View:
    frames = np.arange(len(view.values))
    inside = (segments.start * segment_frames <= frames) & (frames < segments.stop * segment_frames)
    inside = inside[:, np.newaxis]
    return replace(
        view,
        values=np.where(inside, view.values, view.centre - view.spread / 2),
        shap=np.where(inside, view.shap, 0),
        mask=None if view.mask is None else view.mask & inside,
    )
