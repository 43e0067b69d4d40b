"""Training batches: excerpts stay inside the training set, and each variation has its effect."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments, all_segments, split_tracks
from core.features.spectrogram import mfcc_from_logmel
from core.training.augmentation import Augmentation, BatchMaker, training_ranges

PLAIN = Augmentation(
    reverse=0, tempo=0, shift_bands=0, eq_db=0, gain_db=0, darkened=0, masked=0, mixup=0
)
ONES = np.ones(13, dtype=np.float32)
ZEROS = np.zeros(13, dtype=np.float32)


@pytest.fixture
def tracks(few_tracks: TrackSet) -> TrackSet:
    return few_tracks


def one_batch(tracks: TrackSet, segments: Segments, augmentation: Augmentation) -> tuple:
    maker = BatchMaker(tracks, segments, ZEROS, ONES, augmentation, batch_size=32, seed=3)
    return tuple(part.numpy() for part in maker.batch())


def test_without_variation_an_excerpt_is_a_part_of_its_track(tracks: TrackSet) -> None:
    only = Segments(np.array([4]), np.array([0]))
    mfcc, genres, _, has_tags = one_batch(tracks, only, PLAIN)
    whole = mfcc_from_logmel(tracks.logmel(4))
    for excerpt in mfcc[..., 0]:
        offsets = [
            first
            for first in range(len(whole) - 71)
            if np.allclose(whole[first], excerpt[0], atol=1e-3)
        ]
        assert any(np.allclose(whole[first : first + 72], excerpt, atol=1e-3) for first in offsets)
    assert (genres.argmax(axis=1) == tracks.labels[4]).all()
    assert not has_tags.any()


def test_excerpts_never_contain_frames_of_another_set(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", seed=1)
    trained = set(zip(split.train.track.tolist(), split.train.start.tolist(), strict=True))
    for track, low, high, start in training_ranges(split.train, tracks).tolist():
        assert low <= start
        assert start + 72 <= high
        for first in range(0, high - 71, 72):
            if low <= first:
                assert (track, first) in trained


def test_strong_variation_gives_finite_inputs_and_distributions(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "segment", seed=1)
    strong = Augmentation(tempo=0.5, shift_bands=8, eq_db=6, gain_db=20, masked=1, mixup=0.5)
    mfcc, genres, _, _ = one_batch(tracks, split.train, strong)
    assert np.isfinite(mfcc).all()
    assert np.allclose(genres.sum(axis=1), 1, atol=1e-5)


def test_masked_excerpts_differ_from_whole_ones(tracks: TrackSet) -> None:
    plain, _, _, _ = one_batch(tracks, all_segments(tracks), PLAIN)
    masked, _, _, _ = one_batch(tracks, all_segments(tracks), replace(PLAIN, masked=1))
    # The zeroth coefficient is the mean level times the square root of the number of bands.
    assert (masked[..., 0, 0] / np.sqrt(128)).min() >= -80.01
    assert (np.abs(masked - plain).max(axis=(1, 2, 3)) > 20).mean() > 0.9


def test_darkened_excerpts_lose_high_bands_only(tracks: TrackSet) -> None:
    maker = BatchMaker(
        tracks, all_segments(tracks), ZEROS, ONES, replace(PLAIN, darkened=1), 32, seed=3
    )
    loud = np.full((32, 72, 128), -10, dtype=np.float32)
    dark = maker._darken(tf.constant(loud)).numpy()
    assert (dark[..., :70] == -10).all()
    assert (dark[..., -1] < -11).mean() > 0.9
    assert (np.diff(dark, axis=2) <= 0).all()
    assert dark.min() >= -80


def test_another_level_only_moves_the_zeroth_coefficient(tracks: TrackSet) -> None:
    """The other coefficients sum to zero over the bands, as long as nothing is clipped."""
    quiet = replace(tracks, floor_db=np.full(len(tracks), -60, dtype=np.float32))
    segments = all_segments(quiet)
    plain, _, _, _ = one_batch(quiet, segments, PLAIN)
    moved, _, _, _ = one_batch(quiet, segments, replace(PLAIN, gain_db=10))
    change = moved[..., 0] - plain[..., 0]
    level_db = change[..., 0] / np.sqrt(128)
    assert np.abs(change[..., 1:]).max() < 1e-2
    assert (level_db > -10.01).all()
    assert (level_db < 5.01).all()
    np.testing.assert_allclose(
        level_db, np.broadcast_to(level_db[:, :1], level_db.shape), atol=1e-3
    )
    assert np.ptp(level_db[:, 0]) > 5


def test_tags_are_those_of_the_excerpts_second(tracks: TrackSet) -> None:
    taggrams = np.full((len(tracks), 4, 2), np.nan, dtype=np.float32)
    taggrams[5] = np.arange(4)[:, np.newaxis] / 10
    other = int(np.flatnonzero(tracks.labels != tracks.labels[5])[0])
    segments = Segments(np.array([5, other]), np.array([72, 72]))
    maker = BatchMaker(
        tracks, segments, ZEROS, ONES, PLAIN, batch_size=32, seed=0, taggrams=taggrams
    )
    _, genres, tags, has_tags = (part.numpy() for part in maker.batch())
    is_tagged_track = genres.argmax(axis=1) == tracks.labels[5]
    assert 0 < is_tagged_track.sum() < 32
    np.testing.assert_array_equal(has_tags.astype(bool), is_tagged_track)
    assert np.isin(np.round(tags[is_tagged_track] * 10), [1, 2, 3]).all()


def test_tags_of_a_long_excerpt_are_the_mean_of_its_windows(tracks: TrackSet) -> None:
    long = replace(tracks, parameters=replace(tracks.parameters, segment_frames=144))
    taggrams = np.zeros((len(tracks), 6, 2), dtype=np.float32)
    taggrams[5] = np.arange(6)[:, np.newaxis] ** 2
    segments = Segments(np.array([5]), np.array([0]))
    maker = BatchMaker(long, segments, ZEROS, ONES, PLAIN, 16, seed=0, taggrams=taggrams)
    _, _, tags, _ = (part.numpy() for part in maker.batch())
    # Six seconds contain four windows of three; the last window is repeated.
    wanted = {(np.minimum(np.arange(first, first + 4), 5) ** 2).mean() for first in range(4)}
    assert np.isin(np.round(tags, 4), np.round(list(wanted), 4)).all()


def test_targets_are_a_weighted_mean_of_hard_and_soft_labels(tracks: TrackSet) -> None:
    soft_labels = np.full((len(tracks), 4, len(GENRES)), np.nan, dtype=np.float32)
    soft_labels[0] = 0.1
    maker = BatchMaker(
        tracks,
        Segments(np.array([0]), np.array([0])),
        ZEROS,
        ONES,
        replace(PLAIN, softened=0.5),
        batch_size=4,
        seed=0,
        taggrams=np.full((len(tracks), 4, 2), 0.5, dtype=np.float32),
        soft_labels=soft_labels,
    )
    genres = maker.batch()[1].numpy()
    assert np.allclose(genres[:, tracks.labels[0]], 0.55)
    assert np.allclose(genres.sum(axis=1), 1)


def test_the_same_seed_gives_the_same_batches(tracks: TrackSet) -> None:
    one = one_batch(tracks, all_segments(tracks), Augmentation())
    other = one_batch(tracks, all_segments(tracks), Augmentation())
    assert np.array_equal(one[0], other[0])
