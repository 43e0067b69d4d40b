"""What a model answered on its test side, stored small beside its card, so that all can be redrawn.

Conventions
-----------
Rows are segments. A file ``NAME.PROTOCOL.answers.npz`` holds no objects, so nothing in it is run.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from core.evaluation.metrics import song_votes
from core.storage import replacing

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, eq=False)
class Predictions:
    """A model's answers to the segments of a test side.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
        Genre probabilities; rows sum to one.
    labels : np.ndarray [shape=(n,), dtype=int]
        True genres.
    songs : np.ndarray [shape=(n,), dtype=int]
        Place of each segment's song in `names`.
    names : np.ndarray [shape=(songs,), dtype=str]
        What the songs are called in the data set.
    """

    probabilities: np.ndarray
    labels: np.ndarray
    songs: np.ndarray
    names: np.ndarray

    @cached_property
    def votes(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean probabilities of each song and its genre, in the order of `names`."""
        return song_votes(self.probabilities, self.labels, self.songs)

    @cached_property
    def right(self) -> dict[str, bool]:
        """Whether each song's vote is right, by the song's name."""
        votes, truths = self.votes
        hits = votes.argmax(axis=1) == truths
        return {str(name): bool(hit) for name, hit in zip(self.names, hits, strict=True)}

    def accuracy_on(self, names: Iterable[str]) -> float:
        """Return the share of right votes of some songs.

        Parameters
        ----------
        names : iterable of str
            Songs that the model was asked about, one at least.

        Returns
        -------
        float [range=[0, 1]]
            The share.

        Raises
        ------
        KeyError
            If it was not asked about one of them.
        """
        return float(np.mean([self.right[name] for name in names]))


def on_common_songs(found: Mapping[str, Predictions]) -> tuple[list[str], int, dict[str, float]]:
    """Compare models that were asked about different songs on those that all were asked about.

    Parameters
    ----------
    found : mapping of str to Answers
        Answers of each model, one at least.

    Returns
    -------
    few : list of str
        Models that were asked about fewer songs than others.
    songs : int
        Number of songs that all were asked about.
    shares : dict of str to float
        Share of right votes of every model on these, the best first; empty if there is none.
    """
    most = max(len(each.names) for each in found.values())
    few = [name for name, each in found.items() if len(each.names) < most]
    songs = set.intersection(*(set(each.right) for each in found.values()))
    shares = {name: each.accuracy_on(songs) for name, each in found.items()} if songs else {}
    return few, len(songs), dict(sorted(shares.items(), key=lambda item: -item[1]))


def predictions_file(folder: Path, name: str, protocol: str) -> Path:
    """Return where a model's answers are stored."""
    return folder / f"{name}.{protocol}.answers.npz"


def save_predictions(answers: Predictions, file: Path) -> None:
    """Write answers, in half precision."""
    with replacing(file) as temporary:
        np.savez_compressed(
            temporary,
            probabilities=answers.probabilities.astype(np.float16),
            labels=answers.labels.astype(np.uint8),
            songs=answers.songs.astype(np.uint16),
            names=answers.names.astype(np.str_),
        )


def load_predictions(file: Path) -> Predictions:
    """Read answers; rows are brought back to a sum of one.

    Parameters
    ----------
    file : Path
        What `save_predictions` wrote.

    Returns
    -------
    Predictions
        The answers.

    Raises
    ------
    OSError
        If there is no such file.
    ValueError
        If it is something else.
    """
    with np.load(file, allow_pickle=False) as stored:
        missing = {"probabilities", "labels", "songs", "names"} - set(stored.files)
        if missing:
            raise ValueError(f"{file.name} lacks {', '.join(sorted(missing))}.")
        rows = stored["probabilities"].astype(np.float64)
        return Predictions(
            probabilities=rows / rows.sum(axis=1, keepdims=True),
            labels=stored["labels"].astype(int),
            songs=stored["songs"].astype(int),
            names=stored["names"],
        )


def numbered(tracks: np.ndarray, names: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return each segment's place among the songs that occur, and those songs' names.

    Parameters
    ----------
    tracks : np.ndarray [shape=(n,), dtype=int]
        Each segment's track.
    names : np.ndarray [shape=(tracks,), dtype=str]
        Names of all tracks.

    Returns
    -------
    songs : np.ndarray [shape=(n,), dtype=int]
        Places in the names that are returned.
    names : np.ndarray [shape=(songs,), dtype=str]
        Names of the tracks that occur, in ascending order of the tracks.
    """
    present, songs = np.unique(tracks, return_inverse=True)
    return songs, np.asarray(names)[present]
