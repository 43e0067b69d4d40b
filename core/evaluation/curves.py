"""Curves and tables of answers: precision-recall, ROC, reliability, confusion, per-genre report.

Every function takes probabilities ``(n, genres)`` and true genres ``(n,)``, of segments or of
songs. Definitions are scikit-learn's; reliability is that of Guo et al. 2017, "On calibration of
modern neural networks".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    auc,
    average_precision_score,
    confusion_matrix,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_curve,
)

MOST_POINTS = 200  # of a curve: more cannot be seen


@dataclass(frozen=True, eq=False)
class Curve:
    """One genre against all others.

    Parameters
    ----------
    x, y : np.ndarray [shape=(points,), range=[0, 1]]
        Recall and precision, or false and true positive rate.
    area : float [range=[0, 1]]
        Average precision, or area under the ROC curve.
    """

    x: np.ndarray
    y: np.ndarray
    area: float


def precision_recall(probabilities: np.ndarray, labels: np.ndarray, genre: int) -> Curve:
    """Return a genre's precision by recall, and its average precision."""
    scores, right = probabilities[:, genre], labels == genre
    precision, recall, _ = precision_recall_curve(right, scores, drop_intermediate=True)
    return _thinned(recall[::-1], precision[::-1], float(average_precision_score(right, scores)))


def roc(probabilities: np.ndarray, labels: np.ndarray, genre: int) -> Curve:
    """Return a genre's true positive rate by false positive rate, and the area under it."""
    false, true, _ = roc_curve(labels == genre, probabilities[:, genre])
    return _thinned(false, true, float(auc(false, true)))


def _thinned(x: np.ndarray, y: np.ndarray, area: float) -> Curve:
    if len(x) > MOST_POINTS:
        chosen = np.unique(np.linspace(0, len(x) - 1, MOST_POINTS).astype(int))
        x, y = x[chosen], y[chosen]
    return Curve(x, y, area)


def confusion(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return counts by true and by named genre, ``(genres, genres)``."""
    genres = np.arange(probabilities.shape[1])
    return confusion_matrix(labels, probabilities.argmax(axis=1), labels=genres)


def genre_report(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Return precision, recall, F1 and count of each genre, ``(genres, 4)``."""
    genres = np.arange(probabilities.shape[1])
    parts = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=genres, zero_division=0
    )
    return np.stack([np.asarray(part, dtype=float) for part in parts], axis=1)


@dataclass(frozen=True, eq=False)
class Reliability:
    """How often a model is right when it is so sure.

    Parameters
    ----------
    confidence, accuracy : np.ndarray [shape=(bins,), range=[0, 1]]
        Mean winning probability and share of right answers; only bins with answers.
    counts : np.ndarray [shape=(bins,), dtype=int]
        Answers in each bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def reliability(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = 15) -> Reliability:
    """Return accuracy by confidence, in equal bins of the winning probability."""
    sure = probabilities.max(axis=1).astype(np.float64)
    right = probabilities.argmax(axis=1) == labels
    bins = np.minimum((sure * n_bins).astype(int), n_bins - 1)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    return Reliability(
        np.bincount(bins, sure, minlength=n_bins)[filled] / counts[filled],
        np.bincount(bins, right, minlength=n_bins)[filled] / counts[filled],
        counts[filled],
    )
