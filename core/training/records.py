"""What a fit leaves behind: model card, scores and stored predictions."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.evaluation.predictions import Predictions, index_songs, predictions_file, save_predictions
from core.models.cards import PARTS

if TYPE_CHECKING:
    from core.data.gtzan import TrackSet
    from core.data.splits import Segments, Split
    from core.models.base import GenreModel
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from core.data.gtzan import TrackSet
    from core.data.splits import Segments


REPEATS = 5  # of the timed song

SONG_S = 30.0  # seconds of noise that are timed


def cost(model: GenreModel) -> dict[str, float]:
    """Return what a model costs, measured on this machine.

    Parameters
    ----------
    model : GenreModel
        A model that was saved or loaded.

    Returns
    -------
    dict
        `bytes` of its files; `ms_per_segment`: median time from a decoded song to its answers,
        divided by three-second segments.
    """
    from core.analysis import analyze
    from core.audio.io import Audio

    rate = model.parameters.sample_rate
    noise = 0.1 * np.random.default_rng(0).standard_normal(round(SONG_S * rate))
    song = Audio(noise.astype(np.float32), rate)
    analyze(song, model)  # what is compiled or read at first is not counted
    seconds = []
    for _ in range(REPEATS):
        started = time.perf_counter()
        analyze(song, model)
        seconds.append(time.perf_counter() - started)
    return {
        "bytes": sum(model.card[part]["bytes"] for part in PARTS),
        "ms_per_segment": round(1000 * float(np.median(seconds)) / (SONG_S / 3), 2),
    }


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


def store_predictions(
    folder: Path,
    name: str,
    protocol: str,
    probabilities: np.ndarray,
    tracks: TrackSet,
    segments: Segments,
) -> None:
    """Store what a model answered on a test side.

    Parameters
    ----------
    folder : Path
        Folder of the models.
    name, protocol : str
        The model, and how it was tested.
    probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
        Its answers.
    tracks : TrackSet
        The tracks.
    segments : Segments
        The test side.
    """
    songs, names = index_songs(segments.track, np.array(tracks.track_ids))
    answers = Predictions(probabilities, tracks.labels[segments.track], songs, names)
    save_predictions(answers, predictions_file(folder, name, protocol))
