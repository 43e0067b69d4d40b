"""A calibrated average of several models' answers, from what they stored: a row of its own.

Each model's answers are calibrated already. They are averaged as logarithms (a "logarithmic opinion
pool", Genest & Zidek 1986), since the mean of calibrated probabilities is less sure than it may be;
a model counts in proportion to the mean likelihood it gave the truth on its validation side.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from core.answers import Answers, answers_file, load_answers, save_answers
from core.catalogue import ENSEMBLE, TITLES
from core.evaluation import evaluate
from core.scoreboard import SCORES_FILE, details, save_scores

LEAST = 1e-6  # of a probability, before its logarithm


def in_common(found: Sequence[Answers]) -> list[Answers]:
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
            Answers(each.probabilities[rows], each.labels[rows], songs, np.array(names, dtype=str))
        )
    if not names or any(not np.array_equal(each.songs, cut[0].songs) for each in cut):
        raise ValueError("Only answers to the same segments can be averaged.")
    return cut


def measure(folder: Path, members: Sequence[str], protocol: str, seed: int) -> dict[str, Any]:
    """Measure the average of several models on a test side, and put it into the scores.

    Parameters
    ----------
    folder : Path
        Folder of the models, with their stored answers.
    members : sequence of str
        Models whose scores and answers are in the folder.
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
    found = in_common([load_answers(answers_file(folder, name, protocol)) for name in members])
    first = found[0]
    scores = json.loads((folder / SCORES_FILE).read_text(encoding="utf-8"))
    losses = [scores[f"{name}/{protocol}"]["valid"]["segment"]["log_loss"] for name in members]
    shares = np.exp(-np.array(losses))
    shares /= shares.sum()
    logits = [np.log(np.maximum(each.probabilities, LEAST)) for each in found]
    rows = scipy.special.softmax(np.tensordot(shares, logits, 1), axis=1)
    test = evaluate(rows, first.labels, first.songs)
    save_answers(
        Answers(rows, first.labels, first.songs, first.names),
        answers_file(folder, ENSEMBLE, protocol),
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
            "test": test,
            **details(rows, first.labels, first.songs),
        },
    )
    return test
