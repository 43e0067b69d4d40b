"""Measure what the order of the frames adds to the predictions of each network.

``python benchmarks/order.py --logmel FILE`` predicts the test set of unseen artists with the frames
of each segment shuffled in chunks and reversed, and writes ``models/order.json``. It also explains
the middle segment of ``--segments`` songs for its predicted genre, and measures where in time the
SHAP values lie. The models (``--models NAME…``) are the networks whose spectrograms are those of
the archive; entries of other models in the file stay as they are.

Conventions
-----------
Accuracies of segments and of song votes are means over the shuffles, with 95 % intervals by
bootstrap over songs. A `change` is the difference from the original order on the same songs. Each
entry names the weights that it was measured with.

The lag of the evidence behind the onsets is the lag with the largest mean correlation over songs
(`core.explanation.timing`). Its baseline pairs the evidence of each song with the onsets of another
one: `chance` is the correlation that 95 % of such pairings stay below.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import json

import numpy as np
from tqdm import tqdm

from benchmarks.archive_agreement import models_of_archive
from benchmarks.intervals import SEED, interval_of, mean_entry, mean_interval
from core.constants import MODELS_DIR
from core.data.gtzan import TrackSet, gtzan_index, read_archive
from core.explanation.attribution import Output, shap_values
from core.explanation.order import OrderProbabilities, order_probabilities
from core.explanation.timing import half_share, lag_correlations, peak_lag
from core.features.frame_order import CHUNKS
from core.features.onsets import onset_strength
from core.features.spectrogram import split_segments
from core.listening.faithfulness_metrics import sparseness
from core.models.spectrogram_models import SpectrogramModel
from core.storage import write_json

RESULT = MODELS_DIR / "order.json"
SHUFFLES = 3  # of each segment and chunk length
SEGMENTS = 100  # explained, one of each song
PAIRINGS = 200  # of evidence with the onsets of other songs


def songs_of_test_set(tracks: TrackSet) -> np.ndarray:
    """List the tracks in the test set of unseen artists, by their indices."""
    index = gtzan_index()
    names = {name for name, entry in index.items() if entry.artist_split == "test"}
    return np.array([place for place, name in enumerate(tracks.track_ids) if name in names])


def segments_of(tracks: TrackSet, track: int, model: SpectrogramModel) -> np.ndarray:
    """Complete log-mel segments of a track; an incomplete one if there is no other."""
    spectrogram = tracks.logmel(track)
    segments = split_segments(spectrogram, model.parameters)
    complete = len(spectrogram) // model.parameters.segment_frames
    return segments[: max(complete, 1)]


def measured_order(
    model: SpectrogramModel, tracks: TrackSet, songs: np.ndarray, shuffles: int
) -> dict[str, Any]:
    """Measure the accuracy of a model in every order.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    tracks : TrackSet
        The archive.
    songs : np.ndarray [shape=(n,), dtype=int]
        The test songs.
    shuffles : int
        Shuffles of each segment and chunk length.

    Returns
    -------
    dict
        Counts, and `original`, `backwards` and `shuffled` (by the length of the chunks, as text).
    """
    rows: dict[str, list[tuple[float, float]]] = {}
    counts = []
    for track in tqdm(songs, desc=f"{model.name}: order", unit="song"):
        segments = segments_of(tracks, track, model)
        filled = np.full(len(segments), min(tracks.lengths[track], segments.shape[1]))
        numbers = 1_000 * track + np.arange(len(segments))
        found = order_probabilities(
            model, segments, filled, numbers=numbers, shuffles=shuffles, seed=SEED
        )
        counts.append(len(segments))
        for name, probabilities in _orders(found).items():
            rows.setdefault(name, []).append(_correct(probabilities, tracks.labels[track]))
    correct = {name: np.array(values) for name, values in rows.items()}
    entries = {
        name: _accuracy(values, correct["original"], counts) for name, values in correct.items()
    }
    return {
        "songs": len(songs),
        "segments": sum(counts),
        "shuffles": shuffles,
        "original": entries.pop("original"),
        "backwards": entries.pop("backwards"),
        "shuffled": entries,
    }


def _orders(found: OrderProbabilities) -> dict[str, np.ndarray]:
    """Probabilities by name of the order, `shape=(shuffles, segments, genres)`."""
    return {
        "original": found.original[np.newaxis],
        "backwards": found.backwards[np.newaxis],
        **{str(chunk): found.shuffled[place] for place, chunk in enumerate(found.chunks)},
    }


def _correct(probabilities: np.ndarray, label: int) -> tuple[float, float]:
    """Share of correct segments of a song, and of correct votes for it, over the shuffles."""
    votes = probabilities.mean(axis=1, dtype=np.float64)
    return (
        float(np.mean(probabilities.argmax(axis=-1) == label)),
        float(np.mean(votes.argmax(axis=-1) == label)),
    )


def _accuracy(values: np.ndarray, original: np.ndarray, counts: Sequence[int]) -> dict[str, Any]:
    """Accuracy of segments and songs in one order, and its change from the original order."""
    entry = {}
    for place, (unit, weights) in enumerate((("segment", counts), ("song", None))):
        own, change = values[:, place], (values - original)[:, place]
        entry[unit] = {
            "accuracy": float(np.average(own, weights=weights)),
            "interval": mean_interval(own, weights),
            "change": float(np.average(change, weights=weights)),
            "change_interval": mean_interval(change, weights),
        }
    return entry


def measured_timing(
    model: SpectrogramModel, tracks: TrackSet, songs: np.ndarray, count: int
) -> dict[str, Any]:
    """Measure where in time a model's evidence lies.

    Parameters
    ----------
    model, tracks, songs
        As in `measured_order`.
    count : int
        Songs whose middle segment is explained, at equal distances.

    Returns
    -------
    dict
        Number of `segments`; `half_share` and `gini` of the mass with intervals; the `lag_ms` of
        the largest mean correlation with the onsets with its interval, this `correlation`, its
        `chance`, and the mean `correlations` at all lags.
    """
    places = np.rint(np.linspace(0, len(songs) - 1, min(count, len(songs)))).astype(int)
    masses, onsets = [], []
    for track in tqdm(songs[places], desc=f"{model.name}: evidence in time", unit="song"):
        segments = segments_of(tracks, track, model)
        segment = segments[len(segments) // 2][np.newaxis]
        genre = int(model.predict_logmel(segment)[0].argmax())
        _, mel, _ = next(shap_values(model, Output(genre), segment))
        frames = min(int(tracks.lengths[track]), len(mel))
        masses.append(np.abs(mel[:frames]).sum(axis=1))
        onsets.append(onset_strength(segment[0, :frames], model.parameters))
    own = np.array([lag_correlations(*pair) for pair in zip(masses, onsets, strict=True)])
    frame_ms = 1_000 * model.parameters.hop_length / model.parameters.sample_rate

    def lag_ms(rows: np.ndarray) -> float:
        return frame_ms * peak_lag(own[rows].mean(axis=0))

    everything = np.arange(len(own))
    return {
        "segments": len(own),
        "half_share": mean_entry([half_share(mass) for mass in masses]),
        "gini": mean_entry([sparseness(mass[np.newaxis]) for mass in masses]),
        "frame_ms": frame_ms,
        "lag_ms": lag_ms(everything),
        "lag_interval_ms": interval_of(lag_ms, len(own)),
        "correlation": float(own.mean(axis=0).max()),
        "chance": _chance(masses, onsets),
        "correlations": own.mean(axis=0).round(4).tolist(),
    }


def _chance(masses: Sequence[np.ndarray], onsets: Sequence[np.ndarray]) -> float:
    """95th percentile of the largest mean correlation with the onsets of other songs."""
    generator = np.random.default_rng(SEED)
    largest = []
    for _ in range(PAIRINGS):
        # Each song is followed by another one in a random circle, so none meets itself.
        circle = generator.permutation(len(masses))
        pairs = zip(circle, np.roll(circle, 1), strict=True)
        rows = [_correlations(masses[one], onsets[other]) for one, other in pairs]
        largest.append(np.mean(rows, axis=0).max())
    return float(np.percentile(largest, 95))


def _correlations(mass: np.ndarray, onsets: np.ndarray) -> np.ndarray:
    """Lag correlations over the frames that both have."""
    both = min(len(mass), len(onsets))
    return lag_correlations(mass[:both], onsets[:both])


def line(name: str, entry: dict[str, Any]) -> str:
    """Format the results of one model for the terminal."""
    orders = {
        "original": entry["original"],
        **{f"chunks of {chunk}": value for chunk, value in entry["shuffled"].items()},
        "reversed": entry["backwards"],
    }
    lines = [f"{name}: {entry['segments']} segments of {entry['songs']} songs"]
    for title, value in orders.items():
        cells = [
            f"{unit} {value[unit]['accuracy']:.3f} "
            f"[{value[unit]['interval'][0]:.3f}, {value[unit]['interval'][1]:.3f}], change "
            f"{value[unit]['change']:+.3f} [{value[unit]['change_interval'][0]:+.3f}, "
            f"{value[unit]['change_interval'][1]:+.3f}]"
            for unit in ("segment", "song")
        ]
        lines.append(f"  {title:14} {'; '.join(cells)}")
    timing = entry["timing"]
    lines.append(
        f"  half of the evidence in {timing['half_share']['mean']:.3f} of the frames, Gini "
        f"{timing['gini']['mean']:.3f}; lag {timing['lag_ms']:.0f} ms "
        f"[{timing['lag_interval_ms'][0]:.0f}, {timing['lag_interval_ms'][1]:.0f}], correlation "
        f"{timing['correlation']:.3f} (chance {timing['chance']:.3f}), {timing['segments']} "
        "segments"
    )
    return "\n".join(lines)


def main() -> None:
    """Measure, print and write the results."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, help="archive of spectrograms")
    parser.add_argument("--models", nargs="+", metavar="NAME", help="by default, all of them")
    parser.add_argument("--shuffles", type=int, default=SHUFFLES, help="of each segment")
    parser.add_argument("--segments", type=int, default=SEGMENTS, help="that are explained")
    parser.add_argument(
        "--songs", type=int, help="trial run on this many songs; prints without writing"
    )
    arguments = parser.parse_args()
    tracks = read_archive(arguments.logmel)
    songs = songs_of_test_set(tracks)
    if not len(songs):
        parser.error("the archive has no songs of the test set")
    models = {model.name: model for model in models_of_archive(tracks.parameters)}
    if unknown := set(arguments.models or ()) - set(models):
        parser.error(f"not a network on these spectrograms: {', '.join(sorted(unknown))}")
    if arguments.songs is not None:
        places = np.rint(np.linspace(0, len(songs) - 1, min(arguments.songs, len(songs))))
        songs = songs[places.astype(int)]
    for name in arguments.models or models:
        entry = {
            "weights": models[name].card["weights"]["sha256"],
            **measured_order(models[name], tracks, songs, arguments.shuffles),
            "timing": measured_timing(models[name], tracks, songs, arguments.segments),
        }
        print(line(name, entry), flush=True)
        if arguments.songs is None:
            write_json(RESULT, with_entry(name, entry))


def with_entry(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Replace the entry of a model in the stored results."""
    stored = json.loads(RESULT.read_text(encoding="utf-8")) if RESULT.is_file() else {}
    models = stored.get("models", {}) | {name: entry}
    return {
        "protocol": "artist",
        "seed": SEED,
        "chunks": CHUNKS,
        "models": dict(sorted(models.items())),
    }


if __name__ == "__main__":
    main()
