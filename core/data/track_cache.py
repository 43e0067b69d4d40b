"""Cache of decoded GTZAN folders: recordings that have not changed are decoded only once."""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np

from core.data.gtzan import TrackSet, list_tracks, read_folder
from core.features.spectrogram import FeatureParameters
from core.storage import fingerprint, replacing

VERSION = 1  # of the cached content; increase it whenever decoding or spectrograms change


def folder_fingerprint(folder: Path | str, parameters: FeatureParameters) -> str:
    """Compute the cache key of a folder's track set.

    Parameters
    ----------
    folder : Path or str
        GTZAN folder, see `core.data.gtzan.list_tracks`.
    parameters : FeatureParameters
        Parameters of the spectrograms.

    Returns
    -------
    str
        Depends on the content, names and genres of the recordings, not on where they are stored.

    Raises
    ------
    DatasetError
        If the folder contains no recordings.
    """
    files = list_tracks(folder)
    return fingerprint(
        [path for path, _ in files],
        version=VERSION,
        tracks=[[path.name, label] for path, label in files],
        parameters=parameters.to_json(),
    )


def cached_folder(
    folder: Path | str,
    parameters: FeatureParameters,
    cache: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[TrackSet, list[str]]:
    """Read a GTZAN folder, from the cache if its recordings have not changed.

    Parameters
    ----------
    folder, parameters, progress
        As in `core.data.gtzan.read_folder`.
    cache : Path
        Folder of the cached file; the file of an earlier folder is removed from it.

    Returns
    -------
    tracks : TrackSet
        Tracks of all readable files.
    skipped : list of str
        One sentence for each file that cannot be read; empty if nothing had to be decoded.

    Raises
    ------
    DatasetError
        If no file can be read.
    """
    file = cache / f"tracks-{folder_fingerprint(folder, parameters)[:16]}.npz"
    if file.is_file():
        try:
            return load_tracks(file, parameters), []
        except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error):
            pass  # a damaged file is written anew
    tracks, skipped = read_folder(folder, parameters, progress=progress)
    for old in cache.glob("tracks-*.npz"):
        old.unlink()
    save_tracks(tracks, file)
    return tracks, skipped


def save_tracks(tracks: TrackSet, file: Path | str) -> None:
    """Write a track set to a file.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    file : Path or str
        npz file to write.
    """
    with replacing(file) as temporary:
        np.savez(
            temporary,
            track_ids=np.array(tracks.track_ids),
            labels=tracks.labels,
            frames=tracks.frames,
            starts=tracks.starts,
            lengths=tracks.lengths,
            floor_db=tracks.floor_db,
        )


def load_tracks(file: Path | str, parameters: FeatureParameters) -> TrackSet:
    """Read a track set from a file.

    Parameters
    ----------
    file : Path or str
        npz file that `save_tracks` wrote.
    parameters : FeatureParameters
        Parameters that the spectrograms were computed with.

    Returns
    -------
    TrackSet
        The same tracks.
    """
    with np.load(file, allow_pickle=False) as archive:
        return TrackSet(
            track_ids=tuple(str(name) for name in archive["track_ids"]),
            labels=archive["labels"],
            frames=archive["frames"],
            starts=archive["starts"],
            lengths=archive["lengths"],
            floor_db=archive["floor_db"],
            parameters=parameters,
        )
