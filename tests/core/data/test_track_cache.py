"""The cache of decoded folders: its key is the content of the recordings."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.constants import SAMPLE_RATE
from core.data import track_cache
from core.data.gtzan import TrackSet
from core.data.track_cache import cached_folder, folder_fingerprint, load_tracks, save_tracks
from core.features.spectrogram import FeatureParameters
from tests.archives import audio_folder, track_set

PARAMETERS = FeatureParameters()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return audio_folder(tmp_path / "genres", per_genre=1, duration_s=1.0)


def not_decoded(*arguments: object, **options: object) -> tuple[TrackSet, list[str]]:
    raise AssertionError("the folder was decoded again")


def test_saved_tracks_are_loaded_unchanged(tmp_path: Path) -> None:
    tracks = track_set(tmp_path, per_subset=1)
    save_tracks(tracks, tmp_path / "tracks.npz")
    loaded = load_tracks(tmp_path / "tracks.npz", tracks.parameters)
    assert loaded.track_ids == tracks.track_ids
    assert np.array_equal(loaded.labels, tracks.labels)
    assert np.array_equal(loaded.frames, tracks.frames)
    assert np.array_equal(loaded.logmel(3), tracks.logmel(3))


def test_the_same_recordings_in_another_folder_are_not_decoded_again(
    tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    moved = tmp_path / "moved"
    shutil.move(folder, moved)
    monkeypatch.setattr(track_cache, "read_folder", not_decoded)
    again, skipped = cached_folder(moved, PARAMETERS, tmp_path / "cache")
    assert again.track_ids == first.track_ids
    assert np.array_equal(again.frames, first.frames)
    assert skipped == []


def test_a_changed_recording_of_the_same_name_and_size_is_decoded_again(
    tmp_path: Path, folder: Path
) -> None:
    first, _ = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    file = folder / "jazz" / "jazz.00000.wav"
    size = file.stat().st_size
    noise = 0.1 * np.random.default_rng(7).standard_normal(SAMPLE_RATE)
    soundfile.write(file, noise, SAMPLE_RATE)
    assert file.stat().st_size == size
    second, _ = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    changed = [
        name
        for index, name in enumerate(first.track_ids)
        if not np.array_equal(first.logmel(index), second.logmel(index))
    ]
    assert changed == ["jazz.00000"]
    assert len(list((tmp_path / "cache").glob("*.npz"))) == 1


def test_names_genres_and_parameters_are_part_of_the_key(folder: Path) -> None:
    key = folder_fingerprint(folder, PARAMETERS)
    assert folder_fingerprint(folder, FeatureParameters.for_hop_length(512)) != key
    file = folder / "jazz" / "jazz.00000.wav"
    file.rename(folder / "jazz" / "jazz.00001.wav")
    renamed = folder_fingerprint(folder, PARAMETERS)
    (folder / "jazz" / "jazz.00001.wav").rename(folder / "rock" / "jazz.00001.wav")
    assert len({key, renamed, folder_fingerprint(folder, PARAMETERS)}) == 3


def test_recordings_that_cannot_be_read_are_named(tmp_path: Path, folder: Path) -> None:
    (folder / "jazz" / "jazz.00054.wav").write_bytes(b"RIFF not really")
    tracks, skipped = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    assert len(tracks) == 10
    assert skipped[0].startswith("jazz/jazz.00054.wav: ")


@pytest.mark.parametrize("size", [0, 100, 5000])
def test_a_damaged_cache_is_written_anew(folder: Path, tmp_path: Path, size: int) -> None:
    first, _ = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    (file,) = (tmp_path / "cache").iterdir()
    content = file.read_bytes()
    file.write_bytes(content[:size])
    again, _ = cached_folder(folder, PARAMETERS, tmp_path / "cache")
    assert np.array_equal(again.frames, first.frames)
    assert len(file.read_bytes()) == len(content)
