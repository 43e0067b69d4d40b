"""The protocols: whatever must stay together is never in two sets of a split."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.gtzan import TrackSet, gtzan_index
from core.data.splits import (
    Split,
    all_segments,
    artist_folds,
    artist_groups,
    duplicate_groups,
    folds_within,
    split_tracks,
)
from core.errors import DatasetError
from tests.archives import archive, some_track_ids, track_set


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_subset=3)


def positions(split: Split) -> list[set[tuple[int, int]]]:
    return [
        set(zip(subset.track.tolist(), subset.start.tolist(), strict=True))
        for subset in (split.train, split.valid, split.test)
    ]


@given(st.integers(0, 1000))
def test_the_sets_are_disjoint_and_complete_whatever_the_seed(tracks: TrackSet, seed: int) -> None:
    for protocol in ("segment", "track"):
        subsets = positions(split_tracks(tracks, protocol, seed))
        assert all(not one & other for one, other in combinations(subsets, 2))
        assert sum(len(subset) for subset in subsets) == len(all_segments(tracks))


@given(st.integers(0, 1000))
def test_the_track_protocol_keeps_tracks_and_their_copies_whole(
    tracks: TrackSet, seed: int
) -> None:
    split = split_tracks(tracks, "track", seed)
    groups = duplicate_groups(tracks)
    subsets = [
        set(groups[subset.track].tolist()) for subset in (split.train, split.valid, split.test)
    ]
    assert all(not one & other for one, other in combinations(subsets, 2))


def test_the_segment_protocol_has_one_song_in_training_and_test_set(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", 0)
    assert set(split.train.track.tolist()) & set(split.test.track.tolist())


@pytest.mark.parametrize("protocol", ["segment", "track"])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_position_in_identical_tracks_is_in_one_set(
    tmp_path: Path, protocol: str, seed: int
) -> None:
    copies = [name for name, entry in gtzan_index().items() if entry.duplicate_of]
    originals = [gtzan_index()[name].duplicate_of for name in copies]
    others = [
        f"{name.split('.')[0]}.{number:05}" for name in ("metal", "jazz") for number in range(30)
    ]
    names = sorted({*copies, *originals, *others})
    pairs = read(archive(tmp_path / "copies.npz", names))
    split = split_tracks(pairs, protocol, seed)
    subset_of = {
        place: number for number, subset in enumerate(positions(split)) for place in subset
    }
    assert copies
    for copy, original in zip(copies, originals, strict=True):
        one, other = names.index(copy), names.index(original)
        for start in (0, 72):
            assert subset_of[one, start] == subset_of[other, start]


def read(file: Path) -> TrackSet:
    from core.data.gtzan import read_archive

    return read_archive(file)


def test_the_artist_protocol_has_no_artist_in_two_sets(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "artist")
    subsets = [
        {tracks.entry(track).artist for track in set(subset.track.tolist())} - {""}
        for subset in (split.train, split.valid, split.test, split.refit)
    ]
    train, valid, test, refit = subsets
    assert not train & valid
    assert not test & (train | valid | refit)


def test_the_final_training_set_has_no_excluded_track_of_an_unknown_or_tested_artist(
    tracks: TrackSet,
) -> None:
    split = split_tracks(tracks, "artist")
    tested = {entry.artist for entry in gtzan_index().values() if entry.artist_split == "test"}
    extra = set(split.refit.track.tolist()) - {*split.train.track, *split.valid.track}
    assert extra
    for track in extra:
        entry = tracks.entry(track)
        assert entry.artist_split == "excluded"
        assert entry.artist
        assert entry.artist not in tested


def test_folds_test_every_track_with_a_known_artist_once(tracks: TrackSet) -> None:
    folds = artist_folds(tracks, 5)
    tested = np.concatenate([np.unique(fold.test.track) for fold in folds])
    known = [index for index in range(len(tracks)) if tracks.entry(index).artist]
    assert sorted(tested.tolist()) == known
    for fold in folds:
        artists = {tracks.entry(track).artist for track in set(fold.test.track.tolist())}
        assert not artists & {
            tracks.entry(track).artist for track in set(fold.refit.track.tolist())
        }


def test_folds_of_a_training_set_hold_out_every_segment_once_and_share_no_artist(
    tracks: TrackSet,
) -> None:
    segments = split_tracks(tracks, "artist").refit
    folds = folds_within(tracks, segments, 3)
    assert len(folds) == 3
    held_out = [(part.track, part.start) for _, part in folds]
    pairs = np.concatenate([np.stack(pair, axis=1) for pair in held_out])
    expected = np.stack([segments.track, segments.start], axis=1)
    np.testing.assert_array_equal(np.unique(pairs, axis=0), np.unique(expected, axis=0))
    assert len(pairs) == len(segments)
    artists = artist_groups(tracks)
    for fitted, part in folds:
        assert not set(artists[fitted.track]) & set(artists[part.track])


def test_tracks_without_known_artists_cannot_be_split_by_artist(tmp_path: Path) -> None:
    foreign = read(archive(tmp_path / "b.npz", ["jazz.one", "rock.two"]))
    with pytest.raises(DatasetError, match="own file names"):
        split_tracks(foreign, "artist")
    with pytest.raises(DatasetError, match="own file names"):
        artist_folds(foreign)
    with pytest.raises(DatasetError, match="Unknown protocol"):
        split_tracks(foreign, "songs")


def test_the_empty_set_is_named_if_tracks_are_too_short(tmp_path: Path) -> None:
    short = read(archive(tmp_path / "short.npz", some_track_ids(per_subset=1), n_frames=100))
    long = replace(short, parameters=replace(short.parameters, segment_frames=120))
    assert len(split_tracks(short, "artist").test)
    with pytest.raises(DatasetError, match=r"training set .* shorter than 5\.0 s do not count"):
        split_tracks(long, "artist")
