"""Fit the novelty score and the genre sets of a model, and choose the variant of the score.

The distances of the score are fitted on training segments, its scale and its threshold on songs of
the validation set, which the first network of a training has never seen. For the final network,
which is fitted on both sets, the distances are fitted anew; scale and threshold stay.

Genre sets are calibrated on the same songs. A song that is too novel gets an empty set, so that the
threshold also makes up for songs that are turned away by mistake.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.evaluation.conformal import LEVEL, calibrate
from core.evaluation.detection import TURNED_AWAY, auroc, threshold
from core.models.genre_sets import mass_above
from core.models.novelty import PARTS, Distance, NoveltyScore

TAIL = 95.0  # percentile of the validation songs that scales the parts
Groups = tuple[tuple[str, ...], ...]
"""Parts of the score that are added up; the group with the largest sum counts."""

# All of them look at the sound: a network can be sure of noise that it has never been trained on.
CANDIDATES: dict[str, Groups] = {
    "sound": (("sound",),),
    "sound + hidden": (("sound", "hidden"),),
    "sound + doubt": (("sound", "doubt"),),
    "sound + hidden + doubt": (("sound", "hidden", "doubt"),),
    "max(sound, hidden)": (("sound",), ("hidden",)),
    "max(sound, doubt)": (("sound",), ("doubt",)),
    "max(sound, hidden, doubt)": (("sound",), ("hidden",), ("doubt",)),
    "max(sound, hidden + doubt)": (("sound",), ("hidden", "doubt")),
    "max(hidden, sound + doubt)": (("hidden",), ("sound", "doubt")),
    "max(doubt, sound + hidden)": (("doubt",), ("sound", "hidden")),
    "max(sound + hidden, hidden + doubt)": (("sound", "hidden"), ("hidden", "doubt")),
}


@dataclass(frozen=True, eq=False)
class SegmentSet:
    """Segments of songs as the score sees them.

    Parameters
    ----------
    description : np.ndarray [shape=(n, d)]
        See `core.models.novelty.describe`.
    hidden : np.ndarray [shape=(n, units)]
        Last hidden layer.
    probabilities : np.ndarray [shape=(n, genres), range=[0, 1]]
        Calibrated genre probabilities.
    songs : np.ndarray [shape=(n,), dtype=int]
        Song of each segment.
    labels : np.ndarray [shape=(n,), dtype=int]
        True genre of each segment; any number for other sounds.
    """

    description: np.ndarray
    hidden: np.ndarray
    probabilities: np.ndarray
    songs: np.ndarray
    labels: np.ndarray

    def where(self, chosen: np.ndarray) -> SegmentSet:
        """Select segments by a mask."""
        return SegmentSet(
            self.description[chosen],
            self.hidden[chosen],
            self.probabilities[chosen],
            self.songs[chosen],
            self.labels[chosen],
        )

    @property
    def votes(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean probabilities and true genre of each song, in ascending order of the songs."""
        rows = self._rows()
        votes = np.stack([self.probabilities[row].mean(axis=0) for row in rows])
        return votes, np.array([self.labels[row[0]] for row in rows])

    def parts(self, score: NoveltyScore) -> np.ndarray:
        """Parts of each song's novelty, `shape=(songs, 3)`, in ascending order of the songs."""
        return np.stack(
            [
                score.parts(self.description[row], self.hidden[row], self.probabilities[row])
                for row in self._rows()
            ]
        )

    def novelty(self, score: NoveltyScore) -> np.ndarray:
        """Novelty of each song, `shape=(songs,)`, in ascending order of the songs."""
        return score.combine(self.parts(score))

    def _rows(self) -> list[np.ndarray]:
        return [np.flatnonzero(self.songs == song) for song in np.unique(self.songs)]


def fit_score(
    train: SegmentSet, valid: SegmentSet, groups: Groups, components: int | None = None
) -> NoveltyScore:
    """Fit a novelty score.

    Parameters
    ----------
    train : SegmentSet
        Segments that the distances are fitted on.
    valid : SegmentSet
        Segments of songs that the network was not fitted on.
    groups : tuple of tuple of str
        Parts that are added up, see `CANDIDATES`.
    components : int, optional
        See `core.models.novelty.Distance.fit`; for the hidden layer.

    Returns
    -------
    NoveltyScore
        At most 5 % of the validation songs have a novelty above 1.
    """
    sound = Distance.fit(train.description)
    hidden = Distance.fit(train.hidden, components)
    score = NoveltyScore(sound, hidden, np.zeros(3), np.ones(3), np.ones((1, 3)))
    return rescaled(score, valid.parts(score), groups)


def rescaled(score: NoveltyScore, parts: np.ndarray, groups: Groups) -> NoveltyScore:
    """Scale a score by validation songs.

    Parameters
    ----------
    score : NoveltyScore
        Score with fitted distances.
    parts : np.ndarray [shape=(songs, 3)]
        Parts of the novelty of validation songs.
    groups : tuple of tuple of str
        Parts that are added up.

    Returns
    -------
    NoveltyScore
        The same distances with new scale and weights.
    """
    typical = np.median(parts, axis=0)
    spread = np.maximum(np.percentile(parts, TAIL, axis=0) - typical, 1e-9)
    weights = np.array([[float(part in group) for part in PARTS] for group in groups])
    scaled = ((parts - typical) / spread) @ weights.T
    weights = weights / np.percentile(scaled, TAIL, axis=0)[:, np.newaxis]
    novelty = (((parts - typical) / spread) @ weights.T).max(axis=1)
    weights = weights / threshold(novelty, TURNED_AWAY)
    return NoveltyScore(score.sound, score.hidden, typical, spread, weights)


def refitted(score: NoveltyScore, segments: SegmentSet) -> NoveltyScore:
    """Fit the distances of a score to the training segments of the final network."""
    components = score.hidden.whitening.shape[1]
    return NoveltyScore(
        Distance.fit(segments.description),
        Distance.fit(segments.hidden, components),
        score.typical,
        score.spread,
        score.weights,
    )


def genre_sets(
    votes: np.ndarray, labels: np.ndarray, novelty: np.ndarray | None = None
) -> dict[str, Any]:
    """Calibrate the genre sets of a model on validation songs.

    Parameters
    ----------
    votes : np.ndarray [shape=(songs, genres), range=[0, 1]]
        Mean probabilities of the songs.
    labels : np.ndarray [shape=(songs,), dtype=int]
        True genres.
    novelty : np.ndarray [shape=(songs,)], optional
        Novelty of the songs; those above 1 get empty sets.

    Returns
    -------
    dict
        The entry `genre_sets` of the model's card: `level`, `threshold`, `songs`.
    """
    bound = calibrate(set_scores(votes, novelty), labels, LEVEL)
    return {"level": LEVEL, "threshold": min(bound, 1.0), "songs": len(labels)}


def set_scores(votes: np.ndarray, novelty: np.ndarray | None = None) -> np.ndarray:
    """Compute the scores of genres for `core.evaluation.conformal`; infinite for novel songs."""
    scores = mass_above(votes)
    if novelty is not None:
        scores[novelty > 1] = np.inf
    return scores


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
        variant = rescaled(score, known, groups)
        found[name] = auroc(variant.combine(known), variant.combine(strange))
    return found


def best_candidate(areas: Sequence[Mapping[str, float]]) -> str:
    """Choose the variant with the largest mean AUROC over the left-out genres."""
    means = {name: np.mean([genre[name] for genre in areas]) for name in areas[0]}
    return max(means, key=lambda name: means[name])
