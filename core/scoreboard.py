"""The leaderboard: one JSON file beside the models, a row for each model and protocol."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from core.storage import write_json

if TYPE_CHECKING:
    from core.datasets import TrackSet
    from core.splits import Segments, Split

SCORES_FILE = "scores.json"


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


def describe(
    split: Split, tracks: TrackSet, seed: int, read_from: str, taught: bool
) -> dict[str, Any]:
    """Return what a card says of the data.

    Parameters
    ----------
    split : Split
        The sides.
    tracks : TrackSet
        The tracks.
    seed : int
        Seed of the split.
    read_from : str
        Where the data came from.
    taught : bool
        Whether a teacher's tags were learnt, too.

    Returns
    -------
    dict
        Ready for JSON.
    """

    def count(side: Segments) -> dict[str, int]:
        return {"tracks": len(set(side.track.tolist())), "segments": len(side)}

    return {
        "source": "GTZAN (Tzanetakis & Cook 2002)",
        "read_from": read_from,
        "tracks": len(tracks),
        "teacher": "MSD-musicnn taggrams of training tracks" if taught else None,
        "protocol": split.protocol,
        "seed": seed,
        **{side: count(getattr(split, side)) for side in ("train", "valid", "refit", "test")},
    }


def summary(name: str, protocol: str, metrics: dict[str, Any]) -> str:
    """Return one line of figures, as `core.evaluation.evaluate` made them."""
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
