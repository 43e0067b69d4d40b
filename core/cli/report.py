"""Results of the command line: a table to read for each song."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.cli.terminal import minutes, printable
from core.constants import DEFAULT_KEEP

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.library.song_files import SongResult


def to_text(result: SongResult) -> str:
    """Format a result as text: genres of the song, and the two most probable ones of each segment.

    Parameters
    ----------
    result : SongResult
        Predictions for a song and, if there is one, their explanation.

    Returns
    -------
    str
        Lines to print.
    """
    analysis = result.analysis
    lines = [
        f"{printable(analysis.song)} ({minutes(analysis.duration_s)}), {analysis.model}: "
        f"{answer(analysis)}"
    ]
    if analysis.padded:
        lines.append("  The song is shorter than one segment and was padded with silence.")
    for start, end, row in zip(
        analysis.starts_s, analysis.ends_s, analysis.probabilities, strict=True
    ):
        best = np.argsort(row)[::-1][:2]
        genres = "   ".join(f"{analysis.genres[index]:<9} {row[index]:.2f}" for index in best)
        lines.append(f"  {minutes(start)} - {minutes(end)}   {genres}")
    if result.explained is not None:
        lines.append(
            f"  Probability of {result.explained.explanation.target}: "
            f"{result.explained.probability_kept:.2f} for the most important "
            f"{100 * DEFAULT_KEEP:.0f} % alone, "
            f"{result.explained.probability_removed:.2f} without it"
        )
    return "\n".join(lines)


def answer(analysis: Analysis) -> str:
    """Format the prediction for a song: its genre set, or why there is none.

    Parameters
    ----------
    analysis : Analysis
        Predictions for the song.

    Returns
    -------
    str
        ``"reggae, probability 0.81"``, ``"reggae or disco, probabilities 0.41 and 0.30"``, ``"no
        sound"`` or ``"unlike anything it was trained on (nearest genre: reggae, 0.37)"``.
    """
    if analysis.silent:
        return "no sound"
    if not analysis.genre_set:
        return (
            "unlike anything it was trained on "
            f"(nearest genre: {analysis.genre}, {analysis.probability:.2f})"
        )
    shares = analysis.song_probabilities
    values = [f"{shares[analysis.genres.index(genre)]:.2f}" for genre in analysis.genre_set]
    noun = "probability" if len(values) == 1 else "probabilities"
    return f"{_joined(analysis.genre_set, 'or')}, {noun} {_joined(values, 'and')}"


def _joined(words: Sequence[str], conjunction: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last
