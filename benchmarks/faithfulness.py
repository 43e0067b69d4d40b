"""Compare the faithfulness of attribution methods on audio of the test set.

``python benchmarks/faithfulness.py --data DIR``, where DIR holds recordings of GTZAN as
``audio/{full,excerpt,clip}/GENRE/TRACK.ogg``, uses every recording of the test set of unseen
artists: at most four segments from its middle. Each segment is explained for its predicted genre.
The audio of the important parts and of everything else is analysed again from its waveform. The
results are written to ``models/faithfulness.json``.

Results for single recordings are stored in ``runs/faithfulness`` under the digests of a model's
files, so that an interrupted run continues where it stopped. Two processes can measure one model
each; their results are merged. A run with both models adds the predictions for each other's parts.
Delete that folder after a change to the code that makes or analyses masks.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.excerpts import Track, evenly_spaced, tracks_of_test_set
from benchmarks.faithfulness_runs import (
    ACROSS,
    AREAS,
    METHODS,
    RUNS_DIR,
    SEED,
    SHARES,
    across,
    folder_of,
    measure,
    randomisation,
)
from benchmarks.intervals import mean_interval
from core.constants import GENRES, MODELS_DIR
from core.models.cards import list_models
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

MODELS = ("cnn", "cnn_lstm")
RESULT = MODELS_DIR / "faithfulness.json"
SUMMARY = "summary.json"  # in a model's folder of runs


def summary(model: SpectrogramModel, tracks: Sequence[Track]) -> dict[str, Any]:
    """Summarise one model: counts, and for each method means over all segments.

    The `seconds` of a segment are medians over the tracks, because the first one includes tracing
    the graph. So is the `roughness`, because steady sounds have hardly any to compare with.
    """
    results = measure(model, tracks)
    counts = [done["segments"] for done in results]
    correlations = randomisation(model, tracks)
    per_genre = dict.fromkeys(GENRES, 0)
    for track, count in zip(tracks, counts, strict=True):
        per_genre[track.genre] += count
    methods = {}
    for name in METHODS:
        rows = [done[name] for done in results]
        methods[name] = _mean(rows, counts) | {
            "intervals": {
                str(area): {
                    metric: mean_interval([row[str(area)][metric] for row in rows], counts)
                    for metric in rows[0][str(area)]
                }
                for area in AREAS
            },
            "seconds": float(np.median([row["seconds"] for row in rows])),
            "roughness": float(np.median([row["roughness"] for row in rows])),
            "randomised": correlations.get(name),
        }
    return {
        "tracks": len(tracks),
        "segments": sum(counts),
        "segments_per_genre": per_genre,
        "methods": methods,
    }


def _mean(values: Sequence[Any], weights: Sequence[int]) -> Any:
    """Weighted mean of numbers, or of each number in dictionaries with the same keys."""
    if isinstance(values[0], dict):
        return {key: _mean([value[key] for value in values], weights) for key in values[0]}
    return np.average(values, axis=0, weights=weights).tolist()


def merged() -> dict[str, Any]:
    """Merge the results of all runs that belong to the current weights."""
    cards = {card["name"]: card for card in list_models()}
    results = dict(_read(RESULT)["models"]) if RESULT.exists() else {}
    for name, card in cards.items():
        file = folder_of(card) / SUMMARY
        if name in MODELS and file.exists():
            results[name] = _read(file) | {"weights": card["weights"]["sha256"]}
    together = across_file([cards[name] for name in MODELS if name in cards])
    return {
        "protocol": "artist",
        "seed": SEED,
        "areas": AREAS,
        "shares": [0, *SHARES, 1],
        "models": {
            name: results[name]
            for name, card in cards.items()
            if name in results and results[name].get("weights") == card["weights"]["sha256"]
        },
        "across": _read(together) if together.exists() else None,
    }


def across_file(cards: Sequence[dict[str, Any]]) -> Path:
    """File with the predictions of models for each other's parts."""
    return RUNS_DIR / f"{'-'.join(folder_of(card).name for card in cards)}.json"


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def table(name: str, results: dict[str, Any]) -> str:
    """Format a model's results as text."""
    lines = [
        f"{name}: {results['segments']} segments of {results['tracks']} songs "
        f"({', '.join(f'{genre} {n}' for genre, n in results['segments_per_genre'].items())})"
    ]
    for area in map(str, AREAS):
        metrics = results["methods"]["shap"][area]
        lines.append(f"  keep {area:<18}" + "".join(f"{metric:>8}" for metric in metrics))
        lines += [
            f"    {method:<21}" + "".join(f"{value:8.3f}" for value in row[area].values())
            for method, row in results["methods"].items()
        ]
    columns = ("insertion", "deletion", "roughness", "randomised", "seconds")
    lines.append(f"  {'other metrics':<23}" + "".join(f"{column:>12}" for column in columns))
    for method, row in results["methods"].items():
        cells = ["" if row[column] is None else f"{row[column]:.3f}" for column in columns]
        lines.append(f"    {method:<21}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def table_across(matrix: dict[str, Any]) -> str:
    """Format the predictions of models for each other's parts as text."""
    lines = [f"probability (share with the same genre), important parts ({100 * ACROSS:.0f} %)"]
    for name, others in matrix.items():
        for other, parts in others.items():
            cells = [
                f"{part} {cell['probability']:.3f} ({100 * cell['same_genre']:.1f} %)"
                for part, cell in parts.items()
            ]
            lines.append(f"  {name} explained, {other} predicts: {', '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument(
        "--tracks",
        type=int,
        help="trial run on this many songs; prints results without writing them",
    )
    arguments = parser.parse_args()
    tracks = tracks_of_test_set(arguments.data)
    if not tracks:
        parser.error(f"there are no recordings in {arguments.data}/audio/full/GENRE/TRACK.ogg")
    if arguments.tracks is not None:
        tracks = evenly_spaced(tracks, arguments.tracks)
    models = [load_spectrogram_model(name) for name in MODELS if name in arguments.models]
    for model in models:
        results = summary(model, tracks)
        print(table(model.name, results))
        if arguments.tracks is None:
            write_json(folder_of(model.card) / SUMMARY, results)
    if len(models) > 1:
        matrix = across(models, tracks)
        print(table_across(matrix))
        if arguments.tracks is None:
            write_json(across_file([model.card for model in models]), matrix)
    if arguments.tracks is None:
        write_json(RESULT, merged())


if __name__ == "__main__":
    main()
