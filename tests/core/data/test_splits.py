"""The protocols: nothing that must stay together is ever on two sides."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.data.gtzan import TrackSet, gtzan_index
from core.data.splits import Split, all_segments, artist_folds, duplicate_groups, split_tracks
from core.errors import DatasetError
from tests.archives import archive, track_set


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_side=3)


def places(split: Split) -> list[set[tuple[int, int]]]:
    return [
        set(zip(side.track.tolist(), side.start.tolist(), strict=True))
        for side in (split.train, split.valid, split.test)
    ]


@given(st.integers(0, 1000))
def test_sides_are_disjoint_and_complete_whatever_the_seed(tracks: TrackSet, seed: int) -> None:
    for protocol in ("segment", "track"):
        sides = places(split_tracks(tracks, protocol, seed))
        assert all(not one & other for one, other in combinations(sides, 2))
        assert sum(len(side) for side in sides) == len(all_segments(tracks))


@given(st.integers(0, 1000))
def test_the_track_protocol_keeps_tracks_and_their_copies_whole(
    tracks: TrackSet, seed: int
) -> None:
    split = split_tracks(tracks, "track", seed)
    groups = duplicate_groups(tracks)
    sides = [set(groups[side.track].tolist()) for side in (split.train, split.valid, split.test)]
    assert all(not one & other for one, other in combinations(sides, 2))


def test_the_segment_protocol_puts_one_song_on_both_sides(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", 0)
    assert set(split.train.track.tolist()) & set(split.test.track.tolist())


@pytest.mark.parametrize("protocol", ["segment", "track"])
@pytest.mark.parametrize("seed", range(5))
def test_the_same_place_of_identical_tracks_is_on_one_side(
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
    side_of = {place: number for number, side in enumerate(places(split)) for place in side}
    assert copies
    for copy, original in zip(copies, originals, strict=True):
        one, other = names.index(copy), names.index(original)
        for start in (0, 72):
            assert side_of[one, start] == side_of[other, start]


def read(file: Path) -> TrackSet:
    from core.data.gtzan import read_archive

    return read_archive(file)


def test_the_artist_protocol_has_no_artist_on_two_sides(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "artist")
    sides = [
        {tracks.entry(track).artist for track in set(side.track.tolist())} - {""}
        for side in (split.train, split.valid, split.test, split.refit)
    ]
    train, valid, test, refit = sides
    assert not train & valid
    assert not test & (train | valid | refit)


def test_the_final_weights_never_see_excluded_tracks_of_unknown_or_tested_artists(
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


def test_unknown_names_cannot_be_split_by_artist(tmp_path: Path) -> None:
    foreign = read(archive(tmp_path / "b.npz", ["jazz.one", "rock.two"]))
    with pytest.raises(DatasetError, match="own file names"):
        split_tracks(foreign, "artist")
    with pytest.raises(DatasetError, match="own file names"):
        artist_folds(foreign)
    with pytest.raises(DatasetError, match="Unknown protocol"):
        split_tracks(foreign, "songs")
