"""MSD-musicnn has the published shape, and the genre network is musicnn and one linear layer."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest
import scipy.special

from core.features.spectrogram import mfcc_from_logmel
from core.networks.musicnn import (
    PARAMETERS,
    PEAK_LEVEL_DB,
    build_tagger,
    compress,
    genre_network,
    mel_power,
    read_weights,
    window_bounds,
)


@pytest.fixture(scope="module")
def tagger() -> keras.Model:
    keras.utils.set_random_seed(0)
    return build_tagger()


def test_the_tagger_has_the_shape_of_the_paper(tagger: keras.Model) -> None:
    assert tagger.input_shape == (None, 187, 96)
    assert tagger.output_shape == (None, 50)
    assert tagger.count_params() == pytest.approx(790_000, rel=0.01)


def test_the_genre_network_is_the_tagger_at_a_fixed_level_and_a_linear_layer(
    tagger: keras.Model,
) -> None:
    random = np.random.default_rng(0)
    kernel = random.normal(size=(50, 10)).astype(np.float32)
    bias = random.normal(size=10).astype(np.float32)
    network = genre_network(tagger, kernel, bias, 2.0)
    decibels = random.uniform(-80, 0, size=(2, 187, 96)).astype(np.float32)
    power = 10 ** ((decibels + PEAK_LEVEL_DB) / 10)
    expected = (tagger(compress(power)).numpy() @ kernel + bias) / 2
    found = network(mfcc_from_logmel(decibels, 96)[..., np.newaxis]).numpy()
    np.testing.assert_allclose(found, scipy.special.softmax(expected, axis=1), atol=2e-4)


def test_windows_are_complete_and_lie_within_the_recording() -> None:
    assert window_bounds(186, 61) == []
    assert window_bounds(187, 61) == [(0, 187)]
    assert window_bounds(1876, 61)[-1] == (61 * 27, 61 * 27 + 187)


def test_a_tone_is_loudest_in_the_mel_band_of_its_frequency() -> None:
    time = np.arange(PARAMETERS.sample_rate) / PARAMETERS.sample_rate
    low, high = (mel_power(np.sin(2 * np.pi * pitch * time)) for pitch in (220.0, 3_520.0))
    assert low.shape == (63, 96)
    assert low.mean(axis=0).argmax() < high.mean(axis=0).argmax()


def test_compression_maps_silence_to_zero() -> None:
    np.testing.assert_allclose(compress(np.array([0.0, 1e-4, 1.0])), [0, np.log10(2), 4], atol=1e-4)


def test_a_missing_checkpoint_is_explained(tagger: keras.Model, tmp_path: Path) -> None:
    with pytest.raises(OSError, match=r"no checkpoint in .*Install musicnn 0\.1\.0"):
        read_weights(tagger, tmp_path)
