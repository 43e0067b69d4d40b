"""Stored predictions for a test set, from which all scores and charts can be recomputed.

Conventions
-----------
Rows are segments. A file ``NAME.PROTOCOL.answers.npz`` contains arrays only, no pickled objects.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from core.evaluation.metrics import song_votes
from core.storage import replacing

ARRAYS = ("probabilities", "labels", "songs", "names")


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


def predictions_file(folder: Path, name: str, protocol: str) -> Path:
    """Path of the stored predictions of a model under one protocol."""
    return folder / f"{name}.{protocol}.answers.npz"


def save_predictions(predictions: Predictions, file: Path) -> None:
    """Write predictions; probabilities are stored in half precision."""
    with replacing(file) as temporary:
        np.savez_compressed(
            temporary,
            probabilities=predictions.probabilities.astype(np.float16),
            labels=predictions.labels.astype(np.uint8),
            songs=predictions.songs.astype(np.uint16),
            names=predictions.names.astype(np.str_),
        )


def load_predictions(file: Path) -> Predictions:
    """Read predictions; rows are normalised to sum to one again.

    Parameters
    ----------
    file : Path
        File written by `save_predictions`.

    Returns
    -------
    Predictions
        The predictions.

    Raises
    ------
    OSError
        If the file does not exist.
    ValueError
        If the file has other content.
    """
    with np.load(file, allow_pickle=False) as stored:
        missing = set(ARRAYS) - set(stored.files)
        if missing:
            raise ValueError(f"{file.name} lacks {', '.join(sorted(missing))}.")
        probabilities = stored["probabilities"].astype(np.float64)
        return Predictions(
            probabilities=probabilities / probabilities.sum(axis=1, keepdims=True),
            labels=stored["labels"].astype(int),
            songs=stored["songs"].astype(int),
            names=stored["names"],
        )


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
