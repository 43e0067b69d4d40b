"""Protocols: how tracks are split into training, validation and test set.

Conventions
-----------
A split is made of segments. The protocols differ in what the test set shares with the training set:

``artist``
    Nothing: the fault-filtered split of Kereliuk, Sturm & Larsen (2015), which also leaves out
    repetitions and mislabelled tracks. Tests on unseen artists.
``track``
    Artists, but no tracks. Tests on unseen songs.
``segment``
    Artists and tracks. Single segments are assigned at random, so the same song is in all three
    sets. This is data leakage; its results serve only for comparison.

Cross-validation by artist has five folds that share no artist. Byte-identical tracks always stay
together.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from sklearn.model_selection import StratifiedGroupKFold

from core.constants import PROTOCOLS
from core.data.gtzan import TrackSet, gtzan_index
from core.errors import DatasetError
from core.features.spectrogram import segment_starts

TEST_SHARE = VALID_SHARE = 0.1  # of the tracks or segments of a genre, where assigned at random
FOLDS = 5  # of every cross-validation by artist


@dataclass(frozen=True)
class Segments:
    """Segments of a track set.

    Parameters
    ----------
    track : np.ndarray [shape=(n,), dtype=int]
        Index of the track of each segment.
    start : np.ndarray [shape=(n,), dtype=int]
        First frame of each segment within its track.
    """

    track: np.ndarray
    start: np.ndarray

    def __len__(self) -> int:
        return len(self.track)

    def where(self, chosen: np.ndarray) -> Segments:
        """Select segments by a mask or by their indices."""
        return Segments(self.track[chosen], self.start[chosen])


@dataclass(frozen=True)
class Split:
    """Training, validation and test set of a track set.

    Parameters
    ----------
    protocol : str
        Name of the protocol.
    train, valid, test : Segments
        Disjoint sets. Models are first fitted on `train`, and every choice is made on `valid`.
    refit : Segments
        Training set of the final weights, fitted after all choices: `train`, `valid` and, under
        the artist protocol, those excluded tracks whose artist is known and not in the test set.
    """

    protocol: str
    train: Segments
    valid: Segments
    test: Segments
    refit: Segments


def all_segments(tracks: TrackSet) -> Segments:
    """List all complete segments of all tracks.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    Segments
        In the order of the tracks. Incomplete segments at the end of a track are used neither for
        training nor for testing.
    """
    track, start = [], []
    for index, length in enumerate(tracks.lengths):
        starts = segment_starts(int(length), tracks.parameters)
        starts = starts[starts + tracks.parameters.segment_frames <= length]
        track.append(np.full(len(starts), index))
        start.append(starts)
    return Segments(np.concatenate(track), np.concatenate(start))


def artist_groups(tracks: TrackSet) -> np.ndarray:
    """Name the group of each track that must stay together where artists are kept apart.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    np.ndarray [shape=(tracks,), dtype=str]
        The artist; a track whose artist is unknown is a group of its own.
    """
    return np.array(
        [tracks.entry(index).artist or name for index, name in enumerate(tracks.track_ids)]
    )


def duplicate_groups(tracks: TrackSet) -> np.ndarray:
    """Find byte-identical tracks.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    np.ndarray [shape=(tracks,), dtype=int]
        Group of each track; most tracks are alone in theirs.
    """
    position = {name: index for index, name in enumerate(tracks.track_ids)}
    groups = np.arange(len(tracks))
    for index in range(len(tracks)):
        groups[index] = position.get(tracks.entry(index).duplicate_of, index)
    return groups


def _assign_at_random(labels: np.ndarray, groups: np.ndarray, seed: int) -> np.ndarray:
    """Assign items to sets 0, 1, 2 (train, valid, test), genre by genre and whole groups at a time.

    Parameters
    ----------
    labels, groups : np.ndarray [shape=(n,), dtype=int]
        Genre and group of each item.
    seed : int
        Seed of the assignment.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int, range=[0, 2]]
        Set of each item.
    """
    generator = np.random.default_rng(seed)
    subsets = np.zeros(len(labels), dtype=int)
    for label in np.unique(labels):
        members = np.unique(groups[labels == label])
        order = generator.permutation(members)
        position = (np.arange(len(order)) + 0.5) / len(order)
        subset_of_position = np.select(
            [position < TEST_SHARE, position < TEST_SHARE + VALID_SHARE], [2, 1], 0
        )
        subset_of = dict(zip(order.tolist(), subset_of_position, strict=True))
        for item in np.flatnonzero(labels == label):
            subsets[item] = subset_of[int(groups[item])]
    return subsets


def _assign_by_artist(tracks: TrackSet) -> tuple[np.ndarray, np.ndarray]:
    """Look up the fault-filtered split.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.

    Returns
    -------
    subsets : np.ndarray [shape=(tracks,), dtype=int, range=[-1, 2]]
        Set of each track as in `_assign_at_random`, −1 for tracks in none.
    extra : np.ndarray [shape=(tracks,), dtype=bool]
        Whether the final weights may also be trained on a track that is in none of the sets.
    """
    entries = [tracks.entry(index) for index in range(len(tracks))]
    names = {"train": 0, "valid": 1, "test": 2}
    tested = {entry.artist for entry in gtzan_index().values() if entry.artist_split == "test"}
    subsets = np.array([names.get(entry.artist_split, -1) for entry in entries])
    extra = np.array(
        [
            entry.artist_split == "excluded" and entry.artist != "" and entry.artist not in tested
            for entry in entries
        ]
    )
    return subsets, extra


def split_tracks(tracks: TrackSet, protocol: str, seed: int = 0) -> Split:
    """Split a track set into training, validation and test set.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    protocol : {"artist", "track", "segment"}
        Protocol, see the conventions of this module.
    seed : int
        Seed of the random assignment (`track`, `segment`).

    Returns
    -------
    Split
        Disjoint sets of segments.

    Raises
    ------
    DatasetError
        If the protocol is unknown, or one of the sets would be empty.
    """
    segments = all_segments(tracks)
    duplicates = duplicate_groups(tracks)
    extra = np.zeros(len(tracks), dtype=bool)
    if protocol == "segment":
        # The same position in byte-identical tracks is one group.
        groups = duplicates[segments.track] * (1 + int(tracks.lengths.max())) + segments.start
        subsets = _assign_at_random(tracks.labels[segments.track], groups, seed)
    elif protocol == "track":
        subsets = _assign_at_random(tracks.labels, duplicates, seed)[segments.track]
    elif protocol == "artist":
        by_track, extra = _assign_by_artist(tracks)
        subsets = by_track[segments.track]
    else:
        raise DatasetError(f"Unknown protocol {protocol!r}. Choose from {', '.join(PROTOCOLS)}.")
    train, valid, test = (segments.where(subsets == subset) for subset in range(3))
    for name, subset in (("training", train), ("validation", valid), ("test", test)):
        if not len(subset):
            raise DatasetError(
                f"The {name} set of the {protocol} protocol would be empty. The artist protocol "
                "needs GTZAN's own file names (blues.00000 …), the others at least ten tracks per "
                f"genre. Tracks shorter than {tracks.parameters.segment_s:.1f} s do not count."
            )
    refit = segments.where((subsets == 0) | (subsets == 1) | extra[segments.track])
    return Split(protocol, train, valid, test, refit)


def artist_folds(tracks: TrackSet, n_folds: int = FOLDS, seed: int = 0) -> list[Split]:
    """Split all tracks with a known artist for cross-validation, no artist in two folds.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the assignment.

    Returns
    -------
    list of Split
        One split per fold: the fold is `test`, the next fold `valid`, all others `train`; `refit`
        is everything but the fold.

    Raises
    ------
    DatasetError
        If fewer tracks than folds have a known artist.
    """
    segments = all_segments(tracks)
    artists = np.array([tracks.entry(index).artist for index in range(len(tracks))])
    known = np.flatnonzero(artists != "")
    if len(known) < n_folds:
        raise DatasetError(
            "Cross-validation by artist needs GTZAN's own file names (blues.00000 …)."
        )
    folds = np.full(len(tracks), -1)
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    for fold, (_, tested) in enumerate(splitter.split(known, tracks.labels[known], artists[known])):
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


def folds_within(
    tracks: TrackSet, segments: Segments, n_folds: int, seed: int = 0
) -> list[tuple[Segments, Segments]]:
    """Split a training set into folds by artist, for cross-validation without the test set.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    segments : Segments
        Training set. A track whose artist is unknown counts as an artist of its own.
    n_folds : int
        Number of folds.
    seed : int
        Seed of the assignment.

    Returns
    -------
    list of (Segments, Segments)
        For each fold, the segments to fit on and those that are held out.
    """
    members = np.unique(segments.track)
    groups = artist_groups(tracks)[members]
    splitter = StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed)
    folds = []
    for _, chosen in splitter.split(members, tracks.labels[members], groups):
        held_out = np.isin(segments.track, members[chosen])
        folds.append((segments.where(~held_out), segments.where(held_out)))
    return folds
