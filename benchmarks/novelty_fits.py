"""Networks fitted without one genre, and their responses to all songs.

A novelty score is chosen and measured on songs of a genre that the network was never trained on. So
every network is fitted anew without each genre in turn, on the training set of the artist protocol.
The responses are kept in a folder, so an interrupted run continues where it stopped.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.segments import segment_mfcc
from core.data.splits import Segments
from core.storage import replacing
from core.training.novelty_networks import respond
from core.training.spectrogram_models import SpectrogramTrainer

EPOCHS = 5  # of a fit without a genre; the validation loss falls little after that
SETS = ("train", "valid", "test")


@dataclass(frozen=True, eq=False)
class Responses:
    """Responses of a network to the segments of the three sets.

    Parameters
    ----------
    hidden : dict of np.ndarray [shape=(n, units)]
        Last hidden layer, by name of the set.
    probabilities : dict of np.ndarray [shape=(n, genres)]
        Genre probabilities, before calibration; zero for the genre that was left out.
    """

    hidden: dict[str, np.ndarray]
    probabilities: dict[str, np.ndarray]


def responses(trainer: SpectrogramTrainer, name: str, genre: int, folder: Path) -> Responses:
    """Fit a network without one genre, and record its responses; or read them if they exist.

    Parameters
    ----------
    trainer : SpectrogramTrainer
        Trainer under the artist protocol.
    name : str
        Spectrogram model.
    genre : int
        Genre whose songs are left out of the training set.
    folder : Path
        Folder of the responses.

    Returns
    -------
    Responses
        To all tracks of the three sets, those of the genre included.
    """
    file = folder / f"{name}-without-{GENRES[genre]}.npz"
    if not file.is_file():
        found = _fit(trainer, name, genre)
        with replacing(file) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **found)
    with np.load(file, allow_pickle=False) as stored:
        return Responses(
            {each: stored[f"{each}_hidden"].astype(np.float32) for each in SETS},
            {each: stored[f"{each}_probabilities"].astype(np.float64) for each in SETS},
        )


def _fit(trainer: SpectrogramTrainer, name: str, genre: int) -> dict[str, np.ndarray]:
    settings = replace(trainer.settings[name], epochs=EPOCHS)
    known = without(trainer.split.train, trainer.tracks, genre)
    part = f"without-{GENRES[genre]}"
    fitted = trainer.fit(name, part, known, settings, None, resume=True)
    trainer.progress.close()
    found: dict[str, np.ndarray] = {}
    for each in SETS:
        mfcc = segment_mfcc(trainer.tracks, getattr(trainer.split, each))
        hidden, probabilities = respond(fitted, mfcc)
        probabilities[:, genre] = 0  # this output has never been trained
        probabilities /= probabilities.sum(axis=1, keepdims=True)
        found[f"{each}_hidden"] = hidden.astype(np.float16)
        found[f"{each}_probabilities"] = probabilities.astype(np.float32)
    keras.backend.clear_session()
    return found


def without(segments: Segments, tracks: TrackSet, genre: int) -> Segments:
    """Leave out the segments of one genre."""
    return segments.where(tracks.labels[segments.track] != genre)
