"""Readers of training data: a GTZAN folder of audio files, or an archive of log-mel spectrograms.

Both return a `TrackSet`: the log-mel spectrogram of every track, quantised to one byte per cell (an
error of at most 80 / 512 dB), with its genre. Artists come from Sturm's catalogue of GTZAN's faults
(2013, "The GTZAN dataset: its contents, its faults, their effects on evaluation, and its future
use"), the `artist` split from Kereliuk, Sturm & Larsen (2015, "Deep learning and music
adversaries"). Both are facts about the public data set and are listed in ``gtzan_index.csv``.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from core.audio.io import load_audio
from core.constants import GENRES
from core.errors import AudioError, DatasetError
from core.features.spectrogram import FeatureParameters, logmel

AUDIO_SUFFIXES = (".wav", ".au", ".ogg", ".mp3")
INDEX_FILE = Path(__file__).with_name("gtzan_index.csv")


@dataclass(frozen=True)
class IndexEntry:
    """Facts about one GTZAN track.

    Parameters
    ----------
    artist : str
        Performer; empty where unknown.
    artist_split : str
        ``"train"``, ``"valid"``, ``"test"`` or ``"excluded"`` in the fault-filtered split.
    duplicate_of : str
        Name of the track that has the same bytes; empty for most tracks.
    """

    artist: str
    artist_split: str
    duplicate_of: str


UNKNOWN = IndexEntry(artist="", artist_split="", duplicate_of="")


@lru_cache(maxsize=1)
def gtzan_index() -> dict[str, IndexEntry]:
    """Read the facts about the 1000 GTZAN tracks, by track name."""
    with open(INDEX_FILE, encoding="utf-8", newline="") as stream:
        return {
            row["track_id"]: IndexEntry(row["artist"], row["artist_split"], row["duplicate_of"])
            for row in csv.DictReader(stream)
        }


@dataclass(frozen=True)
class TrackSet:
    """Log-mel spectrograms of labelled tracks.

    Parameters
    ----------
    track_ids : tuple of str
        Names, ``genre.number`` for GTZAN.
    labels : np.ndarray [shape=(n,), dtype=int]
        Index into `core.constants.GENRES`.
    frames : np.ndarray [shape=(total_frames, n_mels), dtype=uint8]
        Quantised spectrograms of all tracks, one after the other.
    starts, lengths : np.ndarray [shape=(n,), dtype=int]
        First frame and number of frames of each track in `frames`.
    floor_db : np.ndarray [shape=(n,), dtype=float32, range=[-80, 0]]
        Level in dB of the lowest step of each track; the highest step ends at 0 dB.
    parameters : FeatureParameters
        Parameters of the spectrograms.
    """

    track_ids: tuple[str, ...]
    labels: np.ndarray
    frames: np.ndarray
    starts: np.ndarray
    lengths: np.ndarray
    floor_db: np.ndarray
    parameters: FeatureParameters

    def __len__(self) -> int:
        return len(self.track_ids)

    def entry(self, track: int) -> IndexEntry:
        """Look up the facts about a track; they are empty for tracks that are not part of GTZAN."""
        return gtzan_index().get(self.track_ids[track], UNKNOWN)

    def logmel(self, track: int) -> np.ndarray:
        """Reconstruct the spectrogram of a track.

        Parameters
        ----------
        track : int
            Index of the track.

        Returns
        -------
        np.ndarray [shape=(frames, n_mels), dtype=float32, range=[-80, 0]]
            dB relative to the maximum of the track.
        """
        start, length = self.starts[track], self.lengths[track]
        return dequantise(self.frames[start : start + length], self.floor_db[track])


def quantise(spectrogram: np.ndarray) -> tuple[np.ndarray, float]:
    """Quantise a log-mel spectrogram to one byte per cell.

    Parameters
    ----------
    spectrogram : np.ndarray [shape=(frames, n_mels), range=[-80, 0]]
        dB relative to the maximum of the track.

    Returns
    -------
    quanta : np.ndarray [shape=(frames, n_mels), dtype=uint8]
        256 equal steps from `floor_db` to 0 dB.
    floor_db : float
        Minimum of the spectrogram in dB.
    """
    floor = min(float(spectrogram.min()), -1.0)
    steps = np.floor((spectrogram - floor) / -floor * 256)
    return np.clip(steps, 0, 255).astype(np.uint8), floor


def dequantise(quanta: np.ndarray, floor_db: float) -> np.ndarray:
    """Reverse `quantise` to within half a step.

    Parameters
    ----------
    quanta : np.ndarray [shape=(frames, n_mels), dtype=uint8]
        Quantised spectrogram.
    floor_db : float
        Level of the lowest step in dB.

    Returns
    -------
    np.ndarray [shape=(frames, n_mels), dtype=float32, range=[floor_db, 0]]
        dB relative to the maximum of the track.
    """
    return (floor_db * (1 - (quanta.astype(np.float32) + 0.5) / 256)).astype(np.float32)


def _assemble(
    track_ids: list[str],
    labels: list[int],
    quanta: list[np.ndarray],
    floors: list[float],
    parameters: FeatureParameters,
) -> TrackSet:
    lengths = np.array([len(part) for part in quanta])
    return TrackSet(
        track_ids=tuple(track_ids),
        labels=np.array(labels),
        frames=np.concatenate(quanta),
        starts=np.concatenate([[0], np.cumsum(lengths)[:-1]]),
        lengths=lengths,
        floor_db=np.array(floors, dtype=np.float32),
        parameters=parameters,
    )


def read_archive(file: Path | str) -> TrackSet:
    """Read an archive of log-mel spectrograms.

    Parameters
    ----------
    file : Path or str
        npz with `q` uint8 ``(n, n_mels, frames)``, `track_id` ``genre.number`` and `vmin_db`
        ``(n,)``, the level of the lowest step.

    Returns
    -------
    TrackSet
        Its tracks, at the frame rate of `core.constants.HOP_LENGTH`.

    Raises
    ------
    DatasetError
        If the file is not such an archive.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            quanta, floors = archive["q"], archive["vmin_db"]
            track_ids = [str(name) for name in archive["track_id"]]
        labels = [GENRES.index(name.split(".")[0]) for name in track_ids]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{Path(file).name} is not an archive of log-mel spectrograms ({error}). Use an npz "
            "file with the arrays q, track_id and vmin_db."
        ) from error
    return _assemble(
        track_ids,
        labels,
        [np.ascontiguousarray(part.T) for part in quanta],
        floors.tolist(),
        FeatureParameters(),
    )


