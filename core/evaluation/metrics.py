"""How good a model is: accuracy, macro F1, log loss, calibration, intervals, McNemar's test.

Conventions
-----------
`probabilities` has shape ``(n, classes)`` with rows that sum to one; `labels` has shape ``(n,)``
with integers below `classes`. A song's probabilities are the mean of its segments'. Every metric is
a pure function of arrays; `evaluate` returns them all by name.

Metrics
-------
* accuracy, macro F1, log loss: as in scikit-learn.
* expected calibration error: Guo et al. 2017, "On calibration of modern neural networks".
* interval of a proportion: Wilson 1927.
* interval over songs: the bootstrap over whole songs, since segments of a song are not independent.
* McNemar's test, exact: McNemar 1947.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats
from sklearn.metrics import confusion_matrix, f1_score, log_loss

BINS = 15  # of the calibration error
RESAMPLES = 2_000  # of the bootstrap
LEVEL = 0.95  # of every interval


def validate(probabilities: np.ndarray, labels: np.ndarray) -> None:
    """Say what is wrong with the input before anything is computed.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.

    Raises
    ------
    ValueError
        If shapes differ, nothing is there, or a row is no distribution.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            f"probabilities {probabilities.shape} and labels {labels.shape} do not belong together"
        )
    if not len(labels):
        raise ValueError("there is nothing to evaluate: labels is empty")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or probabilities.min() < 0:
        raise ValueError("every row of probabilities must be a distribution over the classes")
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(f"labels must lie in [0, {probabilities.shape[1]})")


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the share of rows whose largest probability is the true class's."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def macro_f1(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the mean over classes of the F1 score; a class never met nor named counts zero."""
    classes = np.arange(probabilities.shape[1])
    return float(
        f1_score(
            labels, probabilities.argmax(axis=1), labels=classes, average="macro", zero_division=0
        )
    )


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the log loss in nats."""
    rows = probabilities.astype(np.float64)
    rows = rows / rows.sum(axis=1, keepdims=True)
    return float(log_loss(labels, rows, labels=np.arange(rows.shape[1])))


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = BINS) -> float:
    """Return the expected calibration error.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    n_bins : int
        Equal bins of the winning probability.

    Returns
    -------
    float [range=[0, 1]]
        Mean over rows of |accuracy - confidence| of the row's bin.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    bins = np.minimum((confidence * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, correct - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(labels))


def proportion_interval(successes: int, n: int) -> tuple[float, float]:
    """Return Wilson's 95 % interval of a proportion."""
    interval = scipy.stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def song_interval(
    metric: Callable[[np.ndarray, np.ndarray], float],
    probabilities: np.ndarray,
    labels: np.ndarray,
    songs: np.ndarray,
    seed: int = 0,
) -> tuple[float, float]:
    """Return a metric's 95 % interval by resampling whole songs.

    Parameters
    ----------
    metric : callable
        Function of probabilities and labels.
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities of segments.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes of segments.
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment.
    seed : int
        Seed of the resampling.

    Returns
    -------
    low, high : float
        Percentiles of the metric over the resamples.
    """
    generator = np.random.default_rng(seed)
    members = [np.flatnonzero(songs == song) for song in np.unique(songs)]
    values = []
    for _ in range(RESAMPLES):
        chosen = generator.integers(len(members), size=len(members))
        rows = np.concatenate([members[song] for song in chosen])
        values.append(metric(probabilities[rows], labels[rows]))
    tail = 100 * (1 - LEVEL) / 2
    low, high = np.percentile(values, [tail, 100 - tail])
    return float(low), float(high)


def song_votes(
    probabilities: np.ndarray, labels: np.ndarray, songs: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return every song's mean probabilities and its label.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities of segments.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes of segments.
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment.

    Returns
    -------
    probabilities : np.ndarray [shape=(songs, classes)]
        Means over the segments of each song, songs in ascending order.
    labels : np.ndarray [shape=(songs,), dtype=int]
        True classes of the songs.
    """
    _, first, inverse, counts = np.unique(
        songs, return_index=True, return_inverse=True, return_counts=True
    )
    sums = np.zeros((len(first), probabilities.shape[1]))
    np.add.at(sums, inverse, probabilities)
    return sums / counts[:, np.newaxis], labels[first]


def mcnemar(correct_a: np.ndarray, correct_b: np.ndarray) -> dict[str, float]:
    """Compare two models on the same rows: exact McNemar test.

    Parameters
    ----------
    correct_a, correct_b : np.ndarray [shape=(n,), dtype=bool]
        Whether each model was right, row by row.

    Returns
    -------
    dict
        `only_a`, `only_b`: rows that one alone got right; `p_value`, two-sided.
    """
    only_a = int(np.sum(correct_a & ~correct_b))
    only_b = int(np.sum(~correct_a & correct_b))
    p_value = 1.0
    if only_a + only_b:
        p_value = float(scipy.stats.binomtest(only_a, only_a + only_b).pvalue)
    return {"only_a": only_a, "only_b": only_b, "p_value": p_value}


def evaluate(probabilities: np.ndarray, labels: np.ndarray, songs: np.ndarray) -> dict[str, Any]:
    """Return every metric by name, for segments and for song votes.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities of segments.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes of segments.
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment.

    Returns
    -------
    dict
        `segment` and `song`, each with `n`, `accuracy`, `interval`, `macro_f1`, `log_loss`, `ece`;
        `confusion` (true × predicted song counts); `tracks`.

    Raises
    ------
    ValueError
        If the arrays do not belong together.
    """
    validate(probabilities, labels)
    votes, truths = song_votes(probabilities, labels, songs)

    def figures(rows: np.ndarray, truth: np.ndarray, interval: tuple[float, float]) -> dict:
        return {
            "n": len(truth),
            "accuracy": accuracy(rows, truth),
            "interval": list(interval),
            "macro_f1": macro_f1(rows, truth),
            "log_loss": cross_entropy(rows, truth),
            "ece": calibration_error(rows, truth),
        }

    right = int((votes.argmax(axis=1) == truths).sum())
    classes = np.arange(probabilities.shape[1])
    return {
        "tracks": len(truths),
        "segment": figures(
            probabilities, labels, song_interval(accuracy, probabilities, labels, songs)
        ),
        "song": figures(votes, truths, proportion_interval(right, len(truths))),
        "confusion": confusion_matrix(truths, votes.argmax(axis=1), labels=classes).tolist(),
    }
