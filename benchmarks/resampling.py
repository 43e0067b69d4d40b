"""Measure the cost of resampling from 22 050 Hz for models with another sampling rate.

``python benchmarks/resampling.py --data DIR --songs DIR`` decodes recordings of the test set (and
other songs) twice: at the model's own rate, and at 22 050 Hz, from where `core.analysis.analyze`
resamples. It writes the differences between the predictions to the model's card as `resampling`.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from tqdm import tqdm

from benchmarks.excerpts import evenly_spaced, tracks_of_test_set
from core.analysis import analyze
from core.audio.io import load_audio
from core.constants import MODELS_DIR, SAMPLE_RATE
from core.models.base import GenreModel
from core.models.cards import card_path, list_models, read_card
from core.models.store import load_model
from core.storage import write_json

RECORDINGS = 100  # of the test set


def resampling_cost(model: GenreModel, files: Sequence[Path]) -> dict[str, float]:
    """Compare predictions for audio decoded at the model's rate and at 22 050 Hz.

    Parameters
    ----------
    model : GenreModel
        The model.
    files : sequence of Path
        Recordings.

    Returns
    -------
    dict
        `from_hz`; numbers of `recordings` and `segments`; `mean` and `max` absolute difference of
        the segments' probabilities, over all genres; `song_max`, the same for the songs' mean
        probabilities; `changed_verdicts`, the number of songs with another predicted genre.
    """
    differences: list[np.ndarray] = []
    song_differences: list[float] = []
    changed = 0
    for file in tqdm(files, desc=model.name, unit="song"):
        direct = analyze(load_audio(file, sample_rate=model.sample_rate), model)
        resampled = analyze(load_audio(file), model)
        count = min(len(direct.probabilities), len(resampled.probabilities))
        pair = (each.probabilities[:count] for each in (direct, resampled))
        differences.append(np.abs(np.subtract(*pair)))
        songs = np.subtract(direct.song_probabilities, resampled.song_probabilities)
        song_differences.append(float(np.abs(songs).max()))
        changed += direct.genre != resampled.genre
    together = np.concatenate(differences)
    return {
        "from_hz": SAMPLE_RATE,
        "recordings": len(files),
        "segments": len(together),
        "mean": round(float(together.mean()), 6),
        "max": round(float(together.max()), 6),
        "song_max": round(max(song_differences), 6),
        "changed_verdicts": changed,
    }


def main() -> None:
    """Measure every bundled model with another sampling rate and complete its card."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the recordings")
    parser.add_argument("--songs", type=Path, help="folder of other songs (*.ogg)")
    options = parser.parse_args()
    files = [track.file for track in evenly_spaced(tracks_of_test_set(options.data), RECORDINGS)]
    if options.songs:
        files += sorted(options.songs.glob("*.ogg"))
    if not files:
        parser.error(f"there are no recordings in {options.data}/audio/full/GENRE/TRACK.ogg")
    for card in list_models(MODELS_DIR):
        if card["features"]["sample_rate"] == SAMPLE_RATE:
            continue
        cost = resampling_cost(load_model(card["name"]), files)
        print(f"{card['name']}: {cost}")
        path = card_path(card["name"])
        write_json(path, read_card(path) | {"resampling": cost})


if __name__ == "__main__":
    main()
