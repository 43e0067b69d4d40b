"""Randomly masked segments resemble log-mel spectrograms of masked audio."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from core.features.masking import filtered, raised, regions, silence
from core.features.spectrogram import FeatureParameters, mel_filterbank, stft
from core.listening.filtering import filter_song

PARAMETERS = FeatureParameters()


@pytest.fixture
def generator() -> tf.random.Generator:
    return tf.random.Generator.from_seed(1)


@pytest.fixture(scope="module")
def segments() -> tf.Tensor:
    """Provide segments of noise whose level differs from cell to cell."""
    return tf.constant(np.random.default_rng(0).uniform(-60, -5, (64, 72, 128)), tf.float32)


def test_regions_cover_ten_to_a_hundred_percent(
    generator: tf.random.Generator, segments: tf.Tensor
) -> None:
    areas = regions(generator, segments).numpy().mean(axis=(1, 2))
    assert 0.02 < areas.min() < 0.3
    assert areas.max() > 0.8
    assert areas.mean() == pytest.approx(0.55, abs=0.1)


def test_regions_are_drawn_for_silent_segments_too(generator: tf.random.Generator) -> None:
    kept = regions(generator, tf.fill([8, 72, 128], -80.0))
    assert 0.1 < kept.numpy().mean() < 0.9


def test_masked_segments_reach_the_floor_and_never_exceed_full_level(
    generator: tf.random.Generator, segments: tf.Tensor
) -> None:
    masked = silence(generator, segments, 1.0, 80.0).numpy()
    assert masked.min() == -80
    assert masked.max() <= 0
    assert np.isfinite(masked).all()


def test_only_the_given_share_of_segments_is_masked(
    generator: tf.random.Generator, segments: tf.Tensor
) -> None:
    masked = silence(generator, segments, 0.25, 80.0).numpy()
    changed = (masked != segments.numpy()).any(axis=(1, 2))
    assert 8 <= changed.sum() <= 16  # a region may cover the whole segment
    assert changed[16:].any()


def test_the_leakage_of_filtering_is_predicted_to_within_a_few_decibels() -> None:
    """Compare the leakage model with noise that was filtered and analysed again."""
    generator = np.random.default_rng(2)
    samples = (0.1 * generator.standard_normal(PARAMETERS.hop_length * 72)).astype(np.float32)
    mask = np.kron(generator.random((8, 13)) < 0.3, np.ones((10, 10)))[:73, :128]
    before, after = (
        np.abs(stft(audio, PARAMETERS)) ** 2 @ mel_filterbank(PARAMETERS).T
        for audio in (samples, filter_song(samples, mask, PARAMETERS))
    )
    original, masked = (
        np.maximum(10 * np.log10(power / before.max() + 1e-12), -80).astype(np.float32)
        for power in (before, after)
    )
    predicted = filtered(tf.constant(original[np.newaxis]), tf.constant(mask[np.newaxis]), 80.0)
    error = np.abs(predicted.numpy()[0] - masked)
    assert np.median(error) < 0.5
    assert np.mean(error < 10) > 0.9


def test_raising_leaves_silence_silent_and_stops_at_full_level() -> None:
    logmel = np.full((2, 3, 4), -80, dtype=np.float32)
    logmel[0, 0, 0], logmel[0, 1, 1] = -20, -70
    half, full = (raised(logmel, part, 80.0).numpy() for part in (0.5, 1.0))
    assert (half[0, 0, 0], half[0, 1, 1]) == (-10, -60)
    assert (full[0, 0, 0], full[0, 1, 1]) == (0, -50)
    assert (full[1] == -80).all()
