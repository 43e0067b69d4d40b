"""Metrics of where an explanation lies, for songs whose ground truth is known.

Conventions
-----------
An *attribution* has one number for each cell of a spectrogram, a *truth* is the mask of the cells
in which the explained genre sounds, and a *kept part* the mask of the most important cells. All are
arrays of one shape, without padding. Cells are counted by area, so for random attributions the
expected value of both metrics is the share of the truth (*chance*).

Metrics
-------
* `mass_accuracy`: share of the positive attribution that lies on the truth. This is the relevance
  mass accuracy of Arras, Osman & Samek 2022, "CLEVR-XAI: a benchmark dataset for the ground truth
  evaluation of neural network explanations", and the Focus of Arias-Duart et al. 2022, "Focus!
  Rating XAI methods and finding biases".
* `kept_precision`: share of the kept part that lies on the truth. With as many kept cells as true
  ones it would be Arras et al.'s relevance rank accuracy.
* `kept_ceiling`: the largest possible `kept_precision`.

See Also
--------
core.listening.mixing : Mixes of two songs, which have a ground truth.
"""

from __future__ import annotations

import numpy as np


def validate(values: np.ndarray, truth: np.ndarray) -> None:
    """Check an attribution or a kept part, and the truth.

    Parameters
    ----------
    values : np.ndarray
        Attribution, or mask of the kept part.
    truth : np.ndarray [dtype=bool]
        Cells in which the explained genre sounds.

    Raises
    ------
    ValueError
        If the shapes differ, there is no cell, a value is not finite, or the truth is no mask.
    """
    if np.shape(values) != np.shape(truth):
        raise ValueError(
            f"An explanation of shape {np.shape(values)} cannot be compared with a ground truth "
            f"of shape {np.shape(truth)}."
        )
    if not np.size(values):
        raise ValueError("There are no cells to compare. Pass at least one segment.")
    if np.asarray(truth).dtype != bool:
        raise ValueError("The ground truth must be a mask of booleans.")
    if not np.isfinite(values).all():
        raise ValueError("An explanation must consist of finite numbers.")


def mass_accuracy(attribution: np.ndarray, truth: np.ndarray) -> float:
    """Compute the share of the positive attribution that lies on the truth.

    Parameters
    ----------
    attribution : np.ndarray
        Attribution of each cell, in any unit.
    truth : np.ndarray [dtype=bool]
        Cells in which the explained genre sounds.

    Returns
    -------
    float, range=[0, 1]
        Higher is better; 0 if no attribution is positive, because it then locates nothing.

    Raises
    ------
    ValueError
        As `validate`.
    """
    validate(attribution, truth)
    positive = np.maximum(np.asarray(attribution, dtype=np.float64), 0)
    total = positive.sum()
    return float(positive[truth].sum() / total) if total > 0 else 0.0


def kept_precision(kept: np.ndarray, truth: np.ndarray) -> float:
    """Compute the share of the kept part that lies on the truth.

    Parameters
    ----------
    kept : np.ndarray [dtype=bool]
        The most important cells.
    truth : np.ndarray [dtype=bool]
        Cells in which the explained genre sounds.

    Returns
    -------
    float, range=[0, 1]
        Higher is better; 0 if nothing is kept.

    Raises
    ------
    ValueError
        As `validate`.
    """
    validate(kept, truth)
    kept = np.asarray(kept, dtype=bool)
    return float(truth[kept].mean()) if kept.any() else 0.0


def kept_ceiling(kept: np.ndarray, truth: np.ndarray) -> float:
    """Compute the largest `kept_precision` of a part of this size.

    Parameters
    ----------
    kept, truth : np.ndarray [dtype=bool]
        As in `kept_precision`.

    Returns
    -------
    float, range=[0, 1]
        Below 1 if the truth has fewer cells than the kept part.

    Raises
    ------
    ValueError
        As `validate`.
    """
    validate(kept, truth)
    count = int(np.count_nonzero(kept))
    return min(1.0, np.count_nonzero(truth) / count) if count else 0.0
