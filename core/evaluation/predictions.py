"""Stored predictions for a test set, from which all scores and charts can be recomputed.

Conventions
-----------
Rows are segments. The file ``predictions.npz`` of a folder contains the predictions of all its
models, as arrays only, no pickled objects. ``NAME/PROTOCOL/SET`` are the probabilities of a model
under a protocol. ``SET/labels``, ``SET/songs`` and ``SET/names`` describe the segments; they are
stored once for all models with the same segments. ``SET`` is a digest of these three arrays. An
array is decompressed when it is read, so loading one model does not read the others.
"""

from __future__ import annotations

import hashlib
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.evaluation.metrics import song_votes
from core.storage import replacing

PREDICTIONS_FILE = "predictions.npz"
SET_ARRAYS = ("labels", "songs", "names")  # what models with the same segments share


@dataclass(frozen=True, eq=False)
class Predictions:
    """Predictions of a model for the segments of a test set.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
        Genre probabilities; rows sum to one.
    labels : np.ndarray [shape=(n,), dtype=int]
        True genres.
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment, as an index into `names`.
    names : np.ndarray [shape=(songs,), dtype=str]
        Names of the songs in the data set.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    songs: np.ndarray
    names: np.ndarray

    @cached_property
    def votes(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean probabilities and true genre of each song, in the order of `names`."""
        return song_votes(self.probabilities, self.labels, self.songs)

    @cached_property
    def correct(self) -> dict[str, bool]:
        """Whether the vote for a song is correct, by the song's name."""
        votes, truths = self.votes
        correct = votes.argmax(axis=1) == truths
        return {str(name): bool(hit) for name, hit in zip(self.names, correct, strict=True)}

    def accuracy_on(self, names: Iterable[str]) -> float:
        """Share of correct votes among some of the songs.

        Parameters
        ----------
        names : iterable of str
            Songs of the test set, at least one.

        Returns
        -------
        float [range=[0, 1]]
            Accuracy.

        Raises
        ------
        KeyError
            If a song is not in the test set.
        """
        return float(np.mean([self.correct[name] for name in names]))


def on_common_songs(
    predictions: Mapping[str, Predictions],
) -> tuple[list[str], int, dict[str, float]]:
    """Compare models with different test sets on the songs that all test sets contain.

    Parameters
    ----------
    predictions : mapping of str to Predictions
        Predictions of each model, at least one.

    Returns
    -------
    smaller : list of str
        Models whose test set has fewer songs than the largest one.
    songs : int
        Number of songs in common.
    accuracies : dict of str to float
        Accuracy of each model on these songs, in descending order; empty if there are none.
    """
    largest = max(len(each.names) for each in predictions.values())
    smaller = [name for name, each in predictions.items() if len(each.names) < largest]
    songs = set.intersection(*(set(each.correct) for each in predictions.values()))
    accuracies = {name: each.accuracy_on(songs) for name, each in predictions.items() if songs}
    return smaller, len(songs), dict(sorted(accuracies.items(), key=lambda item: -item[1]))


def save_predictions(predictions: Predictions, folder: Path, name: str, protocol: str) -> None:
    """Add the predictions of a model to the file of a folder, or replace them.

    Parameters
    ----------
    predictions : Predictions
        Predictions; probabilities are stored in half precision.
    folder : Path
        Folder to write to.
    name, protocol : str
        Model and protocol.

    Raises
    ------
    ValueError
        If the folder's file is damaged. It then stays as it was.
    """
    described: dict[str, np.ndarray] = {
        "labels": predictions.labels.astype(np.uint8),
        "songs": predictions.songs.astype(np.uint16),
        "names": predictions.names.astype(np.str_),
    }
    digest = hashlib.sha256()
    for array in described.values():
        digest.update(f"{array.dtype} {array.shape} ".encode() + array.tobytes())
    test_set = digest.hexdigest()[:12]
    file = folder / PREDICTIONS_FILE
    arrays: dict[str, np.ndarray] = {}
    if file.is_file():
        with _opened(file) as stored:
            arrays = {key: stored[key] for key in stored.files}
    arrays = {key: each for key, each in arrays.items() if _entry(key) != (name, protocol)}
    arrays[f"{name}/{protocol}/{test_set}"] = predictions.probabilities.astype(np.float16)
    arrays |= {f"{test_set}/{each}": array for each, array in described.items()}
    used = {key.rpartition("/")[2] for key in arrays if _entry(key)}
    kept = {key: each for key, each in arrays.items() if _entry(key) or key.split("/")[0] in used}
    with replacing(file) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **dict(sorted(kept.items())))


def load_predictions(folder: Path, name: str, protocol: str) -> Predictions:
    """Read the predictions of a model; rows are normalised to sum to one again.

    Parameters
    ----------
    folder : Path
        Folder that `save_predictions` wrote to.
    name, protocol : str
        Model and protocol.

    Returns
    -------
    Predictions
        The predictions.

    Raises
    ------
    OSError
        If the folder has no predictions at all.
    ValueError
        If it has none of this model under this protocol, or its file is damaged.
    """
    file = folder / PREDICTIONS_FILE
    with _opened(file) as stored:
        keys = [key for key in stored.files if _entry(key) == (name, protocol)]
        if not keys:
            raise ValueError(f"{file.name} has no predictions of {name}/{protocol}.")
        test_set = keys[0].rpartition("/")[2]
        missing = [each for each in SET_ARRAYS if f"{test_set}/{each}" not in stored.files]
        if missing:
            raise ValueError(f"{file.name} lacks the {', '.join(missing)} of {name}/{protocol}.")
        labels, songs, names = (stored[f"{test_set}/{each}"] for each in SET_ARRAYS)
        probabilities = stored[keys[0]].astype(np.float64)
        return Predictions(
            probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
            labels=labels.astype(int),
            songs=songs.astype(int),
            names=names,
        )


def list_predictions(folder: Path) -> list[tuple[str, str]]:
    """List whose predictions a folder has.

    Parameters
    ----------
    folder : Path
        Folder that `save_predictions` wrote to.

    Returns
    -------
    list of (str, str)
        Models and protocols in alphabetical order; empty if there is no file.

    Raises
    ------
    ValueError
        If the file is damaged.
    """
    if not (folder / PREDICTIONS_FILE).is_file():
        return []
    with _opened(folder / PREDICTIONS_FILE) as stored:
        return sorted(entry for key in stored.files if (entry := _entry(key)))


@contextmanager
def _opened(file: Path) -> Iterator[np.lib.npyio.NpzFile]:
    """Open the file of a folder, whose arrays are read on access."""
    try:
        stored = np.load(file, allow_pickle=False)
        if not isinstance(stored, np.lib.npyio.NpzFile):
            raise ValueError("it contains a single array")
        with stored:
            yield stored
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise ValueError(f"{file.name} is damaged ({error}). Restore the file.") from error


def _entry(key: str) -> tuple[str, str] | None:
    """Model and protocol of an array of probabilities; None of the arrays of a test set."""
    parts = key.split("/")
    return (parts[0], parts[1]) if len(parts) == 3 else None


def index_songs(tracks: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Assign consecutive numbers to the songs of some segments.

    Parameters
    ----------
    tracks : np.ndarray [shape=(n,), dtype=int]
        Track of each segment.
    names : np.ndarray [shape=(tracks,), dtype=str]
        Names of all tracks.

    Returns
    -------
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment, as an index into the returned names.
    names : np.ndarray [shape=(songs,), dtype=str]
        Names of the tracks that occur, in ascending order of the tracks.
    """
    present, songs = np.unique(tracks, return_inverse=True)
    return songs, np.asarray(names)[present]
