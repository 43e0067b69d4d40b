"""Stored taggrams: found by track name, with one shape for tracks of all lengths."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.taggrams import read_taggrams
from core.errors import DatasetError
from tests.archives import track_set


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_subset=1)


def stored(file: Path, names: list[str], values: np.ndarray) -> Path:
    np.savez(file, X=values, IDS=np.array([f"{name.split('.')[0]}/{name}.au" for name in names]))
    return file


def test_tags_are_found_by_track_and_missing_ones_are_nan(tmp_path: Path, tracks: TrackSet) -> None:
    values = np.random.default_rng(0).random((3, 5)).astype(np.float32)
    taggrams = read_taggrams(
        [stored(tmp_path / "tags.npz", [tracks.track_ids[2]] * 3, values)], tracks
    )
    assert taggrams is not None
    assert taggrams.shape == (len(tracks), 3, 5)
    assert np.array_equal(taggrams[2], values)
    assert np.isnan(np.delete(taggrams, 2, axis=0)).all()


def test_the_last_window_of_a_shorter_track_is_repeated(tmp_path: Path, tracks: TrackSet) -> None:
    long, short = tracks.track_ids[0], tracks.track_ids[1]
    values = np.arange(10, dtype=np.float32).reshape(5, 2) / 10
    files = [
        stored(tmp_path / "a.npz", [long] * 3, values[:3]),
        stored(tmp_path / "b.npz", [short] * 2, values[3:]),
    ]
    taggrams = read_taggrams(files, tracks)
    assert taggrams is not None
    np.testing.assert_array_equal(taggrams[1], values[[3, 4, 4]])


def test_without_files_there_are_no_tags(tracks: TrackSet) -> None:
    assert read_taggrams([], tracks) is None


def test_a_file_without_taggrams_is_rejected_with_a_reason(
    tmp_path: Path, tracks: TrackSet
) -> None:
    file = tmp_path / "tags.npz"
    np.savez(file, other=np.zeros(3))
    with pytest.raises(DatasetError, match="contains no taggrams"):
        read_taggrams([file], tracks)
