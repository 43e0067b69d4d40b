"""Read stored tag probabilities of training tracks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from core.data.gtzan import TrackSet
from core.errors import DatasetError


def read_taggrams(files: Sequence[Path], tracks: TrackSet) -> np.ndarray | None:
    """Read what the teacher hears in each second of the tracks.

    Parameters
    ----------
    files : sequence of Path
        npz files with `X` ``(n, tags)``, probabilities, and `IDS` ``(n,)``, ``genre/track.au``.
    tracks : TrackSet
        The tracks.

    Returns
    -------
    np.ndarray [shape=(tracks, windows, tags)] or None
        NaN for tracks the teacher was not asked about; None without files.

    Raises
    ------
    DatasetError
        If a file is no such archive.
    """
    if not files:
        return None
    heard: dict[str, np.ndarray] = {}
    for file in files:
        try:
            with np.load(file, allow_pickle=False) as archive:
                values, names = archive["X"], archive["IDS"]
        except (OSError, KeyError, ValueError) as error:
            raise DatasetError(
                f"{file.name} holds no taggrams ({error}). Give an npz file with X and IDS."
            ) from error
        for name in np.unique(names):
            heard[Path(str(name)).stem] = values[names == name]
    windows = max(len(rows) for rows in heard.values())
    n_tags = next(iter(heard.values())).shape[1]
    table = np.full((len(tracks), windows, n_tags), np.nan, dtype=np.float32)
    for index, name in enumerate(tracks.track_ids):
        if name in heard:
            rows = heard[name]
            table[index, : len(rows)] = rows
            table[index, len(rows) :] = rows[-1]
    return table
