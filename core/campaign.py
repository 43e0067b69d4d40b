"""After training: what models answer and what their genres are to them, stored beside them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from core.answers import keep_answers
from core.datasets import TrackSet
from core.models import load_model
from core.profiles import SUFFIX, genre_profiles, save_profiles
from core.runs import segment_logmel
from core.splits import split_tracks

PROFILE_SEGMENTS = 30  # a genre


def explain_genres(
    name: str, tracks: TrackSet, folder: Path, seed: int, progress: Callable[[int, int], None]
) -> None:
    """Store the genre profiles and the answers of a model, from songs of unknown artists.

    Parameters
    ----------
    name : str
        The model, in `folder`.
    tracks : TrackSet
        The tracks that it was trained on and tested with.
    folder : Path
        Folder of the models.
    seed : int
        Seed of the split and of the choice of segments.
    progress : callable
        Called as ``progress(done, total)`` with numbers of segments.
    """
    model = load_model((folder / f"{name}.json").resolve())
    tracks = replace(tracks, parameters=model.parameters)
    test = split_tracks(tracks, "artist", seed).test
    labels = tracks.labels[test.track]
    generator = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            generator.permutation(np.flatnonzero(labels == genre))[:PROFILE_SEGMENTS]
            for genre in np.unique(labels)
        ]
    )
    logmel = segment_logmel(tracks, test.where(chosen))
    save_profiles(
        genre_profiles(model, logmel, labels[chosen], progress), folder / f"{name}{SUFFIX}"
    )
    answers = model.predict_logmel(segment_logmel(tracks, test))
    keep_answers(folder, name, "artist", answers, tracks, test)
