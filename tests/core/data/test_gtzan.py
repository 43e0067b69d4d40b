"""Readers of training data: spectrograms and genres are preserved, unreadable files are named."""

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
    quantise,
    read_archive,
    read_folder,
)
from core.errors import DatasetError
from core.features.spectrogram import FeatureParameters, logmel
from tests.archives import archive, audio_folder


@given(st.integers(0, 2**32 - 1), st.floats(-80, -2))
def test_quantisation_errors_are_at_most_half_a_step(seed: int, floor: float) -> None:
    spectrogram = np.random.default_rng(seed).uniform(floor, 0, size=(5, 8)).astype(np.float32)
    quanta, lowest = quantise(spectrogram)
    step = -lowest / 256
    assert np.abs(dequantise(quanta, lowest) - spectrogram).max() <= step / 2 + 1e-4


def test_the_archive_gives_spectrograms_with_frames_first_and_their_genres(tmp_path: Path) -> None:
    file = archive(tmp_path / "a.npz", ["jazz.00001", "rock.00002"], n_frames=80)
    tracks = read_archive(file)
    assert [GENRES[label] for label in tracks.labels] == ["jazz", "rock"]
    assert tracks.logmel(1).shape == (80, 128)
    with np.load(file) as stored:
        expected = -80 * (1 - (stored["q"][1].T.astype(float) + 0.5) / 256)
    assert np.allclose(tracks.logmel(1), expected, atol=1e-4)


def test_a_file_that_is_not_an_archive_is_rejected_with_a_reason(tmp_path: Path) -> None:
    file = tmp_path / "not.npz"
    file.write_bytes(b"something else")
    with pytest.raises(DatasetError, match="not an archive"):
        read_archive(file)


def test_a_folder_gives_the_spectrograms_of_its_files_and_names_unreadable_ones(
    tmp_path: Path,
) -> None:
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


def test_a_folder_without_genres_is_rejected_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="genres as subfolders"):
        read_folder(tmp_path, FeatureParameters())


def test_the_index_contains_the_fault_filtered_split() -> None:
    subsets = [entry.artist_split for entry in gtzan_index().values()]
    counts = {name: subsets.count(name) for name in ("train", "valid", "test", "excluded")}
    assert counts == {"train": 443, "valid": 197, "test": 290, "excluded": 70}
