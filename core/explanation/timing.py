"""Evidence in time: its mass by frame, how concentrated it is, and its lag behind onsets.

Conventions
-----------
The *mass* of a frame is the sum of its absolute SHAP values over the mel bands. A *lag* is the
number of frames by which the mass follows the onsets of the music; it is positive if the evidence
comes later. Only frames within the song count.

Metrics
-------
* half share: smallest share of frames that together hold half of the mass. 0.5 if the mass is the
  same everywhere, near 0 if few frames hold it. For the Gini index of the mass (Hurley & Rickard
  2009, "Comparing measures of sparsity") see `core.listening.faithfulness_metrics.sparseness`.
* lag correlation: Pearson correlation of mass and onset strength at each lag.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.features.onsets import onset_strength

if TYPE_CHECKING:
    from core.explanation.explain import Explanation

MAX_LAG = 12  # frames, 0.5 s
# Mean rise of the bands in dB from one frame to the next. The largest rise in three seconds of
# steady noise is about 2 dB; in a steady tone there is none but rounding errors.
LEAST_ONSET_DB = 1.0
SIMILAR_PEAK = 0.8  # share of the largest correlation from which another peak counts as well


def frame_mass(explanation: Explanation) -> list[np.ndarray]:
    """Compute the SHAP mass of each frame.

    Parameters
    ----------
    explanation : Explanation
        The explanation.

    Returns
    -------
    list of np.ndarray [shape=(filled,), dtype=float64, non-negative]
        One array for each segment, in units of the explained output.
    """
    return [
        np.abs(mel[:frames]).sum(axis=1, dtype=np.float64)
        for mel, frames in zip(explanation.mel, explanation.filled, strict=True)
    ]


def frame_onsets(explanation: Explanation) -> list[np.ndarray]:
    """Compute the onset strength of each frame.

    Parameters
    ----------
    explanation : Explanation
        The explanation.

    Returns
    -------
    list of np.ndarray [shape=(filled,), dtype=float64, non-negative]
        One array for each segment; see `core.features.onsets.onset_strength`.
    """
    return [
        onset_strength(logmel[:frames], explanation.parameters)
        for logmel, frames in zip(explanation.logmel, explanation.filled, strict=True)
    ]


def has_onsets(onsets: np.ndarray) -> bool:
    """Whether anything begins in a segment.

    Parameters
    ----------
    onsets : np.ndarray [shape=(frames,), non-negative]
        Onset strength of each frame, see `frame_onsets`.

    Returns
    -------
    bool
        False if the sound is steady: the correlation with its onsets would be meaningless.
    """
    return bool(np.max(onsets, initial=0.0) >= LEAST_ONSET_DB)


def half_share(mass: np.ndarray) -> float:
    """Compute the smallest share of frames that hold half of the mass.

    Parameters
    ----------
    mass : np.ndarray [shape=(frames,), non-negative]
        Mass of each frame.

    Returns
    -------
    float [range=(0, 0.5]]
        Share of the frames, interpolated between whole frames; 0.5 if there is no mass.
    """
    ordered = np.sort(np.asarray(mass, dtype=np.float64))[::-1]
    if not ordered.sum() > 0:
        return 0.5
    gained = np.concatenate([[0], np.cumsum(ordered)]) / ordered.sum()
    return float(np.interp(0.5, gained, np.arange(len(gained)))) / len(ordered)


def lag_correlations(mass: np.ndarray, onsets: np.ndarray, *, max_lag: int = MAX_LAG) -> np.ndarray:
    """Correlate the mass of a segment with its onsets at each lag.

    Parameters
    ----------
    mass, onsets : np.ndarray [shape=(frames,)]
        Mass and onset strength of each frame.
    max_lag : int
        Largest lag in frames, in both directions.

    Returns
    -------
    np.ndarray [shape=(2 * max_lag + 1,), range=[-1, 1]]
        Correlations at the lags from ``-max_lag`` to ``max_lag``, each over the frames that
        overlap; 0 where one of the two is constant.

    Raises
    ------
    ValueError
        If the arrays differ in length, or are too short for the largest lag.
    """
    if mass.shape != onsets.shape or len(mass) < 2 * max_lag + 2:
        raise ValueError(
            f"Mass and onsets must have the same length of at least {2 * max_lag + 2} frames."
        )
    correlations = []
    for lag in range(-max_lag, max_lag + 1):
        later = mass[max(lag, 0) : len(mass) + min(lag, 0)]
        earlier = onsets[max(-lag, 0) : len(onsets) - max(lag, 0)]
        correlations.append(_correlation(later, earlier))
    return np.array(correlations)


def peak_lag(correlations: np.ndarray) -> int:
    """Lag in frames at which `lag_correlations`, or their mean over segments, are largest."""
    return int(np.argmax(correlations)) - len(correlations) // 2


def likely_lags(correlations: np.ndarray) -> list[int]:
    """List the lags that fit the evidence of one segment about equally well.

    In a regular rhythm, evidence that follows each beat also precedes the next one. The peaks of
    the correlation then repeat, and the one nearest to zero is the simplest reading.

    Parameters
    ----------
    correlations : np.ndarray [shape=(2 * max_lag + 1,)]
        As `lag_correlations` returns them.

    Returns
    -------
    list of int
        Lags in frames with a peak of at least `SIMILAR_PEAK` of the largest correlation, nearest to
        zero first. Empty if the correlation only rises towards an end.
    """
    inner = correlations[1:-1]
    peaks = (
        (inner > 0)
        & (inner >= SIMILAR_PEAK * correlations.max())
        & (inner >= correlations[:-2])
        & (inner >= correlations[2:])
    )
    lags = np.flatnonzero(peaks) + 1 - len(correlations) // 2
    return sorted(lags.tolist(), key=lambda lag: (abs(lag), lag))


def chance_of_correlation(mass: np.ndarray, onsets: np.ndarray, *, max_lag: int = MAX_LAG) -> float:
    """Estimate how often unrelated evidence correlates with the onsets as well as a segment's own.

    Parameters
    ----------
    mass, onsets, max_lag
        As in `lag_correlations`.

    Returns
    -------
    float [range=(0, 1]]
        Share of circular shifts of the mass by more than `max_lag` frames whose largest
        correlation is at least that of the unshifted mass, which itself counts as one. A circular
        shift preserves the rhythm of the mass, which a permutation of single frames would destroy.
    """
    own = lag_correlations(mass, onsets, max_lag=max_lag).max()
    shifts = range(max_lag + 1, len(mass) - max_lag)
    others = [
        lag_correlations(np.roll(mass, shift), onsets, max_lag=max_lag).max() for shift in shifts
    ]
    return float((1 + np.sum(np.array(others) >= own - 1e-12)) / (1 + len(others)))


def _correlation(first: np.ndarray, second: np.ndarray) -> float:
    first, second = first - first.mean(), second - second.mean()
    norm = np.linalg.norm(first) * np.linalg.norm(second)
    return float(first @ second / norm) if norm > 0 else 0.0
