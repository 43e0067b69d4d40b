"""Do explanations tell the truth? Several methods' masks, judged by what a model says of the audio.

``python benchmarks/faithfulness.py --data DIR``, where DIR holds recordings of GTZAN as
``audio/{full,excerpt,clip}/GENRE/TRACK.ogg``. Every recording of the artist split's test side is
heard, at most four segments from its middle. Each segment is explained for the genre that the model
takes it for; the kept and the removed audio is analysed again from its waveform. The figures go to
``models/faithfulness.json``.

What is done is kept in ``runs/faithfulness``, by the digests of a model's files, so that a killed
run goes on where it stopped. Two processes can measure a model each, and their figures are merged;
what models hear in each other's excerpts is added by a run that names both. Delete that folder
after a change of the code that makes or judges masks.
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

from benchmarks.judgement import (
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
from benchmarks.pieces import Track, evenly, held_out_tracks
from core.constants import GENRES, MODELS_DIR
from core.models.cards import list_models
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

MODELS = ("cnn", "cnn_lstm")
RESULT = MODELS_DIR / "faithfulness.json"
RESAMPLES = 2_000
SUMMARY = "summary.json"  # in a model's folder of runs


def summary(model: SpectrogramModel, tracks: Sequence[Track]) -> dict[str, Any]:
    """Return all figures of one model: counts, and for each method means over all segments.

    The `seconds` of a segment are medians over the tracks (the first one pays for the graph), and
    so is the `roughness` (steady sounds have hardly any to compare with).
    """
    rows = measure(model, tracks)
    counts = [done["segments"] for done in rows]
    correlations = randomisation(model, tracks)
    per_genre = dict.fromkeys(GENRES, 0)
    for track, count in zip(tracks, counts, strict=True):
        per_genre[track.genre] += count
    methods = {}
    for name in METHODS:
        figures = [done[name] for done in rows]
        methods[name] = _mean(figures, counts) | {
            "intervals": {
                str(area): {
                    metric: _interval([figure[str(area)][metric] for figure in figures], counts)
                    for metric in figures[0][str(area)]
                }
                for area in AREAS
            },
            "seconds": float(np.median([figure["seconds"] for figure in figures])),
            "roughness": float(np.median([figure["roughness"] for figure in figures])),
            "randomised": correlations.get(name),
        }
    return {
        "tracks": len(tracks),
        "segments": sum(counts),
        "segments_per_genre": per_genre,
        "methods": methods,
    }


def _mean(values: Sequence[Any], weights: Sequence[int]) -> Any:
    """Return the weighted mean of numbers, or of each number in dictionaries of one form."""
    if isinstance(values[0], dict):
        return {key: _mean([value[key] for value in values], weights) for key in values[0]}
    return np.average(values, axis=0, weights=weights).tolist()


def _interval(values: Sequence[float], weights: Sequence[int]) -> list[float]:
    """Return the 95 % interval of a weighted mean, by resampling whole tracks."""
    chosen = np.random.default_rng(SEED).integers(len(values), size=(RESAMPLES, len(values)))
    means = np.average(np.array(values)[chosen], axis=1, weights=np.array(weights)[chosen])
    return np.percentile(means, [2.5, 97.5]).tolist()


def merged() -> dict[str, Any]:
    """Return the figures that there are of the models as they are now."""
    cards = [card for card in list_models() if card["name"] in MODELS]
    summaries = {card["name"]: folder_of(card) / SUMMARY for card in cards}
    together = across_file(cards)
    return {
        "protocol": "artist",
        "seed": SEED,
        "areas": AREAS,
        "shares": [0, *SHARES, 1],
        "models": {name: _read(file) for name, file in summaries.items() if file.exists()},
        "across": _read(together) if together.exists() else None,
    }


def across_file(cards: Sequence[dict[str, Any]]) -> Path:
    """Return where it is kept what models hear in each other's excerpts."""
    return RUNS_DIR / f"{'-'.join(folder_of(card).name for card in cards)}.json"


def _read(file: Path) -> dict[str, Any]:
    return json.loads(file.read_text(encoding="utf-8"))


def table(name: str, figures: dict[str, Any]) -> str:
    """Return a model's figures as lines to read."""
    lines = [
        f"{name}: {figures['segments']} segments of {figures['tracks']} tracks "
        f"({', '.join(f'{genre} {n}' for genre, n in figures['segments_per_genre'].items())})"
    ]
    for area in map(str, AREAS):
        metrics = figures["methods"]["shap"][area]
        lines.append(f"  keep {area:<18}" + "".join(f"{metric:>8}" for metric in metrics))
        lines += [
            f"    {method:<21}" + "".join(f"{value:8.3f}" for value in row[area].values())
            for method, row in figures["methods"].items()
        ]
    columns = ("insertion", "deletion", "roughness", "randomised", "seconds")
    lines.append(f"  {'over all areas':<23}" + "".join(f"{column:>12}" for column in columns))
    for method, row in figures["methods"].items():
        cells = ["" if row[column] is None else f"{row[column]:.3f}" for column in columns]
        lines.append(f"    {method:<21}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)


def table_across(matrix: dict[str, Any]) -> str:
    """Return what models hear in each other's excerpts as lines to read."""
    lines = [f"probability (share of the same genre), SHAP masks of {ACROSS:.0%}"]
    for name, listeners in matrix.items():
        for listener, sounds in listeners.items():
            cells = [
                f"{sound} {cell['probability']:.3f} ({cell['same_genre']:.1%})"
                for sound, cell in sounds.items()
            ]
            lines.append(f"  {name} explained, {listener} hears: {', '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print what was found, and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--models", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--tracks", type=int, help="a trial on so many: printed, not written")
    arguments = parser.parse_args()
    tracks = held_out_tracks(arguments.data)
    if not tracks:
        parser.error(f"there are no recordings in {arguments.data}/audio/full/GENRE/TRACK.ogg")
    if arguments.tracks is not None:
        tracks = evenly(tracks, arguments.tracks)
    models = [load_spectrogram_model(name) for name in MODELS if name in arguments.models]
    for model in models:
        figures = summary(model, tracks)
        print(table(model.name, figures))
        if arguments.tracks is None:
            write_json(folder_of(model.card) / SUMMARY, figures)
    if len(models) > 1:
        matrix = across(models, tracks)
        print(table_across(matrix))
        if arguments.tracks is None:
            write_json(across_file([model.card for model in models]), matrix)
    if arguments.tracks is None:
        write_json(RESULT, merged())


if __name__ == "__main__":
    main()
