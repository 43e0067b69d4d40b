"""The leaderboard: one JSON file beside the models, a row for each model and protocol.

A row holds what `core.evaluation.metrics.evaluate` says of the sides, and from `details` the classification
report of the song votes, and each genre's areas and curves. What a model costs (bytes, milliseconds
a segment) stands in the row of the protocol that its weights come from, by artist.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.constants import GENRES
from core.evaluation.metrics import song_votes
from core.storage import write_json

if TYPE_CHECKING:
    pass

SCORES_FILE = "scores.json"
POINTS = np.linspace(0, 1, 21)  # where curves are stored: recall, or false positive rate


def save_scores(folder: Path, key: str, row: dict[str, Any]) -> None:
    """Put one row into the scores, all or nothing.

    Parameters
    ----------
    folder : Path
        Folder of the models.
    key : str
        ``"MODEL/PROTOCOL"``.
    row : dict
        Figures, ready for JSON.
    """
    path = folder / SCORES_FILE
    scores = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    scores[key] = row
    write_json(path, dict(sorted(scores.items())))


def details(probabilities: np.ndarray, labels: np.ndarray, songs: np.ndarray) -> dict[str, Any]:
    """Return what a row says genre by genre, of the song votes.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, 10)]
        Of segments.
    labels, songs : np.ndarray [shape=(n,), dtype=int]
        True genre and song of each segment.

    Returns
    -------
    dict
        `report`: precision, recall, F1 and count of each genre. `average_precision`, `roc_area`:
        of each genre and their `mean`. `precision_at_recall`, `true_at_false_positives`: the two
        curves at 21 even steps. A genre that no song has is left out.
    """
    from core.evaluation.curves import genre_report, precision_recall, roc

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
            steps = np.interp(POINTS, curve.x, curve.y)
            found[points][genre] = [round(float(step), 3) for step in steps]
    for area in ("average_precision", "roc_area"):
        found[area]["mean"] = float(np.mean(list(found[area].values())))
    return found


def summary(name: str, protocol: str, metrics: dict[str, Any]) -> str:
    """Return one line of figures, as `core.evaluation.metrics.evaluate` made them."""
    segment, song = metrics["segment"], metrics["song"]
    return (
        f"{name}, {protocol}: {metrics['tracks']} tracks; segment accuracy "
        f"{segment['accuracy']:.3f} (log loss {segment['log_loss']:.3f}), song vote "
        f"{song['accuracy']:.3f} [{song['interval'][0]:.3f}, {song['interval'][1]:.3f}], "
        f"macro F1 {song['macro_f1']:.3f}, ECE {segment['ece']:.3f}"
    )


def times(folder: Path, names: Sequence[str], protocols: Sequence[str]) -> str:
    """Return a table of how long each model took to train, in minutes, from the scores."""
    path = folder / SCORES_FILE
    scores = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    lines = [f"{'minutes of training':24}" + "".join(f"{protocol:>10}" for protocol in protocols)]
    for name in names:
        seconds = [scores.get(f"{name}/{protocol}", {}).get("training_s") for protocol in protocols]
        if any(value is not None for value in seconds):
            cells = ["-" if value is None else f"{value / 60:.1f}" for value in seconds]
            lines.append(f"{name:24}" + "".join(f"{cell:>10}" for cell in cells))
    return "\n".join(lines)
