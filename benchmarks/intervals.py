"""Confidence intervals of benchmark results: bootstrap over whole songs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

SEED = 0
RESAMPLES = 2_000
LEVEL = (2.5, 97.5)  # percentiles of a 95 % interval


def resampled_songs(count: int) -> np.ndarray:
    """Draw songs with replacement, `shape=(RESAMPLES, count)`; the same for the same count."""
    return np.random.default_rng(SEED).integers(count, size=(RESAMPLES, count))


def mean_interval(
    values: Sequence[float] | np.ndarray, weights: Sequence[float] | np.ndarray | None = None
) -> list[float]:
    """95 % interval of a weighted mean, by resampling whole songs.

    Parameters
    ----------
    values : sequence of float [shape=(songs,)]
        Mean of each song.
    weights : sequence of float [shape=(songs,)], optional
        Weight of each song, such as its number of segments; by default all the same.

    Returns
    -------
    list of float
        Lower and upper bound.
    """
    chosen = resampled_songs(len(values))
    given = np.ones(len(values)) if weights is None else np.asarray(weights, dtype=float)
    means = np.average(np.asarray(values, dtype=float)[chosen], axis=1, weights=given[chosen])
    return np.percentile(means, LEVEL).tolist()


def interval_of(statistic: Callable[[np.ndarray], float], count: int) -> list[float]:
    """95 % interval of any statistic, by resampling whole songs.

    Parameters
    ----------
    statistic : callable
        From indices of songs to a number.
    count : int
        Number of songs.

    Returns
    -------
    list of float
        Lower and upper bound.
    """
    return np.percentile([statistic(rows) for rows in resampled_songs(count)], LEVEL).tolist()


def mean_entry(values: Sequence[float] | np.ndarray) -> dict[str, Any]:
    """Mean over songs with its 95 % interval: `mean` and `interval`."""
    return {"mean": float(np.mean(values)), "interval": mean_interval(values)}
