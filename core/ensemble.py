"""The calibrated average of several models' answers, from what they stored: a row of its own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.answers import answers_file, load_answers
from core.catalogue import ENSEMBLE, TITLES
from core.evaluation import evaluate
from core.scoreboard import save_scores


def measure(folder: Path, members: Sequence[str], protocol: str, seed: int) -> dict[str, Any]:
    """Measure the mean of several models' probabilities on a test side, and put it into the scores.

    Parameters
    ----------
    folder : Path
        Folder of the models, with their stored answers.
    members : sequence of str
        Models; each counts alike.
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
    found = [load_answers(answers_file(folder, name, protocol)) for name in members]
    first = found[0]
    for other in found[1:]:
        if list(other.names) != list(first.names) or not np.array_equal(other.songs, first.songs):
            raise ValueError("Only answers to the same segments can be averaged.")
    rows = np.mean([each.probabilities for each in found], axis=0)
    test = evaluate(rows, first.labels, first.songs)
    save_scores(
        folder,
        f"{ENSEMBLE}/{protocol}",
        {
            "model": ENSEMBLE,
            "title": TITLES[ENSEMBLE],
            "reported": None,
            "members": list(members),
            "protocol": protocol,
            "seed": seed,
            "test": test,
        },
    )
    return test
