"""Classification metrics with confidence intervals, and a test that compares two models.

Conventions
-----------
`probabilities` has shape ``(n, classes)`` with rows that sum to one; `labels` has shape ``(n,)``
with integers below `classes`. The probabilities of a song are the mean over its segments. Every
metric is a pure function of arrays; `evaluate` computes them all.

Metrics
-------
* accuracy, macro F1, log loss, confusion matrix: as in scikit-learn.
* expected calibration error: Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural
  networks".
* confidence interval of a proportion: Wilson 1927.
* confidence interval over songs: bootstrap over whole songs (Efron & Tibshirani 1993), since the
  segments of a song are not independent.
* McNemar's test, exact: McNemar 1947.
* confidence interval of a difference of paired proportions: Newcombe 1998, "Improved confidence
  intervals for the difference between binomial proportions based on paired data" (method 10).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats
from sklearn.metrics import confusion_matrix, f1_score, log_loss

BINS = 15  # confidence bins of the calibration error
RESAMPLES = 2_000  # bootstrap samples
LEVEL = 0.95  # confidence level of all intervals


def validate(probabilities: np.ndarray, labels: np.ndarray) -> None:
    """Check the input of the metrics.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.

    Raises
    ------
    ValueError
        If the shapes do not match, the arrays are empty, a row of `probabilities` is not a
        distribution, or a label is not an index of a class.
    """
    if probabilities.ndim != 2 or labels.shape != probabilities.shape[:1]:
        raise ValueError(
            f"probabilities must have shape (n, classes) and labels shape (n,), "
            f"not {probabilities.shape} and {labels.shape}"
        )
    if not len(labels):
        raise ValueError("labels must not be empty")
    if not np.allclose(probabilities.sum(axis=1), 1, atol=1e-3) or probabilities.min() < 0:
        raise ValueError("rows of probabilities must be non-negative and sum to one")
    if labels.min() < 0 or labels.max() >= probabilities.shape[1]:
        raise ValueError(f"labels must lie in [0, {probabilities.shape[1]})")


def accuracy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Share of rows in which the true class has the largest probability."""
    return float((probabilities.argmax(axis=1) == labels).mean())


