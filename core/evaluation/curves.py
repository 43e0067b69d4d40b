"""Curves and tables of predictions, genre by genre and by confidence.

Conventions
-----------
Every function takes probabilities ``(n, genres)`` and true genres ``(n,)``, of segments or of
songs; see `core.evaluation.metrics.validate`.

Metrics
-------
* precision, recall, F1, average precision, ROC and the area under it: as in scikit-learn.
* reliability: Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.metrics import (
    auc,
    average_precision_score,
    precision_recall_curve,
    precision_recall_fscore_support,
    roc_curve,
)

from core.evaluation.metrics import BINS, confidence_bins

MAX_POINTS = 200  # of a curve; more would not be visible


@dataclass(frozen=True, eq=False)
class Curve:
    """Curve of one genre against all others.

    Parameters
    ----------
    x, y : np.ndarray [shape=(points,), range=[0, 1]]
        Recall and precision, or false and true positive rate; `x` ascends.
    area : float [range=[0, 1]]
        Average precision, or area under the ROC curve.
    """

    x: np.ndarray
    y: np.ndarray
    area: float


def precision_recall(probabilities: np.ndarray, labels: np.ndarray, genre: int) -> Curve:
    """Precision of a genre by recall, with its average precision."""
    scores, positive = probabilities[:, genre], labels == genre
    precision, recall, _ = precision_recall_curve(positive, scores, drop_intermediate=True)
    return _thinned(recall[::-1], precision[::-1], float(average_precision_score(positive, scores)))


def roc(probabilities: np.ndarray, labels: np.ndarray, genre: int) -> Curve:
    """ROC curve of a genre against all others, with the area under it."""
    false, true, _ = roc_curve(labels == genre, probabilities[:, genre])
    return _thinned(false, true, float(auc(false, true)))


def _thinned(x: np.ndarray, y: np.ndarray, area: float) -> Curve:
    if len(x) > MAX_POINTS:
        chosen = np.unique(np.linspace(0, len(x) - 1, MAX_POINTS).astype(int))
        x, y = x[chosen], y[chosen]
    return Curve(x, y, area)


def genre_report(probabilities: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Precision, recall, F1 and count of each genre, `shape=(genres, 4)`."""
    genres = np.arange(probabilities.shape[1])
    parts = precision_recall_fscore_support(
        labels, probabilities.argmax(axis=1), labels=genres, zero_division=0
    )
    return np.stack([np.asarray(part, dtype=float) for part in parts], axis=1)


@dataclass(frozen=True, eq=False)
class Reliability:
    """Accuracy at each confidence level.

    Parameters
    ----------
    confidence, accuracy : np.ndarray [shape=(bins,), range=[0, 1]]
        Mean confidence and share of correct predictions in each bin that is not empty.
    counts : np.ndarray [shape=(bins,), dtype=int]
        Number of predictions in each bin.
    """

    confidence: np.ndarray
    accuracy: np.ndarray
    counts: np.ndarray


def reliability(probabilities: np.ndarray, labels: np.ndarray, n_bins: int = BINS) -> Reliability:
    """Accuracy by confidence, in bins of equal width."""
    bins, confidence, correct = confidence_bins(probabilities, labels, n_bins)
    counts = np.bincount(bins, minlength=n_bins)
    filled = counts > 0
    return Reliability(
        np.bincount(bins, confidence, minlength=n_bins)[filled] / counts[filled],
        np.bincount(bins, correct, minlength=n_bins)[filled] / counts[filled],
        counts[filled],
    )
