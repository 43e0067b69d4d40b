"""Feature sets: subsets of a split, balanced genres, and a cache keyed by content."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.constants import SAMPLE_RATE
from core.data.feature_sets import (
    FeatureSet,
    balanced,
    from_logmel,
    from_recordings,
    from_table,
    with_recordings,
)
from core.data.gtzan import TrackSet
from core.data.splits import Segments, Split, split_tracks
from core.errors import DatasetError
from core.features.extractors import EXTRACTORS, Extractor
from core.features.gtzan_table import COLUMNS
from tests.archives import audio_folder, track_set

DESCRIPTORS = EXTRACTORS["vectors"]


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_subset=1)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return audio_folder(tmp_path / "genres", per_genre=1, duration_s=3.1)


@pytest.fixture
def recorded(folder: Path, tracks: TrackSet) -> TrackSet:
    """Tracks with the names of the recordings."""
    return replace(
        tracks,
        track_ids=tuple(path.stem for path in sorted(folder.glob("*/*"))),
        labels=np.arange(10),
        starts=tracks.starts[:10],
        lengths=tracks.lengths[:10],
        floor_db=tracks.floor_db[:10],
    )


@pytest.fixture
def extract(tmp_path: Path, recorded: TrackSet) -> Callable[..., tuple[FeatureSet, int]]:
    """Extract from a folder; the result comes with the number of recordings that were read."""

    def extract(
        folder: Path, extractor: Extractor = DESCRIPTORS, tracks: TrackSet = recorded
    ) -> tuple[FeatureSet, int]:
        reports: list[int] = []
        known, files = with_recordings(tracks, [folder])
        features = from_recordings(
            files, known, extractor, tmp_path / "cache", lambda done, _: reports.append(done)
        )
        return features, max(reports, default=0)

    return extract


def test_a_subset_contains_the_segments_of_the_split_and_no_others(tracks: TrackSet) -> None:
    features = from_logmel(tracks, DESCRIPTORS)
    split = split_tracks(tracks, "artist", 0)
    test = features.subset(split.test)
    assert len(test.inputs) == len(test) == len(split.test)
    assert not set(test.segments.track) & set(features.subset(split.refit).segments.track)


def test_every_genre_has_the_same_weight_where_recordings_are_few() -> None:
    track = np.repeat(np.arange(7), [3, 3, 3, 3, 3, 1, 2])
    labels = np.array([0, 0, 0, 0, 0, 1, 1])
    features = FeatureSet(np.zeros((len(track), 2)), Segments(track, np.arange(len(track))))
    none = Segments(np.zeros(0, int), np.zeros(0, int))

    def counts(protocol: str) -> list[int]:
        selected = balanced(features, labels, Split(protocol, none, none, none, none), 0)
        track = selected.segments.track
        units = np.unique(track) if protocol == "track" else track
        return np.bincount(labels[units], minlength=2).tolist()

    assert counts("segment") == [3, 3]
    assert counts("track") == [2, 2]
    assert counts("artist") == [15, 3]


def test_recordings_are_read_once_wherever_they_are(
    folder: Path, tmp_path: Path, extract: Callable[..., tuple[FeatureSet, int]]
) -> None:
    first, n_read = extract(folder)
    assert n_read == 10
    assert sorted(set(first.segments.track.tolist())) == list(range(10))
    shutil.move(folder, tmp_path / "moved")
    again, n_read = extract(tmp_path / "moved")
    assert n_read == 0
    np.testing.assert_array_equal(first.inputs, again.inputs)


def test_a_changed_recording_of_the_same_name_and_size_is_read_again(
    folder: Path, extract: Callable[..., tuple[FeatureSet, int]]
) -> None:
    first, _ = extract(folder)
    file = folder / "jazz" / "jazz.00000.wav"
    size = file.stat().st_size
    samples, _ = soundfile.read(file)
    soundfile.write(file, 0.1 * np.random.default_rng(7).standard_normal(len(samples)), SAMPLE_RATE)
    assert file.stat().st_size == size
    second, n_read = extract(folder)
    assert n_read == 10
    changed = np.abs(first.inputs - second.inputs).max(axis=1) > 0
    assert set(second.segments.track[changed].tolist()) == {5}


def test_another_extractor_version_or_name_is_another_cache_entry(
    folder: Path, recorded: TrackSet, extract: Callable[..., tuple[FeatureSet, int]]
) -> None:
    extract(folder)
    for changed in (
        replace(DESCRIPTORS, version=DESCRIPTORS.version + 1),
        replace(DESCRIPTORS, name="others"),
    ):
        assert extract(folder, changed)[1] == 10
        assert extract(folder, changed)[1] == 0


def test_the_first_folder_with_a_track_counts(
    folder: Path, tmp_path: Path, recorded: TrackSet
) -> None:
    other = audio_folder(tmp_path / "other", per_genre=2, duration_s=0.5)
    _, files = with_recordings(recorded, [folder, other])
    assert {path.parent.parent for path in files.values()} == {folder}
    _, files = with_recordings(recorded, [other, folder])
    assert {path.parent.parent for path in files.values()} == {other}


def test_only_tracks_with_recordings_are_selected(folder: Path, tracks: TrackSet) -> None:
    present = {path.stem for path in folder.glob("*/*")}
    selected, files = with_recordings(tracks, [folder])
    assert set(selected.track_ids) == present & set(tracks.track_ids) == set(files)
    for index, name in enumerate(selected.track_ids):
        place = tracks.track_ids.index(name)
        np.testing.assert_array_equal(selected.logmel(index), tracks.logmel(place))
    with pytest.raises(DatasetError, match="No recording belongs to a track"):
        with_recordings(replace(tracks, track_ids=tuple("x" for _ in tracks.track_ids)), [folder])


def test_recordings_that_cannot_be_read_are_left_out_unless_none_is_left(
    folder: Path, extract: Callable[..., tuple[FeatureSet, int]]
) -> None:
    files = sorted(folder.glob("*/*"))
    files[0].write_bytes(b"RIFF not really")
    features, _ = extract(folder)
    assert sorted(set(features.segments.track.tolist())) == list(range(1, 10))
    for file in files:
        file.write_bytes(b"RIFF not really")
    with pytest.raises(DatasetError, match="None of the 10 recordings can be read"):
        extract(folder)


def test_the_table_gives_one_vector_without_tempo_per_known_track(
    tmp_path: Path, tracks: TrackSet
) -> None:
    file = tmp_path / "features_30_sec.csv"
    names = [tracks.track_ids[1], "jazz.99999"]
    with open(file, "w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["filename", *COLUMNS, "label"])
        for row, name in enumerate(names):
            values = [row if column == "tempo" else 1 + row for column in COLUMNS]
            writer.writerow([f"{name}.wav", *values, name.split(".")[0]])
    features = from_table(file, tracks)
    assert features.inputs.shape == (1, 56)
    assert (features.inputs == 1).all()
    assert features.segments.track.tolist() == [1]
    with pytest.raises(DatasetError, match="contains no track"):
        from_table(file, replace(tracks, track_ids=tuple("x" for _ in tracks.track_ids)))
