"""Classify the smallest sufficient part of each network with all other networks.

``python benchmarks/transfer.py --data DIR``, where DIR holds recordings of GTZAN as
``audio/{full,excerpt,clip}/GENRE/TRACK.ogg``, explains one segment of each of ``--segments`` songs
of the test set of unseen artists, and writes ``models/transfer.json``. The songs are at equal
distances in the list of all of them, so that all genres are represented. Every network takes its
turn as the explained one (``--models NAME…`` limits that); entries of the others stay as they are.
Networks on whole clips are left out: three seconds of sound are not what they classify.

Conventions
-----------
The explained network's *smallest sufficient part* is the smallest one from which it assigns its
predicted genre at least 90 % of the probability in the song, along the ranking of
`core.explanation.extremal`, analysed from the waveform (`core.listening.smallest_parts`). Another
network classifies the audio of this part. Reported are the shares of segments for which it then
predicts

* `explained`: the genre that the explained network predicts for the segment in the song,
* `own`: the genre that it itself predicts for the segment in the song,

each for the sufficient part (`kept`), for a random part of the same area and similar shape
(`random`), and for the segment in the song (`original`). Kelly & Chockler 2026 ("If it's good
enough for you, it's good enough for me: transferability of audio sufficiencies across models")
report `explained` of about 26 % between music classifiers. Intervals are Wilson's, 95 %; there is
one segment of each song.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import json

import numpy as np
from tqdm import tqdm

from benchmarks.attribution_methods import random_ranking
from benchmarks.excerpts import Track, evenly_spaced, middle_excerpt, tracks_of_test_set
from benchmarks.intervals import SEED, mean_interval
from core.analysis import analyze
from core.audio.io import load_audio
from core.constants import MODELS_DIR
from core.evaluation.metrics import proportion_interval
from core.explanation.explain import explain
from core.explanation.extremal import extremal_ranking
from core.explanation.smallest_parts import SUFFICIENT
from core.features.spectrogram import FeatureParameters
from core.listening.faithfulness import segment_probabilities
from core.listening.smallest_parts import part_of_segment, prediction_of, smallest_parts
from core.models.cards import list_models
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

RESULT = MODELS_DIR / "transfer.json"
SEGMENTS = 40
LONGEST_S = 4.0  # of a segment; networks on longer ones are left out


@dataclass
class Turn:
    """Results while one network is the explained one.

    Parameters
    ----------
    shares : list of float
        Area of the smallest sufficient part of each segment that has one.
    necessary : list of float
        Area of the smallest necessary part of each segment that has one.
    rows : list of dict
        For each segment with a sufficient part: its genre, and by other network the genres that it
        predicts for `original`, `kept` and `random`.
    """

    shares: list[float] = field(default_factory=list)
    necessary: list[float] = field(default_factory=list)
    rows: list[tuple[int, dict[str, dict[str, int]]]] = field(default_factory=list)


def networks() -> dict[str, SpectrogramModel]:
    """Load the bundled differentiable networks on segments of a few seconds."""
    names = [card["name"] for card in list_models() if "reads" not in card]
    models = [load_spectrogram_model(name) for name in names]
    return {model.name: model for model in models if model.parameters.segment_s < LONGEST_S}


def examine(
    turn: Turn, model: SpectrogramModel, others: Sequence[SpectrogramModel], track: Track
) -> None:
    """Explain the middle segment of a recording, and let all networks classify its parts.

    Parameters
    ----------
    turn : Turn
        Receives the results.
    model : SpectrogramModel
        The explained network.
    others : sequence of SpectrogramModel
        Networks that classify the parts, the explained one among them.
    track : Track
        The recording.
    """
    # The same excerpt for all networks; those at another sampling rate resample it.
    audio = middle_excerpt(load_audio(track.file), FeatureParameters())
    analysis = analyze(audio, model)
    segment = len(analysis.starts) // 2
    genre = int(analysis.probabilities[segment].argmax())
    explanation = explain(
        audio, model, target=model.genres[genre], segments=[segment], analysis=analysis
    )
    ranking = extremal_ranking(model, explanation, seed=SEED)
    found = smallest_parts(model, audio, explanation, ranking)
    if found.necessary is not None:
        turn.necessary.append(found.necessary.share)
    if found.sufficient is None:
        return
    share = found.sufficient.share
    noise = random_ranking(explanation, SEED + track.number)
    sounds = {
        "kept": found.sufficient.kept,
        "random": part_of_segment(audio, explanation, noise, share).kept,
    }
    turn.shares.append(share)
    turn.rows.append(
        (
            genre,
            {
                other.name: {
                    "original": int(
                        segment_probabilities(analyze(audio, other), explanation)[0].argmax()
                    ),
                    **{
                        name: int(prediction_of(other, sound).argmax())
                        for name, sound in sounds.items()
                    },
                }
                for other in others
            },
        )
    )


def summary(turn: Turn, model: SpectrogramModel, others: Sequence[SpectrogramModel]) -> Any:
    """Summarise the turn of one network: sizes of its parts, and the other networks' predictions.

    Parameters
    ----------
    turn : Turn
        Results of all segments, at least one with a sufficient part.
    model, others
        As in `examine`.

    Returns
    -------
    dict
        Ready for JSON.
    """
    genres = np.array([genre for genre, _ in turn.rows])
    matrix = {}
    for other in others:
        predicted = {
            part: np.array([row[other.name][part] for _, row in turn.rows])
            for part in ("original", "kept", "random")
        }
        own = predicted["original"]
        matrix[other.name] = {
            "weights": other.card["weights"]["sha256"],
            "original": {"explained": _share(own == genres)},
            **{
                part: {
                    "explained": _share(predicted[part] == genres),
                    "own": _share(predicted[part] == own),
                }
                for part in ("kept", "random")
            },
        }
    return {
        "weights": model.card["weights"]["sha256"],
        "segments": len(turn.rows),
        "sufficient": _area(turn.shares),
        "necessary": _area(turn.necessary),
        "others": matrix,
    }


def _share(hits: np.ndarray) -> dict[str, Any]:
    low, high = proportion_interval(int(hits.sum()), len(hits))
    return {"share": float(hits.mean()), "interval": [low, high]}


def _area(shares: Sequence[float]) -> dict[str, Any]:
    """Count the segments that have such a part, and average its area."""
    if not shares:
        return {"segments": 0}
    return {
        "segments": len(shares),
        "area": float(np.mean(shares)),
        "median_area": float(np.median(shares)),
        "interval": mean_interval(shares),
    }


def table(name: str, entry: dict[str, Any]) -> str:
    """Format the results of one explained network for the terminal."""
    lines = [
        f"{name}: {entry['segments']} segments; sufficient {entry['sufficient'].get('area', 0):.3f}"
        f" of the area, necessary {entry['necessary'].get('area', 0):.3f} "
        f"({entry['necessary']['segments']} segments)"
    ]
    for other, row in entry["others"].items():
        cells = [
            f"{part} ({key}) {value['share']:.2f}"
            for part in ("original", "kept", "random")
            for key, value in row[part].items()
        ]
        lines.append(f"  {other:14} {', '.join(cells)}")
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--models", nargs="+", metavar="NAME", help="explained; by default all")
    parser.add_argument("--segments", type=int, default=SEGMENTS, help="one of each song")
    parser.add_argument("--dry-run", action="store_true", help="print without writing")
    arguments = parser.parse_args()
    tracks = evenly_spaced(tracks_of_test_set(arguments.data), arguments.segments)
    if not tracks:
        parser.error(f"there are no recordings in {arguments.data}/audio/full/GENRE/TRACK.ogg")
    models = networks()
    if unknown := set(arguments.models or ()) - set(models):
        parser.error(f"not a network on short segments: {', '.join(sorted(unknown))}")
    others = list(models.values())
    for name in arguments.models or models:
        turn = Turn()
        for track in tqdm(tracks, desc=name, unit="segment"):
            examine(turn, models[name], others, track)
        entry = summary(turn, models[name], others)
        print(table(name, entry), flush=True)
        if not arguments.dry_run:
            write_json(RESULT, with_entry(name, entry))


def with_entry(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Replace the entry of an explained network in the stored results."""
    stored = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    explained = stored.get("explained", {}) | {name: entry}
    return {
        "protocol": "artist",
        "seed": SEED,
        "sufficient": SUFFICIENT,
        "explained": dict(sorted(explained.items())),
    }


if __name__ == "__main__":
    main()
