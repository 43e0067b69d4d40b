"""Readers of training data: a GTZAN folder of audio files, or an archive of log-mel spectrograms.

Both give a `TrackSet`: every track's log-mel spectrogram, quantised to one byte a cell (at most
80 / 512 dB off), with its genre and what is known about the recording. Artists come from Sturm's
catalogue of GTZAN's faults (2013, "The GTZAN dataset: its contents, its faults, their effects on
evaluation, and its future use") and the `artist` split from Kereliuk, Sturm & Larsen (2015, "Deep
learning and music adversaries"); both are facts about the public data set and are listed in
``gtzan_index.csv``.
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
from core.storage import replacing

AUDIO_SUFFIXES = (".wav", ".au", ".ogg", ".mp3")
INDEX_FILE = Path(__file__).with_name("gtzan_index.csv")


@dataclass(frozen=True)
class IndexEntry:
    """What is known about one GTZAN track.

    Parameters
    ----------
    artist : str
        Performer, empty where unknown.
    artist_split : str
        ``"train"``, ``"valid"``, ``"test"`` or ``"excluded"`` in the fault-filtered split.
    duplicate_of : str
        Track that has the same bytes, or empty.
    """

    artist: str
    artist_split: str
    duplicate_of: str


UNKNOWN = IndexEntry(artist="", artist_split="", duplicate_of="")


@lru_cache(maxsize=1)
def gtzan_index() -> dict[str, IndexEntry]:
    """Return what is known about each of the 1000 GTZAN tracks, by track id."""
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
        All tracks' quantised spectrograms, one after the other.
    starts, lengths : np.ndarray [shape=(n,), dtype=int]
        First frame and number of frames of each track in `frames`.
    floor_db : np.ndarray [shape=(n,), dtype=float32, range=[-80, 0]]
        Level of quantum zero; the scale ends at 0 dB.
    parameters : FeatureParameters
        How the spectrograms were computed.
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
        """Return what is known about a track; blanks for tracks that are not GTZAN's."""
        return gtzan_index().get(self.track_ids[track], UNKNOWN)

    def logmel(self, track: int) -> np.ndarray:
        """Return one track's spectrogram.

        Parameters
        ----------
        track : int
            Index of the track.

        Returns
        -------
        np.ndarray [shape=(frames, n_mels), dtype=float32, range=[-80, 0]]
            dB relative to the track's own maximum.
        """
        start, length = self.starts[track], self.lengths[track]
        return dequantise(self.frames[start : start + length], self.floor_db[track])


def quantise(spectrogram: np.ndarray) -> tuple[np.ndarray, float]:
    """Store a log-mel spectrogram in one byte a cell.

    Parameters
    ----------
    spectrogram : np.ndarray [shape=(frames, n_mels), range=[-80, 0]]
        dB relative to the track's maximum.

    Returns
    -------
    quanta : np.ndarray [shape=(frames, n_mels), dtype=uint8]
        256 equal steps between the floor and 0 dB.
    floor_db : float
        The spectrogram's minimum.
    """
    floor = min(float(spectrogram.min()), -1.0)
    steps = np.floor((spectrogram - floor) / -floor * 256)
    return np.clip(steps, 0, 255).astype(np.uint8), floor


def dequantise(quanta: np.ndarray, floor_db: float) -> np.ndarray:
    """Undo `quantise` to within half a step.

    Parameters
    ----------
    quanta : np.ndarray [shape=(frames, n_mels), dtype=uint8]
        Quantised spectrogram.
    floor_db : float
        Level of quantum zero in dB.

    Returns
    -------
    np.ndarray [shape=(frames, n_mels), dtype=float32, range=[floor_db, 0]]
        dB relative to the track's maximum.
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
        npz with `q` uint8 ``(n, n_mels, frames)``, `track_id` ``genre.number`` and `vmin_db`.

    Returns
    -------
    TrackSet
        Its tracks, at the shared frame rate.

    Raises
    ------
    DatasetError
        If the file is no such archive.
    """
    try:
        with np.load(file, allow_pickle=False) as archive:
            quanta, floors = archive["q"], archive["vmin_db"]
            track_ids = [str(name) for name in archive["track_id"]]
        labels = [GENRES.index(name.split(".")[0]) for name in track_ids]
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{Path(file).name} is not an archive of log-mel spectrograms ({error}). Give an npz "
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
    """Return the audio files of a GTZAN folder with their labels.

    Parameters
    ----------
    folder : Path or str
        Folder with one folder a genre.

    Returns
    -------
    list of (Path, int)
        Files and indices of their genre, sorted.

    Raises
    ------
    DatasetError
        If there is no audio in the folders named after the ten genres.
    """
    found = [
        (path, label)
        for label, genre in enumerate(GENRES)
        for path in sorted((Path(folder) / genre).glob("*"))
        if path.suffix.lower() in AUDIO_SUFFIXES
    ]
    if not found:
        raise DatasetError(
            f"No audio in {folder}. Give the folder that holds the genres as folders "
            f"({', '.join(GENRES)}) with {', '.join(AUDIO_SUFFIXES)} files in them."
        )
    return found


def list_recordings(folders: Sequence[Path]) -> dict[str, tuple[Path, int]]:
    """Return the audio files of several GTZAN folders by their tracks.

    Parameters
    ----------
    folders : sequence of Path
        Folders as in `list_tracks`.

    Returns
    -------
    dict of (Path, int)
        File and index of the genre of each track; of one in several folders the first counts.

    Raises
    ------
    DatasetError
        If a folder holds no audio.
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
        Folder with one folder a genre.
    parameters : FeatureParameters
        How to compute the spectrograms.
    progress : callable, optional
        Called with files done and files in all.

    Returns
    -------
    tracks : TrackSet
        All readable tracks.
    skipped : list of str
        One sentence for each file that was left out.

    Raises
    ------
    DatasetError
        If nothing readable is left.
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


def save_tracks(tracks: TrackSet, file: Path | str) -> None:
    """Keep a track set, so that a resumed training need not decode the audio again.

    Parameters
    ----------
    tracks : TrackSet
        Tracks to keep.
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
    """Read back what `save_tracks` kept.

    Parameters
    ----------
    file : Path or str
        npz file.
    parameters : FeatureParameters
        The parameters the spectrograms were computed with.

    Returns
    -------
    TrackSet
        The same tracks.
    """
    with np.load(file, allow_pickle=False) as kept:
        return TrackSet(
            track_ids=tuple(str(name) for name in kept["track_ids"]),
            labels=kept["labels"],
            frames=kept["frames"],
            starts=kept["starts"],
            lengths=kept["lengths"],
            floor_db=kept["floor_db"],
            parameters=parameters,
        )
