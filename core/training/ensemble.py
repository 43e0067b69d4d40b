"""A calibrated average of several models' answers, from what they stored: a row of its own.

Each model's answers are calibrated already. They are averaged as logarithms (a "logarithmic opinion
pool", Genest & Zidek 1986), each in proportion to the mean likelihood it gave the truth on its
validation side. An average is less sure than it may be, even of calibrated probabilities (Ranjan &
Gneiting 2010), so it gets a temperature of its own, fitted on the same side.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from core.evaluation.calibration import apply_temperature, fit_temperature
from core.evaluation.metrics import cross_entropy, evaluate
from core.evaluation.predictions import (
    Predictions,
    load_predictions,
    predictions_file,
    save_predictions,
)
from core.evaluation.scores import details, save_scores
from core.models.registry import ENSEMBLE, TITLES

LEAST = 1e-6  # of a probability, before its logarithm


def on_common_segments(found: Sequence[Predictions]) -> list[Predictions]:
    """Return each model's answers to the songs that all of them were asked about.

    Parameters
    ----------
    found : sequence of Answers
        Of one test side, in its order.

    Returns
    -------
    list of Answers
        To the same songs.

    Raises
    ------
    ValueError
        If there is no such song, or they were not asked about the same segments of one.
    """
    names = [name for name in found[0].names if all(name in each.names for each in found)]
    cut = []
    for each in found:
        rows = np.isin(each.names[each.songs], names)
        place = {name: index for index, name in enumerate(names)}
        songs = np.array([place[name] for name in each.names[each.songs[rows]]], dtype=int)
        cut.append(
            Predictions(
                each.probabilities[rows], each.labels[rows], songs, np.array(names, dtype=str)
            )
        )
    if not names or any(not np.array_equal(each.songs, cut[0].songs) for each in cut):
        raise ValueError("Only answers to the same segments can be averaged.")
    return cut


def pooled(found: Sequence[Predictions], shares: np.ndarray) -> np.ndarray:
    """Return the weighted logarithmic average of models' answers to the same segments.

    Parameters
    ----------
    found : sequence of Answers
        As `on_common_segments` returned them.
    shares : np.ndarray [shape=(models,), range=[0, 1]]
        Weight of each model; they sum to one.

    Returns
    -------
    np.ndarray [shape=(n, 10), range=[0, 1]]
        Rows sum to one.
    """
    logits = [np.log(np.maximum(each.probabilities, LEAST)) for each in found]
    return scipy.special.softmax(np.tensordot(shares, logits, 1), axis=1)


def measure(
    folder: Path, valid: Path, members: Sequence[str], protocol: str, seed: int
) -> dict[str, Any]:
    """Measure the average of several models on a test side, and put it into the scores.

    Parameters
    ----------
    folder : Path
        Folder of the models, with their answers to the test side.
    valid : Path
        Folder of their answers to the validation side, given when they were fitted without it.
    members : sequence of str
        The models.
    protocol : str
        How they were tested.
    seed : int
        Seed of the split.

    Returns
    -------
    dict
        Metrics of the test side.

    Raises
    ------
    OSError
        If a member's answers are not stored.
    ValueError
        If they are answers to different segments.
    """
    known = on_common_segments(
        [load_predictions(predictions_file(valid, name, protocol)) for name in members]
    )
    losses = [cross_entropy(each.probabilities, each.labels) for each in known]
    shares = np.exp(-np.array(losses))
    shares /= shares.sum()
    rows = pooled(known, shares)
    temperature = fit_temperature(rows, known[0].labels)
    chosen = evaluate(apply_temperature(rows, temperature), known[0].labels, known[0].songs)
    found = on_common_segments(
        [load_predictions(predictions_file(folder, name, protocol)) for name in members]
    )
    first = found[0]
    rows = apply_temperature(pooled(found, shares), temperature)
    test = evaluate(rows, first.labels, first.songs)
    save_predictions(
        Predictions(rows, first.labels, first.songs, first.names),
        predictions_file(folder, ENSEMBLE, protocol),
    )
    save_scores(
        folder,
        f"{ENSEMBLE}/{protocol}",
        {
            "model": ENSEMBLE,
            "title": TITLES[ENSEMBLE],
            "reported": None,
            "members": dict(zip(members, shares.tolist(), strict=True)),
            "protocol": protocol,
            "seed": seed,
            "temperature": temperature,
            "valid": chosen,
            "test": test,
            **details(rows, first.labels, first.songs),
        },
    )
    return test
