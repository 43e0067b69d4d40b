"""Metrics of explanations: pure functions of predictions for masked audio, and of maps.

Conventions
-----------
A *segment* is one of the song's three-second segments. There are three predictions for each: in the
original song, in the important regions alone (*kept*), and in the song without them (*removed*).
Probabilities of one genre are arrays of `shape=(n,)`, those of all genres of `shape=(n, genres)`,
all in [0, 1] and in the same order of segments. A *map* has one number for each cell of a segment,
in any shape. For `sparseness` and `complexity` it is the kept part of the segment's spectrogram,
non-negative.

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

For several areas instead of one:

* `insertion_auc` (higher is better), `deletion_auc` (lower is better): Petsiuk, Das & Saenko 2018,
  "RISE: randomized input sampling for explanation of black-box models".

For maps alone:

* `rank_correlation` (near 0 is better if one of two models has random weights): Adebayo, Gilmer,
  Muelly, Goodfellow, Hardt & Kim 2018, "Sanity checks for saliency maps".
"""

from __future__ import annotations

import numpy as np
import scipy.stats


def validate(*probabilities: np.ndarray) -> None:
    """Check arrays of probabilities before they are compared.

    Parameters
    ----------
    *probabilities : np.ndarray [shape=(n,) or (n, genres), range=[0, 1]]
        Arrays of one shape.

    Raises
    ------
    ValueError
        If there is no segment, the shapes differ, or a value is not a probability.
    """
    shapes = {np.shape(values) for values in probabilities}
    if len(shapes) != 1:
        raise ValueError(f"Probabilities to compare differ in shape: {sorted(shapes)}.")
    if not np.size(probabilities[0]):
        raise ValueError("There are no probabilities to compare. Pass at least one segment.")
    for values in probabilities:
        # Written so that NaN fails, with room for a softmax's rounding.
        if not np.all((np.asarray(values) >= 0) & (np.asarray(values) <= 1 + 1e-6)):
            raise ValueError("Probabilities must be numbers from 0 to 1.")


def average_increase(original: np.ndarray, kept: np.ndarray) -> float:
    """Compute AI: the percentage of segments with a higher probability for the kept part.

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
    """Compute AD: the mean relative loss of probability in the kept part.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average drop in percent. Segments with a gain or with a probability of 0 count as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(original - kept, 0), original)))


def average_gain(original: np.ndarray, kept: np.ndarray) -> float:
    """Compute AG: the mean gain of the kept part, relative to the distance from certainty.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n,), range=[0, 1]]
        Probability of the explained genre.

    Returns
    -------
    float, range=[0, 100]
        Average gain in percent. Segments with a loss or with a probability of 1 count as 0.
    """
    validate(original, kept)
    original, kept = np.asarray(original, dtype=float), np.asarray(kept, dtype=float)
    return float(100 * np.mean(_ratio(np.maximum(kept - original, 0), 1 - original)))


def faithfulness_of_removal(original: np.ndarray, removed: np.ndarray) -> float:
    """Compute FF: the mean loss of probability without the important regions.

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
    """Compute Fid-In: the share of segments with the same predicted genre for the kept part.

    Parameters
    ----------
    original, kept : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.

    Returns
    -------
    float, range=[0, 1]
        Share of equal predictions.
    """
    validate(original, kept)
    return float(np.mean(np.argmax(original, axis=1) == np.argmax(kept, axis=1)))


def sparseness(maps: np.ndarray) -> float:
    """Compute SPS: the mean Gini index of the maps.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map for each segment.

    Returns
    -------
    float, range=[0, 1)
        0 if all cells are equal or the map is empty; near 1 if one cell holds everything.
    """
    values = np.sort(_flat(maps), axis=1)
    count = values.shape[1]
    ranks = 2 * np.arange(1, count + 1) - count - 1
    return float(np.mean(_ratio(values @ ranks, count * values.sum(axis=1))))


def complexity(maps: np.ndarray) -> float:
    """Compute COMP: the mean entropy of the maps as distributions over their cells.

    Parameters
    ----------
    maps : np.ndarray [shape=(n, ...), non-negative]
        One map for each segment.

    Returns
    -------
    float, range=[0, log(cells)]
        Entropy in nats; 0 if one cell holds everything or the map is empty.
    """
    values = _flat(maps)
    shares = _ratio(values, np.broadcast_to(values.sum(axis=1, keepdims=True), values.shape))
    logs = np.log(shares, out=np.zeros_like(shares), where=shares > 0)
    return float(np.mean(-np.sum(shares * logs, axis=1)) + 0.0)  # no negative zero


def insertion_auc(shares: np.ndarray, kept: np.ndarray) -> float:
    """Compute the insertion AUC: the mean probability over the kept share.

    Parameters
    ----------
    shares : np.ndarray [shape=(k,), range=[0, 1]]
        Kept shares of the area, increasing from 0 to 1.
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
        If the shares do not increase from 0 to 1, or a value is not a probability.
    """
    return _area_under_curve(shares, kept)


def deletion_auc(shares: np.ndarray, removed: np.ndarray) -> float:
    """Compute the deletion AUC: the mean probability over the removed share.

    Parameters
    ----------
    shares : np.ndarray [shape=(k,), range=[0, 1]]
        Removed shares of the area, increasing from 0 to 1.
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
        If the shares do not increase from 0 to 1, or a value is not a probability.
    """
    return _area_under_curve(shares, removed)


def rank_correlation(maps: np.ndarray, others: np.ndarray) -> float:
    """Compute the rank correlation of two sets of maps.

    Parameters
    ----------
    maps, others : np.ndarray [shape=(n, ...)]
        One map for each segment, of either sign.

    Returns
    -------
    float, range=[-1, 1]
        Spearman's correlation of the cells, as a mean over the segments; 0 for a segment with a
        constant map.

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
    """Compute the metrics of one area, by their names in the literature.

    Parameters
    ----------
    original, kept, removed : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of all genres.
    genre : int or np.ndarray [shape=(n,), dtype=int]
        Index of the explained genre, one for all segments or one for each.
    maps : np.ndarray [shape=(n, ...), non-negative]
        Kept part of each segment's spectrogram.

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
        raise ValueError(
            f"Shares and probabilities differ in length: {len(shares)} and {len(probabilities)}."
        )
    if not (shares[0] == 0 and shares[-1] == 1 and np.all(np.diff(shares) > 0)):
        raise ValueError(f"Shares must increase from 0 to 1, not {shares.tolist()}.")
    return float(np.mean(np.trapezoid(np.asarray(probabilities, dtype=float), shares, axis=0)))


def _ratio(numerator: np.ndarray, denominator: np.ndarray) -> np.ndarray:
    """Divide, with 0 where the denominator is not positive."""
    return np.divide(
        numerator, denominator, out=np.zeros_like(numerator, dtype=float), where=denominator > 0
    )


def _flat(maps: np.ndarray) -> np.ndarray:
    values = _rows(maps)
    if not np.all(values >= 0):
        raise ValueError("Maps must not be negative. Pass magnitudes.")
    return values


def _rows(maps: np.ndarray) -> np.ndarray:
    values = np.asarray(maps, dtype=np.float64)
    if values.ndim < 2 or not values.size:
        raise ValueError(f"Maps need at least one cell per segment; their shape is {values.shape}.")
    return values.reshape(len(values), -1)
