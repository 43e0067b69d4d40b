"""Metrics of explanations: pure functions of what a model said of masked audio, and of maps.

Conventions
-----------
A *segment* is one of the song's three-second segments. The model hears each of them three times:
in the original song, in the song of which only the important regions were kept, and in the song
from which these were removed. Probabilities of one genre are arrays of `shape=(n,)`, those of all
genres of `shape=(n, genres)`, all in [0, 1] and in the same order of segments. A *map* has one
number for each cell of a segment, in any shape; for `sparseness` and `complexity` it is what is
left of the segment's spectrogram, non-negative.

Metrics
-------
As reported in Paissan, Ravanelli & Subakan 2024, "Listenable maps for audio classifiers" (L-MAC):

* `average_increase` (AI, higher is better), `average_drop` (AD, lower is better): Chattopadhay,
  Sarkar, Howlader & Balasubramanian 2018, "Grad-CAM++".
* `average_gain` (AG, higher is better): Zhang, Torres, Sicre, Avrithis & Ayache 2024, "Opti-CAM".
* `faithfulness_of_removal` (FF, higher is better): Parekh, Parekh, Mozharovskyi, d'Alche-Buc &
  Richard 2022, "Listen to interpret".
* `input_fidelity` (Fid-In, higher is better): Paissan, Subakan & Ravanelli 2023, "Posthoc
  interpretation via quantization".
* `sparseness` (SPS, higher is better): Chalasani, Chen, Chowdhury, Wu & Jha 2020, "Concise
  explanations of neural networks using adversarial training".
* `complexity` (COMP, lower is better): Bhatt, Weller & Moura 2020, "Evaluating and aggregating
  feature-based model explanations".

Over several areas instead of one:

* `insertion_auc` (higher is better), `deletion_auc` (lower is better): Petsiuk, Das & Saenko 2018,
  "RISE: randomized input sampling for explanation of black-box models".

Of the maps alone:

* `rank_correlation` (near 0 is better, where one of two models knows nothing): Adebayo, Gilmer,
  Muelly, Goodfellow, Hardt & Kim 2018, "Sanity checks for saliency maps".
"""

from __future__ import annotations

import numpy as np
import scipy.stats


def validate(*probabilities: np.ndarray) -> None:
    """Check arrays of probabilities that are to be compared.

    Parameters
    ----------
    *probabilities : np.ndarray [shape=(n,) or (n, genres), range=[0, 1]]
        Arrays of one shape.

    Raises
    ------
    ValueError
        If there is no segment, the shapes differ, or a value is no probability.
    """
    shapes = {np.shape(values) for values in probabilities}
    if len(shapes) != 1:
        raise ValueError(f"Probabilities to compare differ in shape: {sorted(shapes)}.")
    if not np.size(probabilities[0]):
        raise ValueError("There are no probabilities to compare; give at least one segment.")
    for values in probabilities:
        # Written so that NaN fails, with room for a softmax's rounding.
        if not np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1 + 1e-6)):
            raise ValueError("Probabilities must be numbers from 0 to 1.")


def average_increase(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AI: the percentage of segments whose kept part is more convincing than the whole.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average increase in percent.
    """
    validate(original, kept)
    return float(100 * np.mean(np.asarray(kept) > np.asarray(original)))


def average_drop(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AD: how much of the whole's probability the kept part loses on average.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average drop in percent; a segment that gains, or had nothing to lose, counts as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(original - kept, 0), original)))


def average_gain(original: np.ndarray, kept: np.ndarray) -> float:
    """Return AG: how much of what the whole lacked to certainty the kept part gains on average.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average gain in percent; a segment that loses, or had nothing to gain, counts as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(kept - original, 0), 1 - original)))


def faithfulness_of_removal(original: np.ndarray, removed: np.ndarray) -> float:
    """Return FF: the probability that is lost with the important regions.

    Parameters
    ----------
    original, removed : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[-1, 1]
        Mean difference of the probabilities.
    """
    validate(original, removed)
    return float(np.mean(np.asarray(original, dtype=float) - np.asarray(removed, dtype=float)))


def input_fidelity(original: np.ndarray, kept: np.ndarray) -> float:
    """Return Fid-In: the share of segments whose kept part gets the same genre as the whole.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.

    Returns
    -------
    float, range=[0, 1]
        Share of equal answers.
    """
    validate(original, kept)
    return float(np.mean(np.argmax(original, axis=1) == np.argmax(kept, axis=1)))


def sparseness(maps: np.ndarray) -> float:
    """Return SPS: the mean Gini index of the maps.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map a segment.

    Returns
    -------
    float, range=[0, 1)
        0 when all cells are equal, and for an empty map; near 1 when everything is in one cell.
    """
    values = np.sort(_flat(maps), axis=1)
    count = values.shape[1]
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return float(np.mean(_ratio(values @ ranks, count * values.sum(axis=1))))


def complexity(maps: np.ndarray) -> float:
    """Return COMP: the mean entropy of the maps, each taken as a distribution over its cells.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map a segment.

    Returns
    -------
    float, range=[0, log(cells)]
        Entropy in nats; 0 when everything is in one cell, and for an empty map.
    """
    values = _flat(maps)
    shares = _ratio(values, np.broadcast_to(values.sum(axis=1, keepdims=True), values.shape))
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(np.mean(-np.sum(shares * logs, axis=1)) + 0.0)  # no negative zero


