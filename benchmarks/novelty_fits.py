"""Networks fitted without one genre, and what they respond to songs and to other sounds.

A score of novelty is chosen and measured on songs of a genre that the network has never seen. So
every network is fitted anew without each genre in turn, and once with all of them, on the training
set of the artist protocol. What the networks respond is kept in a folder: an interrupted run
continues where it stopped.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import keras
import numpy as np
import scipy.special

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments, Split
from core.models.spectrogram_models import hidden_layer
from core.storage import replacing
from core.training.fit import Settings
from core.training.progress import EpochBars
from core.training.spectrogram_models import SpectrogramTrainer, network_inputs

EPOCHS = 5  # of a fit without a genre; the validation loss falls little after that
SETS = ("train", "valid", "test")
BATCH = 256  # segments


@dataclass(frozen=True, eq=False)
class Responses:
    """Responses of a network to the segments of several sets.

    Parameters
    ----------
    hidden : dict of np.ndarray [shape=(n, units)]
        Last hidden layer, by name of the set: "train", "valid", "test" and "sounds".
    probabilities : dict of np.ndarray [shape=(n, genres)]
        Genre probabilities, before calibration.
    """

    hidden: dict[str, np.ndarray]
    probabilities: dict[str, np.ndarray]


def responses(
    name: str,
    left_out: int | None,
    tracks: TrackSet,
    split: Split,
    sounds: np.ndarray,
    *,
    settings: Settings,
    taggrams: np.ndarray | None,
    folder: Path,
    seed: int,
) -> Responses:
    """Fit a network without one genre, and record its responses; or read them, if they exist.

    Parameters
    ----------
    name : str
        Spectrogram model.
    left_out : int, optional
        Genre whose songs are left out of the training set; none by default.
    tracks : TrackSet
        Tracks, with the feature parameters of the model.
    split : Split
        Artist protocol.
    sounds : np.ndarray [shape=(n, frames, n_mfcc)]
        MFCCs of other sounds, not standardised.
    settings : Settings
        Hyperparameters of the fit.
    taggrams : np.ndarray, optional
        Tags of the training tracks, see `core.data.taggrams.read_taggrams`.
    folder : Path
        Folder of the responses.
    seed : int
        Seed of weights and batches.

    Returns
    -------
    Responses
        To all tracks of the three sets, those of the genre included, and to the sounds.
    """
    part = "all" if left_out is None else f"without-{GENRES[left_out]}"
    file = folder / f"{name}-{part}.npz"
    if not file.is_file():
        found = _fit(name, part, left_out, tracks, split, sounds, settings, taggrams, folder, seed)
        with replacing(file) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **found)
    with np.load(file, allow_pickle=False) as stored:
        sets = (*SETS, "sounds")
        return Responses(
            {each: stored[f"{each}_hidden"].astype(np.float32) for each in sets},
            {each: stored[f"{each}_probabilities"].astype(np.float64) for each in sets},
        )


def _fit(
    name: str,
    part: str,
    left_out: int | None,
    tracks: TrackSet,
    split: Split,
    sounds: np.ndarray,
    settings: Settings,
    taggrams: np.ndarray | None,
    folder: Path,
    seed: int,
) -> Mapping[str, np.ndarray]:
    bars = EpochBars()
    trainer = SpectrogramTrainer(
        tracks,
        split,
        {name: settings},
        folder / "fits",
        seed=seed,
        taggrams=taggrams,
        resume=True,
        progress=bars,
    )
    fitted = trainer.fit(name, part, without(split.train, tracks, left_out), settings, None)
    bars.close()
    layer = hidden_layer(fitted.network)
    network = keras.Model(fitted.network.input, [layer.input, layer.output])
    inputs = {
        each: network_inputs(tracks, getattr(split, each), fitted.standardisation) for each in SETS
    }
    standardised = (sounds - fitted.standardisation.mean) / fitted.standardisation.scale
    inputs["sounds"] = standardised.astype(np.float32)[..., np.newaxis]
    found: dict[str, np.ndarray] = {}
    for each, values in inputs.items():
        hidden, logits = network.predict(values, batch_size=BATCH, verbose=0)
        if left_out is not None:
            logits[:, left_out] = -np.inf  # this output has never been trained
        found[f"{each}_hidden"] = hidden.astype(np.float16)
        found[f"{each}_probabilities"] = scipy.special.softmax(logits, axis=1).astype(np.float32)
    keras.backend.clear_session()
    return found


def without(segments: Segments, tracks: TrackSet, genre: int | None) -> Segments:
    """Leave out the segments of one genre."""
    if genre is None:
        return segments
    return segments.where(tracks.labels[segments.track] != genre)


def settings_of_fit(settings: Settings, left_out: int | None, epochs: int) -> Settings:
    """Shorten the fits without a genre; the fit with all genres has the epochs of the model."""
    return settings if left_out is None else replace(settings, epochs=epochs)
