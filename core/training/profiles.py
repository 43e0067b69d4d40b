"""Genre profiles of trained models, explained on segments of the test set by unseen artists."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel
from core.data.splits import split_tracks
from core.errors import DatasetError
from core.explanation.genre_profiles import SUFFIX, genre_profiles, save_profiles
from core.models.store import load_spectrogram_model
from core.training.records import store_predictions

SEGMENTS_PER_GENRE = 30


def store_genre_profiles(
    name: str,
    tracks: TrackSet,
    folder: Path,
    seed: int,
    progress: Callable[[int, int], None],
    segments_per_genre: int = SEGMENTS_PER_GENRE,
) -> None:
    """Write the genre profiles of a trained model, and its predictions for the test set.

    Parameters
    ----------
    name : str
        Spectrogram model.
    tracks : TrackSet
        Tracks that the model was trained and tested on.
    folder : Path
        Folder of the models.
    seed : int
        Seed of the split and of the choice of segments.
    progress : callable
        Called as ``progress(done, total)`` with numbers of segments.
    segments_per_genre : int
        Maximum number of segments that are explained per genre.

    Raises
    ------
    ModelError
        If the folder contains no such model, or it classifies features instead of a spectrogram.
    DatasetError
        If the tracks cannot be split by artist, or the model needs other spectrograms than theirs.
    """
    model = load_spectrogram_model((folder / f"{name}.json").resolve())
    for parameter in ("sample_rate", "n_fft", "hop_length", "n_mels"):
        needed, given = (getattr(each.parameters, parameter) for each in (model, tracks))
        if needed != given:
            raise DatasetError(
                f"{name} cannot be explained on these spectrograms: it needs "
                f"{parameter} = {needed}, not {given}."
            )
    tracks = replace(tracks, parameters=model.parameters)
    test = split_tracks(tracks, "artist", seed).test
    labels = tracks.labels[test.track]
    generator = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            generator.permutation(np.flatnonzero(labels == genre))[:segments_per_genre]
            for genre in np.unique(labels)
        ]
    )
    profiles = genre_profiles(
        model, segment_logmel(tracks, test.where(chosen)), labels[chosen], progress
    )
    save_profiles(profiles, folder / f"{name}{SUFFIX}")
    probabilities = model.predict_logmel(segment_logmel(tracks, test))
    store_predictions(folder, name, "artist", probabilities, tracks, test)
