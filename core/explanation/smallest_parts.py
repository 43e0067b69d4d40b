"""Smallest parts of a segment: one that suffices for a prediction, one that is necessary for it.

Conventions
-----------
Cells are taken in the order of a ranking. A part is *sufficient* if the model, given that part
alone, assigns the genre at least `SUFFICIENT` of the probability that it has in the song. It is
*necessary* if the model predicts another genre without it. Both are searched along `SHARES`, from
the smallest: the first share that meets the condition is the result. The ranking of
`core.explanation.extremal` is optimised for both at once.

The minimal sufficient part of one model, classified by another one, is the test of Kelly & Chockler
2026, "If it's good enough for you, it's good enough for me: transferability of audio sufficiencies
across models".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from core.explanation.extremal import SHARES

SUFFICIENT = 0.9  # of the probability in the song

Predict = Callable[[float], np.ndarray]
"""From the share of the segment's area to probabilities ``(genres,)``."""


def smallest_sufficient(
    kept: Predict, genre: int, original: float, *, shares: Sequence[float] = SHARES
) -> float | None:
    """Find the smallest share that suffices for the prediction.

    Parameters
    ----------
    kept : callable
        Predicts from the highest-ranked share alone.
    genre : int
        Index of the predicted genre.
    original : float, range=[0, 1]
        Its probability in the song.
    shares : sequence of float, ascending
        Candidates.

    Returns
    -------
    float or None
        The share; None if not even the largest one suffices.
    """
    for share in shares:
        if kept(share)[genre] >= SUFFICIENT * original:
            return share
    return None


def smallest_necessary(
    removed: Predict, genre: int, *, shares: Sequence[float] = SHARES
) -> float | None:
    """Find the smallest share without which the model predicts another genre.

    Parameters
    ----------
    removed : callable
        Predicts from everything but the highest-ranked share.
    genre : int
        Index of the predicted genre.
    shares : sequence of float, ascending
        Candidates. At 1 nothing but silence is left.

    Returns
    -------
    float or None
        The share; None if the model predicts the genre even from silence.
    """
    for share in shares:
        if int(removed(share).argmax()) != genre:
            return share
    return None