def insertion_auc(shares: np.ndarray, kept: np.ndarray) -> float:
    """Return the insertion AUC: how soon the probability comes back as more is kept.

    Parameters
    ----------
    shares : np.ndarray [shape=(k,), range=[0, 1]]
        Shares of the area that are kept, rising from 0 to 1.
    kept : np.ndarray [shape=(k,) or (k, n), range=[0, 1]]
        Probability of the explained genre at each share: of silence at the first, of the whole
        segment at the last.

    Returns
    -------
    float, range=[0, 1]
        Area under the curve by the trapezoidal rule, as a mean over the segments.

    Raises
    ------
    ValueError
        If the shares do not rise from 0 to 1, or a value is no probability.
    """
    return _area_under_curve(shares, kept)


def deletion_auc(shares: np.ndarray, removed: np.ndarray) -> float:
    """Return the deletion AUC: how long the probability stays as more is removed.

    Parameters
    ----------
    shares : np.ndarray [shape=(k,), range=[0, 1]]
        Shares of the area that are removed, rising from 0 to 1.
    removed : np.ndarray [shape=(k,) or (k, n), range=[0, 1]]
        Probability of the explained genre at each share: of the whole segment at the first, of
        silence at the last.

    Returns
    -------
    float, range=[0, 1]
        Area under the curve by the trapezoidal rule, as a mean over the segments.

    Raises
    ------
    ValueError
        If the shares do not rise from 0 to 1, or a value is no probability.
    """
    return _area_under_curve(shares, removed)


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> float:
    """Return how much alike two sets of maps order their cells.

    Parameters
    ----------
    maps, others : np.ndarray [shape=(n, ...)]
        One map a segment, of either sign.

    Returns
    -------
    float, range=[-1, 1]
        Spearman's correlation of the cells' ranks, as a mean over the segments; 0 for a segment of
        which one map is the same everywhere.

    Raises
    ------
    ValueError
        If the shapes differ, there is no cell, or a value is NaN.
    """
    if np.shape(maps) != np.shape(others):
        raise ValueError(f"Maps differ in shape: {np.shape(maps)} and {np.shape(others)}.")
    first, second = (
        scipy.stats.rankdata(_rows(values), axis=1, nan_policy="raise") for values in (maps, others)
    )
    first -= first.mean(axis=1, keepdims=True)
    second -= second.mean(axis=1, keepdims=True)
    spread = np.sqrt(np.sum(first**2, axis=1) * np.sum(second**2, axis=1))
    return float(np.mean(_ratio(np.sum(first * second, axis=1), spread)))


def evaluate(
    original: np.ndarray,
    kept: np.ndarray,
    removed: np.ndarray,
    genre: int | np.ndarray,
    maps: np.ndarray,
) -> dict[str, float]:
    """Return the metrics of one area by the names they have in the literature.

    Parameters
    ----------
    original, kept, removed : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.
    genre : int or np.ndarray [shape=(n,), dtype=int]
        Index of the explained genre, one for all segments or one for each.
    maps : np.ndarray [shape=(n, ...), non-negative]
        What is left of each segment's spectrogram when the important regions are kept.

    Returns
    -------
    dict
        `AI`, `AD`, `AG` in percent; `FF`, `Fid-In`, `SPS`; `COMP` in nats.
    """
    validate(original, kept, removed)
    rows = np.arange(len(original))
    before, inside, outside = (
        np.asarray(values)[rows, genre] for values in (original, kept, removed)
    )
    return {
        "AI": average_increase(before, inside),
        "AD": average_drop(before, inside),
        "AG": average_gain(before, inside),
        "FF": faithfulness_of_removal(before, outside),
        "Fid-In": input_fidelity(original, kept),
        "SPS": sparseness(maps),
        "COMP": complexity(maps),
    }


def _area_under_curve(shares: np.ndarray, probabilities: np.ndarray) -> float:
    validate(probabilities)
    shares = np.asarray(shares, dtype=float)
    if len(shares) != len(probabilities):
        raise ValueError(f"{len(shares)} shares have {len(probabilities)} probabilities.")
    if not (shares[0] == 0 and shares[-1] == 1 and np.all(np.diff(shares) > 0)):
        raise ValueError(f"Shares must rise from 0 to 1, unlike {shares.tolist()}.")
    return float(np.mean(np.trapezoid(np.asarray(probabilities, dtype=float), shares, axis=0)))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with 0 where there is nothing to divide by."""
    return np.divide(
        numerator, denominator, out=np.zeros_like(numerator, dtype=float), where=denominator > 0
    )


def _flat(maps: np.ndarray) -> np.ndarray:
    values = _rows(maps)
    if not np.all(values >= 0):
        raise ValueError("Maps must not be negative; give magnitudes.")
    return values


def _rows(maps: np.ndarray) -> np.ndarray:
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim < 2 or not values.size:
        raise ValueError(f"Maps of shape {values.shape} hold no segment's cells.")
    return values.reshape(len(values), -1)
