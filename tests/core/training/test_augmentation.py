"""Training batches: cuts stay inside the training side, and variations do what they say."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from core.data.gtzan import TrackSet
from core.data.splits import Segments, all_segments, split_tracks
from core.features.spectrogram import dct_matrix, mfcc_from_logmel
from core.training.augmentation import Augmentation, BatchMaker, training_runs
from tests.archives import track_set

PLAIN = Augmentation(
    reverse=0, tempo=0, shift_bands=0, eq_db=0, gain_db=0, darkened=0, masked=0, mixup=0
)
ONES = np.ones(13, dtype=np.float32)
ZEROS = np.zeros(13, dtype=np.float32)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_side=1)


def one_batch(tracks: TrackSet, segments: Segments, augmentation: Augmentation) -> tuple:
    maker = BatchMaker(tracks, segments, ZEROS, ONES, augmentation, batch_size=32, seed=3)
    return tuple(part.numpy() for part in maker.batch())


def test_without_variation_a_cut_is_a_stretch_of_its_track(tracks: TrackSet) -> None:
    only = Segments(np.array([4]), np.array([0]))
    mfcc, genres, _, taught = one_batch(tracks, only, PLAIN)
    whole = mfcc_from_logmel(tracks.logmel(4))
    for cut in mfcc[..., 0]:
        offsets = [
            first
            for first in range(len(whole) - 71)
            if np.allclose(whole[first], cut[0], atol=1e-3)
        ]
        assert any(np.allclose(whole[first : first + 72], cut, atol=1e-3) for first in offsets)
    assert (genres.argmax(axis=1) == tracks.labels[4]).all()
    assert not taught.any()


def test_cuts_never_reach_frames_of_another_side(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", seed=1)
    trained = set(zip(split.train.track.tolist(), split.train.start.tolist(), strict=True))
    for track, low, high, start in training_runs(split.train, tracks).tolist():
        assert low <= start
        assert start + 72 <= high
        for first in range(0, high - 71, 72):
            if low <= first:
                assert (track, first) in trained


def test_strong_variation_stays_inside_the_run_and_finite(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", seed=1)
    strong = Augmentation(tempo=0.5, shift_bands=8, eq_db=6, gain_db=20, masked=1, mixup=0.5)
    mfcc, genres, _, _ = one_batch(tracks, split.train, strong)
    assert np.isfinite(mfcc).all()
    assert np.allclose(genres.sum(axis=1), 1, atol=1e-5)


def test_masked_cuts_differ_from_whole_ones(tracks: TrackSet) -> None:
    plain, _, _, _ = one_batch(tracks, all_segments(tracks), PLAIN)
    hidden, _, _, _ = one_batch(tracks, all_segments(tracks), replace(PLAIN, masked=1))
    # The zeroth coefficient is the mean level times the square root of the number of bands.
    assert (hidden[..., 0, 0] / np.sqrt(128)).min() >= -80.01
    assert (np.abs(hidden - plain).max(axis=(1, 2, 3)) > 20).mean() > 0.9


def test_darkened_cuts_lose_high_bands_only(tracks: TrackSet) -> None:
    maker = BatchMaker(
        tracks, all_segments(tracks), ZEROS, ONES, replace(PLAIN, darkened=1), 32, seed=3
    )
    loud = np.full((32, 72, 128), -10, dtype=np.float32)
    heard = maker._darken(tf.constant(loud)).numpy()
    assert (heard[..., :70] == -10).all()
    assert (heard[..., -1] < -11).mean() > 0.9
    assert (np.diff(heard, axis=2) <= 0).all()
    assert heard.min() >= -80


def test_a_louder_recording_only_moves_the_zeroth_coefficient() -> None:
    moved = np.full((1, 128), 6.0, dtype=np.float32) @ dct_matrix().T
    assert moved[0, 0] == pytest.approx(6 * np.sqrt(128), rel=1e-5)
    assert np.abs(moved[0, 1:]).max() < 1e-4


def test_a_teacher_is_heard_in_the_second_of_the_cut(tracks: TrackSet) -> None:
    taggrams = np.full((len(tracks), 4, 2), np.nan, dtype=np.float32)
    taggrams[5] = np.arange(4)[:, np.newaxis] / 10
    segments = Segments(np.array([5, 6]), np.array([72, 72]))
    maker = BatchMaker(
        tracks, segments, ZEROS, ONES, PLAIN, batch_size=32, seed=0, taggrams=taggrams
    )
    _, genres, tags, taught = (part.numpy() for part in maker.batch())
    heard = genres.argmax(axis=1) == tracks.labels[5]
    if tracks.labels[5] != tracks.labels[6]:
        assert (taught.astype(bool) == heard).all()
    values = tags[taught.astype(bool)]
    assert len(values)
    assert np.isin(np.round(values * 10), [1, 2, 3]).all()


def test_of_a_long_cut_a_teacher_says_the_mean_of_what_it_hears_there(tracks: TrackSet) -> None:
    long = replace(tracks, parameters=replace(tracks.parameters, segment_frames=144))
    taggrams = np.zeros((len(tracks), 6, 2), dtype=np.float32)
    taggrams[5] = np.arange(6)[:, np.newaxis] ** 2
    segments = Segments(np.array([5]), np.array([0]))
    maker = BatchMaker(long, segments, ZEROS, ONES, PLAIN, 16, seed=0, taggrams=taggrams)
    _, _, tags, _ = (part.numpy() for part in maker.batch())
    # Six seconds hold four windows of three; those beyond the last one are the last one.
    wanted = {(np.minimum(np.arange(first, first + 4), 5) ** 2).mean() for first in range(4)}
    assert np.isin(np.round(tags, 4), np.round(list(wanted), 4)).all()


def test_the_same_seed_gives_the_same_batches(tmp_path: Path, tracks: TrackSet) -> None:
    one = one_batch(tracks, all_segments(tracks), Augmentation())
    other = one_batch(tracks, all_segments(tracks), Augmentation())
    assert np.array_equal(one[0], other[0])
