"""Measure whether explanations find the song whose genre they explain in a mix of two songs.

``python benchmarks/mixes.py --data DIR``, where DIR holds recordings of GTZAN as
``audio/{full,excerpt,clip}/GENRE/TRACK.ogg``, mixes pieces of the test set of unseen artists. The
target sounds only in some seconds or only in some frequency bands (`core.listening.mixing`), so its
cells are known. Each model explains the target's genre in every mix that counts
(`benchmarks.mix_pairs`). The results are written to ``models/mixes.json``.

Some of the mixes are repeated with a target 6 dB quieter or louder than the other song.

Results for single mixes are stored in ``runs/mixes`` under the digests of a model's files, so that
an interrupted run continues where it stopped. Delete that folder after a change to the code that
makes mixes or explanations.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter, defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from tqdm import tqdm

from benchmarks.excerpts import tracks_of_test_set
from benchmarks.mix_pairs import (
    DROPPED,
    KINDS,
    MIN_PROBABILITY,
    MIN_SHARE,
    MOST_PER_SONG,
    OPEN_SHARE,
    SEED,
    MixCase,
    Piece,
    cases,
    classified_correctly,
    pieces_of,
    with_level,
)
from benchmarks.mix_runs import FEW_METHODS, METHODS, RANDOM_COPIES, copies_of, measure
from core.constants import DEFAULT_KEEP, MODELS_DIR
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

MODELS = ("cnn", "cnn_lstm", "mfcc_statistics")
RESULT = MODELS_DIR / "mixes.json"
MIXES = 105  # of each kind
LEVELS_DB = (-6.0, 6.0)  # of the target, relative to the other song
LEVEL_MIXES = 20  # of each kind that are repeated at these levels
RESAMPLES = 2_000
DIGITS = 5  # of the written shares
RESULTS = ("kept", "mass", "gate_kept", "gate_mass")
REFERENCE, DEFAULT = "random", "shap"


def summary(model: SpectrogramModel, pieces: Sequence[Piece], count: int) -> dict[str, Any]:
    """Summarise one model: which mixes count, and for each method means and intervals.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    pieces : sequence of Piece
        The pieces to mix.
    count : int
        Number of mixes of each kind.

    Returns
    -------
    dict
        `weights`, the digest of the model's weights; `pieces` and `correct`, how many there are and
        how many the model classifies correctly alone; `dropped` by reason; `kinds`, the results of
        `statistics` for all mixes, for each kind, and for the mixes whose predicted genre is the
        target's; and `levels`, those for the mixes that count at another level, beside the same
        mixes at equal loudness (`equal`).
    """
    copies = copies_of(model)
    usable = classified_correctly(model, pieces)
    dropped: Counter[str] = Counter()
    rows: dict[str, list[dict[str, Any]]] = {}
    levels: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]] = defaultdict(list)
    for kind in KINDS:
        found = cases(model, pieces, usable, kind, count, dropped)
        rows[kind] = []
        bar = tqdm(found, desc=f"{model.name}, {kind}", total=count, unit="mix")
        for number, case in enumerate(bar):
            rows[kind].append(measure(model, case, copies))
            if number < min(LEVEL_MIXES, count):
                _measure_levels(model, case, copies, rows[kind][-1], levels)
    everything = [row for kind in KINDS for row in rows[kind]]
    sections = {
        "all": everything,
        **rows,
        "predicted": [row for row in everything if row["predicted"]],
    }
    return {
        "weights": model.card["weights"]["sha256"],
        "pieces": len(pieces),
        "correct": sum(usable),
        "dropped": {reason: dropped[reason] for reason in DROPPED},
        "kinds": {name: statistics(part, tuple(METHODS)) for name, part in sections.items()},
        "levels": {
            level: statistics([row for row, _ in pairs], FEW_METHODS)
            | {"equal": statistics([row for _, row in pairs], FEW_METHODS)}
            for level, pairs in levels.items()
        },
    }


def _measure_levels(
    model: SpectrogramModel,
    case: MixCase,
    copies: Sequence[SpectrogramModel],
    row: dict[str, Any],
    levels: dict[str, list[tuple[dict[str, Any], dict[str, Any]]]],
) -> None:
    """Measure a mix at other levels, where it counts."""
    for level in LEVELS_DB:
        if other := with_level(model, case, level):
            pair = measure(model, other, copies, FEW_METHODS), row
            levels[f"{level:+.0f}"].append(pair)


def statistics(rows: Sequence[dict[str, Any]], methods: Sequence[str]) -> dict[str, Any]:
    """Summarise mixes: means, 95 % intervals, and differences from random regions.

    Parameters
    ----------
    rows : sequence of dict
        Results of `benchmarks.mix_runs.measure`.
    methods : sequence of str
        Methods that were measured.

    Returns
    -------
    dict
        Numbers of `mixes`, of target `songs`, and of mixes by `genres`; the means `chance`,
        `gate_chance`, `ceiling` and `probability`; and for each method and result its `mean`,
        `interval`, `difference` from random regions, `advantage` of the default method, and
        `difference_interval` and `advantage_interval`.
    """
    songs = [row["target"] for row in rows]
    content: dict[str, Any] = {
        "mixes": len(rows),
        "songs": len(set(songs)),
        "genres": dict(sorted(Counter(row["genre"] for row in rows).items())),
    }
    if not rows:
        return content
    for key in ("chance", "gate_chance", "ceiling", "probability"):
        content[key] = float(np.mean([row[key] for row in rows]))

    def values(method: str, result: str) -> np.ndarray:
        return np.array([row[method][result] for row in rows])

    content["methods"] = {
        method: {
            result: {
                "mean": float(values(method, result).mean()),
                "interval": interval(values(method, result), songs),
                **_difference(
                    "difference", values(method, result) - values(REFERENCE, result), songs
                ),
                **_difference("advantage", values(DEFAULT, result) - values(method, result), songs),
            }
            for result in RESULTS
            if result in rows[0][method]
        }
        for method in methods
    }
    return content


def _difference(name: str, differences: np.ndarray, songs: Sequence[str]) -> dict[str, Any]:
    """Summarise the paired differences of two methods."""
    return {name: float(differences.mean()), f"{name}_interval": interval(differences, songs)}


def interval(values: np.ndarray, songs: Sequence[str]) -> list[float]:
    """Compute the 95 % interval of a mean, by bootstrapping whole songs.

    Parameters
    ----------
    values : np.ndarray [shape=(n,)]
        One value for each mix.
    songs : sequence of str
        The mixes' target songs. Mixes of one target song are not independent.

    Returns
    -------
    list of float
        Lower and upper limit.
    """
    names, places = np.unique(songs, return_inverse=True)
    sums = np.bincount(places, weights=values)
    counts = np.bincount(places)
    chosen = np.random.default_rng(SEED).integers(len(names), size=(RESAMPLES, len(names)))
    means = sums[chosen].sum(axis=1) / counts[chosen].sum(axis=1)
    return np.percentile(means, [2.5, 97.5]).tolist()


def table(name: str, found: dict[str, Any]) -> str:
    """Format a model's results as text."""
    dropped = ", ".join(f"{reason} {count}" for reason, count in found["dropped"].items())
    lines = [
        f"{name}: {found['correct']} of {found['pieces']} pieces classified correctly alone; "
        f"mixes dropped: {dropped}"
    ]
    sections = found["kinds"] | {f"{level} dB": part for level, part in found["levels"].items()}
    for kind, part in sections.items():
        genres = ", ".join(f"{genre} {count}" for genre, count in part["genres"].items())
        lines.append(f"  {kind}: {part['mixes']} mixes of {part['songs']} songs ({genres})")
        if not part["mixes"]:
            continue
        lines.append(
            f"    chance {part['chance']:.3f}, ceiling {part['ceiling']:.3f}, within the gate "
            f"{part['gate_chance']:.3f}, mean probability {part['probability']:.3f}"
        )
        lines.append(f"    {'':<22}" + "".join(f"{result:>28}" for result in RESULTS))
        for method, results in part["methods"].items():
            cells = [
                f"{each['mean']:.3f} ({each['difference']:+.3f} {_brackets(each)})"
                if (each := results.get(result))
                else ""
                for result in RESULTS
            ]
            lines.append(f"    {method:<22}" + "".join(f"{cell:>28}" for cell in cells))
    return "\n".join(lines)


