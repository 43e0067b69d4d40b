"""Stored taggrams: tag probabilities of tracks over time, from a pretrained music tagger."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.data.gtzan import TrackSet
from core.errors import DatasetError


def read_taggrams(files: Sequence[Path], tracks: TrackSet) -> np.ndarray | None:
    """Read the tag probabilities of tracks for windows of three seconds, one window per second.

    Parameters
    ----------
    files : sequence of Path
        npz files with `X` ``(n, tags)``, probabilities, and `IDS` ``(n,)``, ``genre/track.au``.
        The rows of a track are its windows in order of time.
    tracks : TrackSet
        Tracks.

    Returns
    -------
    np.ndarray [shape=(tracks, windows, tags), dtype=float32, range=[0, 1]] or None
        NaN for tracks without stored tags; the last window of shorter tracks is repeated. None
        without files.

    Raises
    ------
    DatasetError
        If a file is not such an archive.
    """
    if not files:
        return None
    tags_of: dict[str, np.ndarray] = {}
    for file in files:
        try:
            with np.load(file, allow_pickle=False) as archive:
                values, names = archive["X"], archive["IDS"]
        except (OSError, KeyError, ValueError) as error:
            raise DatasetError(
                f"{file.name} contains no taggrams ({error}). Use an npz file with the arrays X "
                "and IDS."
            ) from error
        for name in np.unique(names):
            tags_of[Path(str(name)).stem] = values[names == name]
    n_windows = max(len(tags) for tags in tags_of.values())
    n_tags = next(iter(tags_of.values())).shape[1]
    taggrams = np.full((len(tracks), n_windows, n_tags), np.nan, dtype=np.float32)
    for index, name in enumerate(tracks.track_ids):
        if name in tags_of:
            tags = tags_of[name]
            taggrams[index, : len(tags)] = tags
            taggrams[index, len(tags) :] = tags[-1]
    return taggrams
