"""Conformal prediction: calibrate sets of classes so that they contain the true one often enough.

Conventions
-----------
A nonconformity score ``(n, classes)`` says how badly each class fits a sample. A set holds all
classes whose score is at most a threshold. Samples whose set is empty whatever the threshold, such
as songs that are too novel, have infinite scores in all classes.

Metrics
-------
* threshold: the finite-sample quantile of split conformal prediction, Vovk, Gammerman & Shafer
  2005, "Algorithmic learning in a random world". If calibration and test samples are exchangeable,
  sets of new samples contain the true class with at least the chosen probability.
* coverage: share of samples whose set contains the true class, with Wilson's interval.

See Also
--------
core.models.genre_sets : the scores of genres and the sets of songs.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from core.evaluation.metrics import proportion_interval

LEVEL = 0.9  # probability with which a set contains the true class


def validate(scores: np.ndarray, labels: np.ndarray) -> None:
    """Check the input of the functions here.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, classes)]
        Nonconformity scores.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.

    Raises
    ------
    ValueError
        If the shapes do not match, the arrays are empty, a score is NaN, or a label is not an index
        of a class.
    """
    if scores.ndim != 2 or labels.shape != scores.shape[:1]:
        raise ValueError(
            f"scores must have shape (n, classes) and labels shape (n,), not {scores.shape} and "
            f"{labels.shape}"
        )
    if not len(labels):
        raise ValueError("labels must not be empty")
    if np.isnan(scores).any():
        raise ValueError("scores must not be NaN")
    if labels.min() < 0 or labels.max() >= scores.shape[1]:
        raise ValueError(f"labels must lie in [0, {scores.shape[1]})")


def calibrate(scores: np.ndarray, labels: np.ndarray, level: float = LEVEL) -> float:
    """Find the threshold of sets that contain the true class with a given probability.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, classes)]
        Nonconformity scores of samples that the classifier was not fitted on.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    level : float [range=(0, 1)]
        Probability of containing the true class.

    Returns
    -------
    float
        The ``⌈(n + 1) level⌉``-th smallest score of a true class; infinity if there are too few
        samples, or too many with infinite scores.

    Raises
    ------
    ValueError
        See `validate`; or if `level` is not between 0 and 1.
    """
    validate(scores, labels)
    if not 0 < level < 1:
        raise ValueError(f"level must lie between 0 and 1, not {level}")
    true_scores = np.sort(scores[np.arange(len(labels)), labels])
    # Rounded first: 10 * 0.9 is a little more than 9 in floating point.
    rank = int(np.ceil(round((len(labels) + 1) * level, 9)))
    return float(true_scores[rank - 1]) if rank <= len(labels) else float("inf")


def coverage(scores: np.ndarray, labels: np.ndarray, threshold: float) -> dict[str, Any]:
    """Measure how often sets contain the true class, and how large they are.

    Parameters
    ----------
    scores : np.ndarray [shape=(n, classes)]
        Nonconformity scores of test samples.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    threshold : float
        Output of `calibrate`.

    Returns
    -------
    dict
        `n`, `coverage` with its 95 % `interval`, `mean_size`, and `sizes`: the number of samples
        with 0, 1, …, `classes` classes in their set.

    Raises
    ------
    ValueError
        See `validate`.
    """
    validate(scores, labels)
    sets = (scores <= threshold) & np.isfinite(scores)
    sizes = sets.sum(axis=1)
    covered = sets[np.arange(len(labels)), labels]
    return {
        "n": len(labels),
        "coverage": float(covered.mean()),
        "interval": list(proportion_interval(int(covered.sum()), len(labels))),
        "mean_size": float(sizes.mean()),
        "sizes": np.bincount(sizes, minlength=scores.shape[1] + 1).tolist(),
    }
