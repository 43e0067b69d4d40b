"""Readers of training data: what goes in comes out, and what cannot be read is named."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.io import load_audio
from core.constants import GENRES
from core.data.gtzan import (
    dequantise,
    gtzan_index,
    load_tracks,
    quantise,
    read_archive,
    read_folder,
    save_tracks,
)
from core.errors import DatasetError
from core.features.spectrogram import FeatureParameters, logmel
from tests.archives import archive, audio_folder, track_set


@given(st.integers(0, 2**32 - 1), st.floats(-80, -2))
def test_a_quantised_spectrogram_is_off_by_at_most_half_a_step(seed: int, floor: float) -> None:
    spectrogram = np.random.default_rng(seed).uniform(floor, 0, size=(5, 8)).astype(np.float32)
    quanta, lowest = quantise(spectrogram)
    step = -lowest / 256
    assert np.abs(dequantise(quanta, lowest) - spectrogram).max() <= step / 2 + 1e-4


def test_the_archive_is_read_frames_first_with_its_labels(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.npz", ["jazz.00001", "rock.00002"], n_frames=80)
    tracks = read_archive(file)
    assert [GENRES[label] for label in tracks.labels] == ["jazz", "rock"]
    assert tracks.logmel(1).shape == (80, 128)
    with np.load(file) as kept:
        expected = -80 * (1 - (kept["q"][1].T.astype(float) + 0.5) / 256)
    assert np.allclose(tracks.logmel(1), expected, atol=1e-4)


def test_a_file_that_is_no_archive_is_refused_in_a_sentence(tmp_path: Path) -> None:
    file = tmp_path / "not.npz"
    file.write_bytes(b"something else")
    with pytest.raises(DatasetError, match="not an archive"):
        read_archive(file)


def test_a_folder_gives_the_features_of_its_files_and_names_what_it_skips(tmp_path: Path) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1)
    (folder / "jazz" / "jazz.00054.wav").write_bytes(b"RIFF not really")
    steps = []
    tracks, skipped = read_folder(
        folder, FeatureParameters(), progress=lambda done, total: steps.append((done, total))
    )
    assert len(tracks) == 10
    assert len(skipped) == 1
    assert skipped[0].startswith("jazz/jazz.00054.wav: ")
    assert steps[-1] == (11, 11)
    samples = load_audio(folder / "blues" / "blues.00000.wav").samples
    assert np.abs(tracks.logmel(0) - logmel(samples, FeatureParameters())).max() < 0.2


def test_a_folder_without_genres_is_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="genres as folders"):
        read_folder(tmp_path, FeatureParameters())


def test_kept_tracks_come_back_the_same(tmp_path: Path) -> None:
    tracks = track_set(tmp_path, per_side=1)
    save_tracks(tracks, tmp_path / "kept.npz")
    again = load_tracks(tmp_path / "kept.npz", tracks.parameters)
    assert again.track_ids == tracks.track_ids
    assert np.array_equal(again.frames, tracks.frames)
    assert np.array_equal(again.logmel(3), tracks.logmel(3))


def test_the_index_holds_the_fault_filtered_split() -> None:
    sides = [entry.artist_split for entry in gtzan_index().values()]
    counts = {side: sides.count(side) for side in ("train", "valid", "test", "excluded")}
    assert counts == {"train": 443, "valid": 197, "test": 290, "excluded": 70}
