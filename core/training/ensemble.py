"""Ensemble: calibrated average of the stored predictions of several models.

The members' calibrated probabilities are averaged as logarithms (a "logarithmic opinion pool",
Genest & Zidek 1986). The weight of a member is proportional to the mean likelihood of the true
genres on the validation set. Averages of calibrated probabilities are underconfident (Ranjan &
Gneiting 2010), so the average has its own temperature, fitted on the same set.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from core.errors import DatasetError
from core.evaluation.calibration import apply_temperature, fit_temperature
from core.evaluation.metrics import cross_entropy, evaluate
from core.evaluation.predictions import Predictions, load_predictions, save_predictions
from core.evaluation.scores import save_scores, summary
from core.models.registry import ENSEMBLE
from core.training.records import Folders, score_row

MIN_PROBABILITY = 1e-6  # avoids log(0)


def on_common_segments(predictions: Sequence[Predictions]) -> list[Predictions]:
    """Reduce the predictions of several models to the songs that all of them predicted.

    Parameters
    ----------
    predictions : sequence of Predictions
        Predictions for the same test or validation set, in its order.

    Returns
    -------
    list of Predictions
        Predictions for the same segments.

    Raises
    ------
    DatasetError
        If the models have no song in common, or different segments of one.
    """
    names = [
        name for name in predictions[0].names if all(name in each.names for each in predictions)
    ]
    position = {name: index for index, name in enumerate(names)}
    reduced = []
    for each in predictions:
        rows = np.isin(each.names[each.songs], names)
        songs = np.array([position[name] for name in each.names[each.songs[rows]]], dtype=int)
        reduced.append(
            Predictions(
                each.probabilities[rows], each.labels[rows], songs, np.array(names, dtype=str)
            )
        )
    if not names or any(not np.array_equal(each.songs, reduced[0].songs) for each in reduced):
        raise DatasetError(
            "The models cannot be averaged: their predictions are not for the same segments. "
            "Train them with the same data, protocol and seed."
        )
    return reduced


def average(predictions: Sequence[Predictions], weights: np.ndarray) -> np.ndarray:
    """Compute the weighted logarithmic average of predictions for the same segments.

    Parameters
    ----------
    predictions : sequence of Predictions
        Output of `on_common_segments`.
    weights : np.ndarray [shape=(models,), range=[0, 1]]
        Weight of each model; they sum to one.

    Returns
    -------
    np.ndarray [shape=(n, 10), range=[0, 1]]
        Rows sum to one.
    """
    logits = [np.log(np.maximum(each.probabilities, MIN_PROBABILITY)) for each in predictions]
    return scipy.special.softmax(np.tensordot(weights, logits, 1), axis=1)


def record_ensemble(folders: Folders, members: Sequence[str], protocol: str, seed: int) -> None:
    """Measure the average of several models on the test set, and write predictions and scores.

    Parameters
    ----------
    folders : Folders
        Folders with the members' predictions for the test set and, from fits without it, for the
        validation set.
    members : sequence of str
        Models.
    protocol : str
        Protocol that the members were trained under.
    seed : int
        Seed of the split.

    Raises
    ------
    DatasetError
        If predictions of a member are missing, or are for different segments.
    """
    valid = on_common_segments(_load(folders.validation, members, protocol))
    losses = [cross_entropy(each.probabilities, each.labels) for each in valid]
    weights = np.exp(-np.array(losses))
    weights /= weights.sum()
    averaged = average(valid, weights)
    temperature = fit_temperature(averaged, valid[0].labels)
    calibrated = apply_temperature(averaged, temperature)
    test = on_common_segments(_load(folders.models, members, protocol))
    labels, songs = test[0].labels, test[0].songs
    probabilities = apply_temperature(average(test, weights), temperature)
    scores: dict[str, Any] = {
        "members": dict(zip(members, weights.tolist(), strict=True)),
        "temperature": temperature,
        "valid": evaluate(calibrated, valid[0].labels, valid[0].songs),
        "test": evaluate(probabilities, labels, songs),
    }
    save_predictions(
        Predictions(probabilities, labels, songs, test[0].names),
        folders.models,
        ENSEMBLE,
        protocol,
    )
    row = score_row(ENSEMBLE, protocol, seed, scores, probabilities, labels, songs)
    save_scores(folders.models, f"{ENSEMBLE}/{protocol}", row)
    print(summary(ENSEMBLE, protocol, scores["test"]))


def _load(folder: Path, members: Sequence[str], protocol: str) -> list[Predictions]:
    """Read the members' predictions from a folder."""
    try:
        return [load_predictions(folder, name, protocol) for name in members]
    except (OSError, ValueError) as error:
        raise DatasetError(
            f"The {ENSEMBLE} averages {', '.join(members)}, and the predictions of one of them "
            f"cannot be read ({error}). Train these models under the {protocol} protocol first, "
            "or in the same command."
        ) from error