def macro_f1(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Unweighted mean of the F1 scores of all classes; zero for a class that never occurs."""
    classes = np.arange(probabilities.shape[1])
    return float(
        f1_score(
            labels, probabilities.argmax(axis=1), labels=classes, average="macro", zero_division=0
        )
    )


def cross_entropy(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Log loss in nats; rows are normalised to sum to one exactly."""
    probabilities = probabilities.astype(np.float64)
    probabilities = probabilities / probabilities.sum(axis=1, keepdims=True)
    return float(log_loss(labels, probabilities, labels=np.arange(probabilities.shape[1])))


def confidence_bins(
    probabilities: np.ndarray, labels: np.ndarray, n_bins: int = BINS
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Assign predictions to bins of equal width by their confidence.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    n_bins : int
        Number of bins.

    Returns
    -------
    bins : np.ndarray [shape=(n,), dtype=int, range=[0, n_bins)]
        Bin of each prediction.
    confidence : np.ndarray [shape=(n,), dtype=float64, range=[0, 1]]
        Largest probability of each row.
    correct : np.ndarray [shape=(n,), dtype=bool]
        Whether it is the probability of the true class.
    """
    confidence = probabilities.max(axis=1).astype(np.float64)
    correct = probabilities.argmax(axis=1) == labels
    return np.minimum((confidence * n_bins).astype(int), n_bins - 1), confidence, correct


def calibration_error(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = BINS) -> float:
    """Compute the expected calibration error.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    n_bins : int
        Number of confidence bins.

    Returns
    -------
    float [range=[0, 1]]
        Difference between accuracy and mean confidence, averaged over bins by their counts.
    """
    bins, confidence, correct = confidence_bins(probabilities, labels, n_bins)
    gaps = np.bincount(bins, correct - confidence, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(labels))


def proportion_interval(successes: int, n: int) -> tuple[float, float]:
    """Wilson's 95 % confidence interval of a proportion."""
    interval = scipy.stats.binomtest(successes, n).proportion_ci(LEVEL, method="wilson")
    return float(interval.low), float(interval.high)


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Confusion matrix: counts by true and predicted class, `shape=(classes, classes)`."""
    classes = np.arange(probabilities.shape[1])
    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=classes)


def song_interval(
    metric: Callable[[np.ndarray, np.ndarray], float],
    probabilities: np.ndarray,
    labels: np.ndarray,
    songs: np.ndarray,
    seed: int = 0,
) -> tuple[float, float]:
    """95 % confidence interval of a metric by resampling whole songs.

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
        Seed of the bootstrap.

    Returns
    -------
    low, high : float
        Percentiles of the metric over the bootstrap samples.
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
    """Mean probabilities and the label of each song.

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
        Means over the segments of each song; songs in ascending order.
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
    """Exact McNemar test of two models on the same samples.

    Parameters
    ----------
    correct_a, correct_b : np.ndarray [shape=(n,), dtype=bool]
        Whether each model's predictions are correct, sample by sample.

    Returns
    -------
    dict
        `only_a`, `only_b`: number of samples that one model alone classifies correctly;
        `p_value`, two-sided.
    """
    only_a = int(np.sum(correct_a & ~correct_b))
    only_b = int(np.sum(~correct_a & correct_b))
    p_value = 1.0
    if only_a + only_b:
        p_value = float(scipy.stats.binomtest(only_a, only_a + only_b).pvalue)
    return {"only_a": only_a, "only_b": only_b, "p_value": p_value}


def accuracy_difference(correct_a: np.ndarray, correct_b: np.ndarray) -> tuple[float, float, float]:
    """Difference in accuracy of two models on the same samples, with its 95 % interval.

    Parameters
    ----------
    correct_a, correct_b : np.ndarray [shape=(n,), dtype=bool]
        Whether each model's predictions are correct, sample by sample.

    Returns
    -------
    difference, low, high : float [range=[-1, 1]]
        Accuracy of the second model minus that of the first, and Newcombe's interval.
    """
    n = len(correct_a)
    hits = int(correct_b.sum()), int(correct_a.sum())
    first, second = (count / n for count in hits)
    (low_1, high_1), (low_2, high_2) = (proportion_interval(count, n) for count in hits)
    both, neither = int(np.sum(correct_a & correct_b)), int(np.sum(~correct_a & ~correct_b))
    only_1, only_2 = hits[0] - both, hits[1] - both
    covariance = float(both * neither - only_1 * only_2)
    if covariance > 0:
        covariance = max(covariance - n / 2, 0)
    margins = float(np.prod([hits[0], n - hits[0], hits[1], n - hits[1]], dtype=float))
    phi = covariance / np.sqrt(margins) if margins else 0.0

    def width(one: float, other: float) -> float:
        return float(np.sqrt(max(one**2 - 2 * phi * one * other + other**2, 0)))

    difference = first - second
    return (
        difference,
        difference - width(first - low_1, high_2 - second),
        difference + width(high_1 - first, second - low_2),
    )


def evaluate(probabilities: np.ndarray, labels: np.ndarray, songs: np.ndarray) -> dict[str, Any]:
    """Compute all metrics, for segments and for song votes.

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
        `segment` and `song`, each with `n`, `accuracy`, `interval` (of the accuracy), `macro_f1`,
        `log_loss` and `ece`; `confusion`: song counts by true and predicted genre; `tracks`:
        number of songs. Ready for JSON.

    Raises
    ------
    ValueError
        See `validate`.
    """
    validate(probabilities, labels)
    votes, truths = song_votes(probabilities, labels, songs)

    def metrics(
        probabilities: np.ndarray, labels: np.ndarray, interval: tuple[float, float]
    ) -> dict[str, Any]:
        return {
            "n": len(labels),
            "accuracy": accuracy(probabilities, labels),
            "interval": list(interval),
            "macro_f1": macro_f1(probabilities, labels),
            "log_loss": cross_entropy(probabilities, labels),
            "ece": calibration_error(probabilities, labels),
        }

    correct = int((votes.argmax(axis=1) == truths).sum())
    return {
        "tracks": len(truths),
        "segment": metrics(
            probabilities, labels, song_interval(accuracy, probabilities, labels, songs)
        ),
        "song": metrics(votes, truths, proportion_interval(correct, len(truths))),
        "confusion": confusion(votes, truths).tolist(),
    }
