"""Who trains and who is asked: the `segment`, `track` and `artist` protocols, and folds by artist.

Conventions
-----------
A side of a split is a set of segments. `segment` deals single segments at random, so that the same
song is on every side: its figures leak, and are reported only beside the others. `track` keeps all
segments of a track together. `artist` is the fault-filtered split of Kereliuk, Sturm & Larsen
(2015): no artist on two sides, repetitions and mislabelled tracks left out. Byte-identical tracks
are always dealt as one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from core.constants import PROTOCOLS
from core.data.gtzan import TrackSet, gtzan_index
from core.errors import DatasetError
from core.features.spectrogram import segment_starts

SHARES = {"train": 0.8, "valid": 0.1, "test": 0.1}  # of the tracks or segments, where dealt here


@dataclass(frozen=True)
class Segments:
    """Some segments of a track set.

    Parameters
    ----------
    track : np.ndarray [shape=(n,), dtype=int]
        Track that each segment is cut from.
    start : np.ndarray [shape=(n,), dtype=int]
        First frame of each segment within its track.
    """

    track: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.track)

    def where(self, chosen: np.ndarray) -> Segments:
        """Return the segments at `chosen` (a mask or indices)."""
        return Segments(self.track[chosen], self.start[chosen])


@dataclass(frozen=True)
class Split:
    """Three disjoint sides of a track set.

    Parameters
    ----------
    protocol : str
        Name of the protocol that dealt the sides.
    train, valid, test : Segments
        The sides. The network is fitted on `train`; everything that is chosen is chosen on `valid`.
    refit : Segments
        What the final weights may be trained on once all is chosen: `train`, `valid` and, by
        artist, the excluded tracks whose artist is known and not on the test side.
    """

    protocol: str
    train: Segments
    valid: Segments
    test: Segments
    refit: Segments


def all_segments(tracks: TrackSet) -> Segments:
    """Return every segment of every track.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    Segments
        Full segments only: an incomplete last one is not trained or tested on.
    """
    track, start = [], []
    for index, length in enumerate(tracks.lengths):
        starts = segment_starts(int(length), tracks.parameters)
        starts = starts[starts + tracks.parameters.segment_frames <= length]
        track.append(np.full(len(starts), index))
        start.append(starts)
    return Segments(np.concatenate(track), np.concatenate(start))


def duplicate_groups(tracks: TrackSet) -> np.ndarray:
    """Give every track a number that byte-identical tracks share.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int]
        Group of each track.
    """
    position = {name: index for index, name in enumerate(tracks.track_ids)}
    groups = np.arange(len(tracks))
    for index in range(len(tracks)):
        groups[index] = position.get(tracks.entry(index).duplicate_of, index)
    return groups


def _deal(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Deal items to sides 0, 1, 2 (train, valid, test): groups whole, genres in proportion."""
    generator = np.random.default_rng(seed)
    sides = np.zeros(len(labels), dtype=int)
    edges = np.cumsum([SHARES["test"], SHARES["valid"]])
    for label in np.unique(labels):
        members = np.unique(groups[labels == label])
        order = generator.permutation(members)
        place = (np.arange(len(order)) + 0.5) / len(order)
        side_of = dict(
            zip(
                order.tolist(),
                np.select([place < edges[0], place < edges[1]], [2, 1], 0),
                strict=True,
            )
        )
        for item in np.flatnonzero(labels == label):
            sides[item] = side_of[int(groups[item])]
    return sides


def split_tracks(tracks: TrackSet, protocol: str, seed: int = 0) -> Split:
    """Deal a track set's segments to the three sides.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    protocol : str
        ``"artist"``, ``"track"`` or ``"segment"``.
    seed : int
        Seed of the random deal (`track`, `segment`).

    Returns
    -------
    Split
        Disjoint sides.

    Raises
    ------
    DatasetError
        If the protocol is unknown, or a side would be empty.
    """
    segments = all_segments(tracks)
    duplicates = duplicate_groups(tracks)
    refit_extra = np.zeros(len(segments), dtype=bool)
    if protocol == "segment":
        # One number for the same place of byte-identical tracks.
        places = duplicates[segments.track] * (1 + int(tracks.lengths.max())) + segments.start
        sides = _deal(tracks.labels[segments.track], places, seed)
    elif protocol == "track":
        sides = _deal(tracks.labels, duplicates, seed)[segments.track]
    elif protocol == "artist":
        entries = [tracks.entry(index) for index in range(len(tracks))]
        names = {"train": 0, "valid": 1, "test": 2}
        by_track = np.array([names.get(entry.artist_split, -1) for entry in entries])
        tested = {entry.artist for entry in gtzan_index().values() if entry.artist_split == "test"}
        extra = np.array(
            [
                entry.artist_split == "excluded"
                and entry.artist != ""
                and entry.artist not in tested
                for entry in entries
            ]
        )
        sides, refit_extra = by_track[segments.track], extra[segments.track]
    else:
        raise DatasetError(f"Unknown protocol {protocol!r}. Choose from {', '.join(PROTOCOLS)}.")
    train, valid, test = (segments.where(sides == side) for side in range(3))
    if not (len(train) and len(valid) and len(test)):
        raise DatasetError(
            f"The {protocol} protocol leaves a side without tracks. The artist protocol needs "
            "GTZAN's own file names (blues.00000 …), the others at least ten tracks a genre."
        )
    refit = segments.where((sides == 0) | (sides == 1) | refit_extra)
    return Split(protocol, train, valid, test, refit)


def artist_folds(tracks: TrackSet, n_folds: int = 5, seed: int = 0) -> list[Split]:
    """Deal all tracks with a known artist to folds, no artist in two of them.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the deal.

    Returns
    -------
    list of Split
        One split a fold: tested on the fold, `valid` the next one, trained on the rest; `refit`
        is all but the tested fold.
    """
    segments = all_segments(tracks)
    artists = np.array([tracks.entry(index).artist for index in range(len(tracks))])
    known = np.flatnonzero(artists != "")
    if len(known) < n_folds:
        raise DatasetError("Folds by artist need GTZAN's own file names (blues.00000 …).")
    folds = np.full(len(tracks), -1)
    dealer = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (_, tested) in enumerate(dealer.split(known, tracks.labels[known], artists[known])):
        folds[known[tested]] = fold
    by_segment = folds[segments.track]
    splits = []
    for fold in range(n_folds):
        test, valid = by_segment == fold, by_segment == (fold + 1) % n_folds
        rest = (by_segment >= 0) & ~test
        splits.append(
            Split(
                "artist folds",
                segments.where(rest & ~valid),
                segments.where(valid),
                segments.where(test),
                segments.where(rest),
            )
        )
    return splits