def list_tracks(folder: Path | str) -> list[tuple[Path, int]]:
    """List the audio files of a GTZAN folder with their genres.

    Parameters
    ----------
    folder : Path or str
        Folder with one subfolder per genre.

    Returns
    -------
    list of (Path, int)
        Files and indices of their genres, sorted.

    Raises
    ------
    DatasetError
        If the subfolders named after the ten genres contain no audio.
    """
    found = [
        (path, label)
        for label, genre in enumerate(GENRES)
        for path in sorted((Path(folder) / genre).glob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
    ]
    if not found:
        raise DatasetError(
            f"{folder} contains no training data. Use a folder with the genres as subfolders "
            f"({', '.join(GENRES)}) and {', '.join(AUDIO_SUFFIXES)} files in them."
        )
    return found


def list_recordings(folders: Sequence[Path]) -> dict[str, tuple[Path, int]]:
    """List the recordings in several GTZAN folders, one per track.

    Parameters
    ----------
    folders : sequence of Path
        Folders as in `list_tracks`.

    Returns
    -------
    dict of (Path, int)
        File and index of the genre, by the name of the track. The first folder that contains a
        track counts.

    Raises
    ------
    DatasetError
        If a folder contains no audio.
    """
    found: dict[str, tuple[Path, int]] = {}
    for folder in folders:
        for path, label in list_tracks(folder):
            found.setdefault(path.stem, (path, label))
    return found


def read_folder(
    folder: Path | str,
    parameters: FeatureParameters,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> tuple[TrackSet, list[str]]:
    """Read a GTZAN folder: ``genre/track.ext``.

    Parameters
    ----------
    folder : Path or str
        Folder with one subfolder per genre.
    parameters : FeatureParameters
        Parameters of the spectrograms.
    progress : callable, optional
        Called as ``progress(done, total)`` with numbers of files.

    Returns
    -------
    tracks : TrackSet
        Tracks of all readable files.
    skipped : list of str
        One sentence for each file that cannot be read.

    Raises
    ------
    DatasetError
        If no file can be read.
    """
    files = list_tracks(folder)
    skipped: list[str] = []
    track_ids: list[str] = []
    labels: list[int] = []
    quanta: list[np.ndarray] = []
    floors: list[float] = []
    for done, (path, label) in enumerate(files):
        try:
            part, floor = quantise(logmel(load_audio(path).samples, parameters))
        except AudioError as error:
            skipped.append(f"{path.parent.name}/{path.name}: {error}")
        else:
            track_ids.append(path.stem)
            labels.append(label)
            quanta.append(part)
            floors.append(floor)
        if progress:
            progress(done + 1, len(files))
    if not track_ids:
        raise DatasetError(f"None of the {len(files)} files in {folder} can be read.")
    return _assemble(track_ids, labels, quanta, floors, parameters), skipped
