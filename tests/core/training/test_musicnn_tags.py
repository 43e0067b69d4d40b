"""Tags of tracks: whole recordings first, then stored tags; recordings are tagged once."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.special
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from core.constants import SAMPLE_RATE
from core.data.gtzan import TrackSet
from core.errors import DatasetError
from core.networks import musicnn
from core.training.musicnn_tags import (
    WINDOWS,
    TagLogits,
    agreement,
    cached_tags,
    logits_of,
    tag_recordings,
    tag_table,
    weight_files,
)


@pytest.fixture(scope="module")
def tagger() -> keras.Model:
    """A small tagger: random weighted sums of the mean over time."""
    spectrogram = keras.Input((187, 96))
    mean = keras.layers.GlobalAveragePooling1D()(spectrogram)
    keras.utils.set_random_seed(0)
    return keras.Model(spectrogram, keras.layers.Dense(musicnn.N_TAGS)(mean))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two recordings, of five and of two seconds."""
    folder = tmp_path / "genres"
    (folder / "jazz").mkdir(parents=True)
    random = np.random.default_rng(0)
    for number, seconds in enumerate((5, 2)):
        samples = 0.1 * random.standard_normal(seconds * SAMPLE_RATE)
        soundfile.write(folder / "jazz" / f"jazz.{number:05}.wav", samples, SAMPLE_RATE)
    return folder


@pytest.fixture
def weights(tmp_path: Path) -> list[Path]:
    file = tmp_path / "weights"
    file.write_bytes(b"weights")
    return [file]


def tags_of(names: tuple[str, ...], windows: list[int]) -> TagLogits:
    """Tag logits that equal the number of the track plus one."""
    logits = np.ones((len(names), WINDOWS, 50), dtype=np.float32)
    logits *= np.arange(1, 1 + len(names))[:, np.newaxis, np.newaxis]
    return TagLogits(names, logits, logits, np.array(windows))


def test_windows_of_a_short_recording_are_repeated(folder: Path, tagger: keras.Model) -> None:
    tags = tag_recordings([folder], tagger, lambda done, total: None)
    assert tags.names == ("jazz.00000", "jazz.00001")
    assert tags.windows.tolist() == [3, 1]
    assert not tags.whole_clip.any()
    np.testing.assert_array_equal(tags.logits[0, 3:6], tags.logits[0, :3])
    assert (tags.logits[1] == tags.logits[1, 0]).all()


def test_served_tags_do_not_depend_on_the_level(folder: Path, tagger: keras.Model) -> None:
    def tagged() -> TagLogits:
        return tag_recordings([folder], tagger, lambda done, total: None)

    loud = tagged()
    for file in folder.glob("*/*"):
        samples, rate = soundfile.read(file)
        soundfile.write(file, samples / 10, rate)
    quiet = tagged()
    np.testing.assert_allclose(loud.logits, quiet.logits, atol=0.02)
    assert np.abs(loud.own_level - quiet.own_level).max() > 0.1


def test_recordings_are_tagged_once_wherever_they_are(
    folder: Path, tmp_path: Path, tagger: keras.Model, weights: list[Path]
) -> None:
    def load() -> keras.Model:
        loads.append(1)
        return tagger

    def tagged(folder: Path) -> TagLogits:
        return cached_tags([folder], weights, load, tmp_path / "cache", lambda done, total: None)

    loads: list[int] = []
    first = tagged(folder)
    again = tagged(Path(shutil.move(folder, tmp_path / "moved")))
    assert len(loads) == 1
    assert again.names == first.names
    np.testing.assert_array_equal(again.logits, first.logits)
    np.testing.assert_array_equal(again.windows, first.windows)
    samples, rate = soundfile.read(tmp_path / "moved" / "jazz" / "jazz.00001.wav")
    soundfile.write(tmp_path / "moved" / "jazz" / "jazz.00001.wav", samples[::-1] ** 3, rate)
    changed = tagged(tmp_path / "moved")
    assert len(loads) == 2
    np.testing.assert_array_equal(changed.logits[0], first.logits[0])
    assert not np.array_equal(changed.logits[1], first.logits[1])
    weights[0].write_bytes(b"others")
    tagged(tmp_path / "moved")
    assert len(loads) == 3


def test_recordings_that_cannot_be_read_are_left_out_unless_none_is_left(
    folder: Path, tagger: keras.Model
) -> None:
    first, second = sorted(folder.glob("*/*"))
    first.write_bytes(b"RIFF not really")
    assert tag_recordings([folder], tagger, lambda *_: None).names == ("jazz.00001",)
    second.write_bytes(b"RIFF not really")
    with pytest.raises(DatasetError, match="None of the 2 recordings"):
        tag_recordings([folder], tagger, lambda *_: None)


def test_whole_recordings_come_before_stored_tags_and_these_before_parts(
    few_tracks: TrackSet,
) -> None:
    names = few_tracks.track_ids[:4]
    tags = tags_of((names[0], names[1], names[2], "jazz.99999"), [28, 5, 5, 28])
    stored = np.full((len(few_tracks), WINDOWS + 1, 50), np.nan, dtype=np.float32)
    stored[[0, 1, 3]] = 0.5
    table = tag_table(tags, stored, few_tracks)
    assert table[:4, 0, 0].tolist() == [1, 0, 3, 0]
    assert np.isnan(table[4:]).all()


def test_agreement_is_measured_on_whole_recordings_with_stored_tags(few_tracks: TrackSet) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(2, WINDOWS, 50)).astype(np.float32)
    tags = replace(tags_of(few_tracks.track_ids[:2], [28, 5]), own_level=logits)
    stored = np.full((len(few_tracks), WINDOWS, 50), np.nan, dtype=np.float32)
    stored[:2] = scipy.special.expit(logits)
    found = agreement(tags, stored, few_tracks)
    assert found["tracks"] == 1
    assert found["median_correlation"] == pytest.approx(1)
    assert found["mean_difference"] == pytest.approx(0, abs=1e-6)
    assert agreement(tags, None, few_tracks) == {"tracks": 0}


def test_a_package_without_weights_is_rejected_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="contains no weights"):
        weight_files(tmp_path)


@given(st.floats(-10, 10))
def test_logits_are_those_of_the_probabilities(value: float) -> None:
    assert logits_of(scipy.special.expit(np.array([value])))[0] == pytest.approx(value, abs=1e-3)
