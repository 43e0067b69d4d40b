"""Fit the novelty score and the genre sets of a model, and choose the variant of the score.

The distances of the score are those to the songs that the final network was fitted on. Its scale
and its threshold come from songs that networks of the same kind were not fitted on: the validation
set, or the held-out songs of folds by artist. Genre sets are calibrated on those among them that
are not too novel.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from core.evaluation.conformal import LEVEL, calibrate
from core.evaluation.detection import TURNED_AWAY, auroc, threshold
from core.models.genre_sets import mass_above
from core.models.novelty import PARTS, Neighbours, NoveltyScore
from core.models.registry import MUSICNN

TAIL = 95.0  # percentile of the validation songs that scales the parts
Groups = tuple[tuple[str, ...], ...]
"""Parts of the score that are added up, some twice; the group with the largest sum counts."""

# All of them look at the sound: a network can be sure of noise that it has never been trained on.
CANDIDATES: dict[str, Groups] = {
    "sound": (("sound",),),
    "sound + hidden": (("sound", "hidden"),),
    "sound + doubt": (("sound", "doubt"),),
    "sound + hidden + doubt": (("sound", "hidden", "doubt"),),
    "sound + 2 hidden + doubt": (("sound", "hidden", "hidden", "doubt"),),
    "sound + 2 hidden + 2 doubt": (("sound", "hidden", "hidden", "doubt", "doubt"),),
    "max(sound, hidden)": (("sound",), ("hidden",)),
    "max(sound, doubt)": (("sound",), ("doubt",)),
    "max(sound, hidden, doubt)": (("sound",), ("hidden",), ("doubt",)),
    "max(sound, hidden + doubt)": (("sound",), ("hidden", "doubt")),
    "max(hidden, sound + doubt)": (("hidden",), ("sound", "doubt")),
    "max(doubt, sound + hidden)": (("doubt",), ("sound", "hidden")),
    "max(sound + hidden, hidden + doubt)": (("sound", "hidden"), ("hidden", "doubt")),
}


# The variants that benchmarks/novelty.py names the best; other models have the default.
DEFAULT_GROUPS = "max(sound + hidden, hidden + doubt)"
CHOSEN_GROUPS = {MUSICNN: "sound + hidden + doubt"}


def groups_of(name: str) -> Groups:
    """Look up the groups of the novelty score of a model."""
    return CANDIDATES[CHOSEN_GROUPS.get(name, DEFAULT_GROUPS)]


@dataclass(frozen=True, eq=False)
class SongSet:
    """Segments of songs as a novelty score reads them.

    Sound and responses may come from different segments, as where only tags of a song are stored.
    Songs that lack one of the two do not count.

    Parameters
    ----------
    description : np.ndarray [shape=(n, d)]
        Descriptions of segments, see `core.models.novelty.describe`.
    described : np.ndarray [shape=(n,), dtype=int]
        Song of each described segment.
    hidden : np.ndarray [shape=(m, units)]
        Last hidden layer for segments.
    probabilities : np.ndarray [shape=(m, genres), range=[0, 1]]
        Calibrated genre probabilities of the same segments.
    songs : np.ndarray [shape=(m,), dtype=int]
        Song of each of these segments.
    labels : np.ndarray [shape=(songs,), dtype=int]
        True genre by song; any number for sounds that are not music.
    """

    description: np.ndarray
    described: np.ndarray
    hidden: np.ndarray
    probabilities: np.ndarray
    songs: np.ndarray
    labels: np.ndarray

    @cached_property
    def members(self) -> np.ndarray:
        """Songs with sound and responses, `shape=(members,)`, in ascending order."""
        return np.intersect1d(self.described, self.songs)

    @property
    def truths(self) -> np.ndarray:
        """True genre of each of the `members`."""
        return self.labels[self.members]

    @cached_property
    def votes(self) -> np.ndarray:
        """Mean probabilities of the `members`, `shape=(members, genres)`."""
        return np.stack(
            [self.probabilities[self.songs == song].mean(axis=0) for song in self.members]
        )

    def parts(self, score: NoveltyScore) -> np.ndarray:
        """Parts of the novelty of the `members`, `shape=(members, 3)`."""
        return np.stack(
            [
                score.parts(
                    self.description[self.described == song],
                    self.hidden[self.songs == song],
                    self.probabilities[self.songs == song],
                )
                for song in self.members
            ]
        )


@dataclass(frozen=True, eq=False)
class HeldOut:
    """Songs that a network was not fitted on, with the parts of their novelty.

    Parameters
    ----------
    parts : np.ndarray [shape=(n, 3)]
        In the order of `core.models.novelty.PARTS`, not scaled.
    votes : np.ndarray [shape=(n, genres), range=[0, 1]]
        Mean probabilities.
    truths : np.ndarray [shape=(n,), dtype=int]
        True genres.
    """

    parts: np.ndarray
    votes: np.ndarray
    truths: np.ndarray


def unscaled(fitted: SongSet, tags: np.ndarray | None = None) -> NoveltyScore:
    """Collect the training songs of a score; it has no scale yet, see `scaled_by`.

    Parameters
    ----------
    fitted : SongSet
        Songs that the network was fitted on.
    tags : np.ndarray [shape=(songs, tags)], optional
        See `core.models.novelty.Neighbours.fit`; for the hidden layer.
    """
    sound = Neighbours.fit(fitted.description, fitted.described)
    hidden = Neighbours.fit(fitted.hidden, fitted.songs, tags)
    return NoveltyScore(sound, hidden, np.zeros(3), np.ones(3), np.ones((1, 3)))


def held_out_songs(
    folds: Iterable[tuple[SongSet, SongSet]], tags: np.ndarray | None = None
) -> HeldOut:
    """Collect the songs that are held out of the folds of a network.

    Parameters
    ----------
    folds : iterable of (SongSet, SongSet)
        Songs that the network of each fold was fitted on, and those held out.
    tags : np.ndarray [shape=(songs, tags)], optional
        See `unscaled`.

    Returns
    -------
    HeldOut
        The distances of each fold are those to its own songs.
    """
    found = [
        (held_out.parts(unscaled(fitted, tags)), held_out.votes, held_out.truths)
        for fitted, held_out in folds
    ]
    return HeldOut(*(np.concatenate(arrays) for arrays in zip(*found, strict=True)))


def scaled_by(score: NoveltyScore, parts: np.ndarray, groups: Groups) -> NoveltyScore:
    """Scale a score so that 5 % of held-out songs have a novelty above 1.

    Parameters
    ----------
    score : NoveltyScore
        Score without a scale.
    parts : np.ndarray [shape=(n, 3)]
        Parts of the novelty of held-out songs.
    groups : tuple of tuple of str
        Parts that are added up, see `CANDIDATES`.

    Returns
    -------
    NoveltyScore
        The same training songs with new scale and weights.
    """
    typical = np.median(parts, axis=0)
    spread = np.maximum(np.percentile(parts, TAIL, axis=0) - typical, 1e-9)
    scaled = (parts - typical) / spread
    weights = np.array([[float(group.count(part)) for part in PARTS] for group in groups])
    weights /= np.percentile(scaled @ weights.T, TAIL, axis=0)[:, np.newaxis]
    weights /= threshold((scaled @ weights.T).max(axis=1), TURNED_AWAY)
    return NoveltyScore(score.sound, score.hidden, typical, spread, weights)


def calibrated(
    fitted: SongSet, held_out: HeldOut, groups: Groups, tags: np.ndarray | None = None
) -> tuple[NoveltyScore, dict[str, Any]]:
    """Fit the novelty score and the genre sets of a final network.

    Parameters
    ----------
    fitted : SongSet
        Songs that the final network was fitted on.
    held_out : HeldOut
        Songs that networks of the same kind were not fitted on.
    groups : tuple of tuple of str
        Parts that are added up, see `CANDIDATES`.
    tags : np.ndarray [shape=(songs, tags)], optional
        See `unscaled`.

    Returns
    -------
    score : NoveltyScore
        Training songs from `fitted`, scale from `held_out`.
    genre_sets : dict
        See `genre_sets`; of the songs that are not too novel.
    """
    score = scaled_by(unscaled(fitted, tags), held_out.parts, groups)
    fits = score.combine(held_out.parts) < 1 + 1e-9  # the song on the threshold fits
    return score, genre_sets(held_out.votes[fits], held_out.truths[fits])


def genre_sets(votes: np.ndarray, labels: np.ndarray) -> dict[str, Any]:
    """Calibrate the genre sets of a model on songs that it was not fitted on.

    Parameters
    ----------
    votes : np.ndarray [shape=(songs, genres), range=[0, 1]]
        Mean probabilities of the songs.
    labels : np.ndarray [shape=(songs,), dtype=int]
        True genres.

    Returns
    -------
    dict
        The entry `genre_sets` of the model's card: `level`, `threshold`, `songs`.
    """
    bound = calibrate(mass_above(votes), labels, LEVEL)
    return {"level": LEVEL, "threshold": min(bound, 1.0), "songs": len(labels)}


def left_out_areas(
    score: NoveltyScore, known: np.ndarray, strange: np.ndarray, candidates: Mapping[str, Groups]
) -> dict[str, float]:
    """Measure how well the variants of a score separate a left-out genre from the others.

    Parameters
    ----------
    score : NoveltyScore
        Score of a network that was fitted without the genre.
    known, strange : np.ndarray [shape=(songs, 3)]
        Parts of the novelty of songs of the other genres, and of songs of the genre.
    candidates : mapping of str to tuple
        Groups of each variant.

    Returns
    -------
    dict of float
        AUROC of each variant.
    """
    found = {}
    for name, groups in candidates.items():
        variant = scaled_by(score, known, groups)
        found[name] = auroc(variant.combine(known), variant.combine(strange))
    return found