def _brackets(found: dict[str, Any]) -> str:
    low, high = found["difference_interval"]
    return f"[{low:+.2f}, {high:+.2f}]"


def written(results: dict[str, dict[str, Any]], before: dict[str, Any]) -> dict[str, Any]:
    """Build the content of the file of results: new models replace their earlier entries."""
    return {
        "protocol": "artist",
        "seed": SEED,
        "keep": DEFAULT_KEEP,
        "open_share": OPEN_SHARE,
        "min_probability": MIN_PROBABILITY,
        "min_share": MIN_SHARE,
        "most_per_song": MOST_PER_SONG,
        "random_copies": RANDOM_COPIES,
        "resamples": RESAMPLES,
        "models": before.get("models", {}) | _rounded(results),
    }


def _rounded(content: Any) -> Any:
    """Round all numbers, which halves the file."""
    if isinstance(content, dict):
        return {key: _rounded(value) for key, value in content.items()}
    if isinstance(content, list):
        return [_rounded(value) for value in content]
    return round(content, DIGITS) if isinstance(content, float) else content


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--models", nargs="+", metavar="NAME", default=list(MODELS))
    parser.add_argument(
        "--mixes",
        type=int,
        default=MIXES,
        help="number of mixes of each kind (default: %(default)s)",
    )
    parser.add_argument(
        "--limit",
        type=int,
        help="trial run on this many mixes of each kind; prints results without writing them",
    )
    arguments = parser.parse_args()
    tracks = tracks_of_test_set(arguments.data)
    if not tracks:
        parser.error(f"there are no recordings in {arguments.data}/audio/full/GENRE/TRACK.ogg")
    pieces = pieces_of(tracks)
    results = {}
    for name in arguments.models:
        model = load_spectrogram_model(name)
        results[name] = summary(model, pieces, arguments.limit or arguments.mixes)
        print(table(name, results[name]))
        if arguments.limit is None:
            before = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.exists() else {}
            write_json(RESULT, written({name: results[name]}, before))


if __name__ == "__main__":
    main()
