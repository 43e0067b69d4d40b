"""The stored scores of all models: one JSON file, one entry for each model and protocol.

Conventions
-----------
An entry ``"MODEL/PROTOCOL"`` contains the metrics of the validation and the test set
(`core.evaluation.metrics.evaluate`) and, for the song votes of the test set, the report and the
curves of each genre (`details`). The entry of the ``artist`` protocol, which the stored weights
come from, also contains the size and the speed of the model.

Metrics
-------
See `core.evaluation.metrics` and `core.evaluation.curves`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.constants import GENRES
from core.evaluation.curves import genre_report, precision_recall, roc
from core.evaluation.metrics import song_votes, validate
from core.storage import write_json

SCORES_FILE = "scores.json"
POINTS = np.linspace(0, 1, 21)  # recall or false positive rate at which curves are stored


def load_scores(folder: Path) -> dict[str, Any]:
    """Read the scores in a folder of models; empty if there are none yet."""
    path = folder / SCORES_FILE
    return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}


def save_scores(folder: Path, key: str, entry: dict[str, Any]) -> None:
    """Add an entry to the scores, or replace it.

    Parameters
    ----------
    folder : Path
        Folder of the models.
    key : str
        ``"MODEL/PROTOCOL"``.
    entry : dict
        Scores, ready for JSON.
    """
    scores = load_scores(folder) | {key: entry}
    write_json(folder / SCORES_FILE, dict(sorted(scores.items())))


def details(probabilities: np.ndarray, labels: np.ndarray, songs: np.ndarray) -> dict[str, Any]:
    """Compute the report and the curves of each genre for song votes.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, 10)]
        Predicted probabilities of segments.
    labels, songs : np.ndarray [shape=(n,), dtype=int]
        True genre and song of each segment.

    Returns
    -------
    dict
        `report`: precision, recall, F1 and count of each genre. `average_precision` and
        `roc_area`: of each genre, and their `mean`. `precision_at_recall` and
        `true_at_false_positives`: the two curves of each genre at 21 evenly spaced points. Genres
        without songs are left out of the areas and curves.

    Raises
    ------
    ValueError
        See `core.evaluation.metrics.validate`.
    """
    validate(probabilities, labels)
    votes, truths = song_votes(probabilities, labels, songs)
    found: dict[str, dict[str, Any]] = {
        "report": {
            genre: {
                "precision": float(line[0]),
                "recall": float(line[1]),
                "f1": float(line[2]),
                "songs": int(line[3]),
            }
            for genre, line in zip(GENRES, genre_report(votes, truths), strict=True)
        },
        "average_precision": {},
        "roc_area": {},
        "precision_at_recall": {},
        "true_at_false_positives": {},
    }
    for index in np.unique(truths):
        genre = GENRES[index]
        for curve, area, points in (
            (precision_recall(votes, truths, index), "average_precision", "precision_at_recall"),
            (roc(votes, truths, index), "roc_area", "true_at_false_positives"),
        ):
            found[area][genre] = curve.area
            values = np.interp(POINTS, curve.x, curve.y)
            found[points][genre] = [round(float(value), 3) for value in values]
    for area in ("average_precision", "roc_area"):
        found[area]["mean"] = float(np.mean(list(found[area].values())))
    return found


def summary(name: str, protocol: str, metrics: dict[str, Any]) -> str:
    """Format the metrics of one model as a line for the terminal."""
    segment, song = metrics["segment"], metrics["song"]
    return (
        f"{name}, {protocol}: {metrics['tracks']} tracks; segment accuracy "
        f"{segment['accuracy']:.3f} (log loss {segment['log_loss']:.3f}), song vote "
        f"{song['accuracy']:.3f} [{song['interval'][0]:.3f}, {song['interval'][1]:.3f}], "
        f"macro F1 {song['macro_f1']:.3f}, ECE {segment['ece']:.3f}"
    )


def training_times(folder: Path, names: Sequence[str], protocols: Iterable[str]) -> str:
    """Format the training time of each model and protocol, in minutes, as a table.

    Parameters
    ----------
    folder : Path
        Folder of the models.
    names : sequence of str
        Models; those without a stored training time are left out.
    protocols : iterable of str
        Protocols, one column each.

    Returns
    -------
    str
        Lines of text with aligned columns.
    """
    scores, protocols = load_scores(folder), list(protocols)
    lines = [f"{'training time (min)':24}" + "".join(f"{protocol:>10}" for protocol in protocols)]
    for name in names:
        seconds = [scores.get(f"{name}/{protocol}", {}).get("training_s") for protocol in protocols]
        if any(value is not None for value in seconds):
            cells = ["-" if value is None else f"{value / 60:.1f}" for value in seconds]
            lines.append(f"{name:24}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)
