"""Genre sets: all genres that remain possible for a song, instead of the most probable one alone.

A set holds the most probable genres, as few as possible, until their probabilities add up to more
than a threshold. The threshold is calibrated so that sets contain the true genre of 90 % of the
songs by unseen artists (conformal prediction, see `core.evaluation.conformal`). It is stored on the
model's card as ``genre_sets``; older cards lack it.

References
----------
Romano, Sesia & Candès 2020, "Classification with valid and adaptive coverage"; without their
randomisation, so that a song always has the same set, which is never empty.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def mass_above(probabilities: np.ndarray) -> np.ndarray:
    """Add up the probabilities of all genres that are more probable than each genre.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
        Genre probabilities of songs. Of equal ones, the first counts as more probable.

    Returns
    -------
    np.ndarray [shape=(n, genres), range=[0, 1)]
        Zero for the most probable genre of each song.
    """
    probabilities = np.asarray(probabilities, dtype=np.float64)
    order = np.argsort(-probabilities, axis=1, kind="stable")
    ranked = np.take_along_axis(probabilities, order, axis=1)
    above = np.zeros_like(ranked)
    np.cumsum(ranked[:, :-1], axis=1, out=above[:, 1:])
    found = np.empty_like(above)
    np.put_along_axis(found, order, above, axis=1)
    return found


def genre_set(
    probabilities: np.ndarray, threshold: float, genres: Sequence[str]
) -> tuple[str, ...]:
    """Choose the genres that remain possible for a song.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(genres,), range=[0, 1]]
        Genre probabilities of the song.
    threshold : float [range=[0, 1]]
        Probability that the set exceeds, from `core.evaluation.conformal.calibrate`.
    genres : sequence of str
        Names of the genres.

    Returns
    -------
    tuple of str
        At least one genre, the most probable first.
    """
    row = np.asarray(probabilities, dtype=np.float64)
    above = mass_above(row[np.newaxis])[0]
    order = np.argsort(-row, kind="stable")
    return tuple(genres[index] for index in order if above[index] <= threshold)
