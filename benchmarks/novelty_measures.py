"""Entries of ``models/novelty.json``: detection of strange recordings, and coverage of genre sets.

Conventions
-----------
A novelty above 1 turns a recording away. Intervals are 95 %: Wilson's for shares, bootstrap over
songs for the area under the ROC curve. The baseline of every area is one minus the largest
probability of the song.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from sklearn.model_selection import GroupKFold

from core.data.gtzan import gtzan_index
from core.evaluation.conformal import calibrate, coverage
from core.evaluation.detection import auroc, auroc_interval, roc_points
from core.evaluation.metrics import proportion_interval
from core.evaluation.predictions import Predictions
from core.models.genre_sets import mass_above

RATES = (0.0, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.6, 0.8, 1.0)
FOLDS = 5

Scores = tuple[np.ndarray, np.ndarray]
"""Scores of known songs and of strange recordings."""


def share(hits: np.ndarray) -> dict[str, Any]:
    """Share of true values with its interval and count."""
    n, count = len(hits), int(np.sum(hits))
    return {"share": count / n, "interval": list(proportion_interval(count, n)), "n": n}


def area(tasks: Mapping[str, Scores]) -> dict[str, Any]:
    """Mean area under the ROC curves of several tasks, with its interval."""
    return {
        "auroc": float(np.mean([auroc(*scores) for scores in tasks.values()])),
        "interval": list(auroc_interval(tasks)),
    }


def non_music(novelty: Scores, baseline: Scores, kinds: Sequence[str]) -> dict[str, Any]:
    """Measure how well songs are told from recordings that are not music.

    Parameters
    ----------
    novelty, baseline : tuple of np.ndarray
        Novelty, and one minus the largest probability, of test songs and of the recordings.
    kinds : sequence of str
        Kind of each recording.

    Returns
    -------
    dict
        `auroc` with `interval`; `detected` and `turned_away`, the shares of recordings and of songs
        above 1; `by_kind`, the share of each kind that is detected; `roc`; `largest_probability`,
        the baseline.
    """
    known, strange = novelty
    detected = strange > 1
    names = np.array(kinds)
    return {
        **area({"all": novelty}),
        "detected": share(detected),
        "turned_away": share(known > 1),
        "by_kind": {kind: float(detected[names == kind].mean()) for kind in dict.fromkeys(kinds)},
        "roc": _roc(known, strange),
        "largest_probability": {**area({"all": baseline}), "roc": _roc(*baseline)},
    }


def _roc(known: np.ndarray, strange: np.ndarray) -> dict[str, list[float]]:
    found = roc_points(known, strange, np.array(RATES))
    return {"turned_away": list(RATES), "detected": [round(value, 4) for value in found]}


def left_out(novelty: Mapping[str, Scores], baseline: Mapping[str, Scores]) -> dict[str, Any]:
    """Measure how well songs of a genre are found that the network was never trained on.

    Parameters
    ----------
    novelty, baseline : mapping of str to tuple
        Novelty, and one minus the largest probability, of test songs of the other genres and of the
        genre, by the name of the genre that was left out.

    Returns
    -------
    dict
        Mean `auroc` over the genres with `interval`; `genres`, the area of each;
        `largest_probability`, the same for the baseline.
    """

    def entry(tasks: Mapping[str, Scores]) -> dict[str, Any]:
        genres = {genre: auroc(*scores) for genre, scores in tasks.items()}
        return {**area(tasks), "genres": genres}

    return {**entry(novelty), "largest_probability": entry(baseline)}


def sets_of_card(
    predictions: Predictions, threshold: float, novelty: Mapping[str, float] | None = None
) -> dict[str, Any]:
    """Measure the genre sets of a model with the threshold on its card.

    Parameters
    ----------
    predictions : Predictions
        Stored predictions for the test set.
    threshold : float
        Threshold on the card.
    novelty : mapping of str to float, optional
        Novelty of test songs; those above 1 have no set.

    Returns
    -------
    dict
        Output of `core.evaluation.conformal.coverage` for the songs that fit, and `calibrated_on`.
    """
    votes, truths = predictions.votes
    fits = np.ones(len(truths), dtype=bool)
    if novelty is not None:
        fits = np.array([novelty.get(str(name), 0.0) <= 1 for name in predictions.names])
    found = coverage(mass_above(votes[fits]), truths[fits], threshold)
    return {**found, "calibrated_on": "other artists than the test set's", "threshold": threshold}


def sets_of_folds(predictions: Predictions) -> dict[str, Any]:
    """Measure genre sets that are calibrated on one part of the test artists and used on the rest.

    Parameters
    ----------
    predictions : Predictions
        Stored predictions for the test set of a model whose card has no threshold.

    Returns
    -------
    dict
        Output of `core.evaluation.conformal.coverage` over five folds by artist, and
        `calibrated_on`.
    """
    votes, truths = predictions.votes
    scores = mass_above(votes)
    index = gtzan_index()
    names = [str(name) for name in predictions.names]
    artists = [index[name].artist or name if name in index else name for name in names]
    relative = np.empty_like(scores)
    for rest, fold in GroupKFold(FOLDS).split(scores, truths, artists):
        # Divided by its own threshold, so that one threshold serves all folds.
        bound = max(calibrate(scores[rest], truths[rest]), 1e-9)
        relative[fold] = scores[fold] / bound
    return {**coverage(relative, truths, 1.0), "calibrated_on": "four fifths of the test artists"}
