"""Detection of the unknown: how well a score separates strange samples from known ones.

Conventions
-----------
`known` and `strange` are scores ``(n,)`` and ``(m,)``; a higher score means stranger. Ties count
half, as in scikit-learn.

Metrics
-------
* AUROC: probability that a strange sample has a higher score than a known one.
* confidence interval: bootstrap over samples of both groups, or over the songs of several tasks
  (Efron & Tibshirani 1993).
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata

from core.evaluation.metrics import LEVEL, RESAMPLES

TURNED_AWAY = 0.05  # share of known samples above the threshold


def validate(known: np.ndarray, strange: np.ndarray) -> None:
    """Check the input of the metrics.

    Parameters
    ----------
    known, strange : np.ndarray [shape=(n,) and (m,)]
        Scores.

    Raises
    ------
    ValueError
        If a group is empty, is not one-dimensional or contains NaN.
    """
    for name, scores in (("known", known), ("strange", strange)):
        if np.ndim(scores) != 1 or not len(scores):
            raise ValueError(f"{name} must be a one-dimensional array with at least one score")
        if np.isnan(scores).any():
            raise ValueError(f"{name} must not contain NaN")


def auroc(known: np.ndarray, strange: np.ndarray) -> float:
    """Probability that a strange sample has a higher score than a known one.

    Parameters
    ----------
    known, strange : np.ndarray [shape=(n,) and (m,)]
        Scores; infinite ones are allowed.

    Returns
    -------
    float [range=[0, 1]]
        Area under the ROC curve; 0.5 is chance.

    Raises
    ------
    ValueError
        See `validate`.
    """
    validate(known, strange)
    ranks = rankdata(np.concatenate([known, strange]))
    above = ranks[len(known) :].sum() - len(strange) * (len(strange) + 1) / 2
    return float(above / (len(known) * len(strange)))


def auroc_interval(
    tasks: Mapping[str, tuple[np.ndarray, np.ndarray]], seed: int = 0
) -> tuple[float, float]:
    """95 % confidence interval of the mean AUROC over tasks, by resampling samples.

    Parameters
    ----------
    tasks : mapping of str to tuple
        Scores of known and of strange samples, by name of the task.
    seed : int
        Seed of the bootstrap.

    Returns
    -------
    low, high : float
        Percentiles over the bootstrap samples.
    """
    generator = np.random.default_rng(seed)
    means = []
    for _ in range(RESAMPLES):
        values = [
            auroc(*(group[generator.integers(len(group), size=len(group))] for group in groups))
            for groups in tasks.values()
        ]
        means.append(np.mean(values))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(means, [tail, 100 - tail])
    return float(low), float(high)


def threshold(known: np.ndarray, share: float = TURNED_AWAY) -> float:
    """Find the score that a given share of known samples exceeds.

    Parameters
    ----------
    known : np.ndarray [shape=(n,)]
        Scores of known samples that nothing was fitted on.
    share : float [range=(0, 1)]
        Share of samples that may exceed the threshold.

    Returns
    -------
    float
        The ``⌈(n + 1) (1 − share)⌉``-th smallest score. A new sample exceeds it with a probability
        of at most `share`. With too few samples for that, the largest score.

    Raises
    ------
    ValueError
        See `validate`; or if `share` is not between 0 and 1.
    """
    validate(known, known)
    if not 0 < share < 1:
        raise ValueError(f"share must lie between 0 and 1, not {share}")
    rank = int(np.ceil(round((len(known) + 1) * (1 - share), 9)))
    return float(np.sort(known)[min(rank, len(known)) - 1])


def roc_points(known: np.ndarray, strange: np.ndarray, rates: np.ndarray) -> list[float]:
    """Share of strange samples that are detected at given rates of false alarms.

    Parameters
    ----------
    known, strange : np.ndarray [shape=(n,) and (m,)]
        Scores.
    rates : np.ndarray [shape=(points,), range=[0, 1]]
        Shares of known samples that are turned away.

    Returns
    -------
    list of float
        Shares of strange samples above the same threshold.

    Raises
    ------
    ValueError
        See `validate`.
    """
    validate(known, strange)
    found = []
    for rate in rates:
        bound = np.quantile(known, 1 - rate, method="higher") if rate < 1 else -np.inf
        found.append(float((strange > bound).mean()))
    return found
