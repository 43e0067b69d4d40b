"""The model on top of musicnn is musicnn, a level, and a linear layer: nothing else."""

from __future__ import annotations

import json

import keras
import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from core.constants import MODELS_DIR
from core.features.spectrogram import mfcc_from_logmel
from core.models.registry import MUSICNN
from core.networks import musicnn
from core.networks.musicnn import LEVEL_DB, genre_network
from core.training.musicnn_head import fit_head
from core.training.musicnn_tags import logits_of


@pytest.fixture(scope="module")
def tagger() -> keras.Model:
    keras.utils.set_random_seed(0)
    return musicnn.build()


def test_musicnn_has_the_shape_of_its_paper(tagger: keras.Model) -> None:
    assert tagger.input_shape == (None, 187, 96)
    assert tagger.output_shape == (None, 50)
    assert tagger.count_params() == pytest.approx(790_000, rel=0.01)


def test_the_network_is_the_tagger_at_a_fixed_level_and_one_layer(tagger: keras.Model) -> None:
    random = np.random.default_rng(0)
    kernel = random.normal(size=(50, 10)).astype(np.float32)
    bias = random.normal(size=10).astype(np.float32)
    network = genre_network(tagger, kernel, bias, 2.0)
    decibels = random.uniform(-80, 0, size=(2, 187, 96)).astype(np.float32)
    power = 10 ** ((decibels + LEVEL_DB) / 10)
    expected = (tagger(musicnn.compressed(power)).numpy() @ kernel + bias) / 2
    found = network(mfcc_from_logmel(decibels, 96)[..., np.newaxis]).numpy()
    np.testing.assert_allclose(found, scipy.special.softmax(expected, axis=1), atol=2e-4)


def test_the_head_tells_genres_apart_and_says_how_sure_it_is() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 40)
    artists = np.arange(400) // 4
    centres = random.normal(size=(10, 50))
    logits = centres[labels] + random.normal(size=(400, 50))
    kernel, bias, temperature = fit_head(logits, labels, artists)
    scores = logits @ kernel + bias
    assert (scores.argmax(axis=1) == labels).mean() > 0.95
    assert 0.2 <= temperature <= 5
    tones = fit_head(3 * logits + 7, labels, artists)
    np.testing.assert_allclose((3 * logits + 7) @ tones[0] + tones[1], scores, atol=1e-2)


@given(st.floats(-10, 10))
def test_logits_are_those_of_the_probabilities(value: float) -> None:
    assert logits_of(scipy.special.expit(np.array([value])))[0] == pytest.approx(value, abs=1e-3)


def test_windows_lie_within_the_recording() -> None:
    assert musicnn.windows(186, 61) == []
    assert musicnn.windows(187, 61) == [(0, 187)]
    assert musicnn.windows(1876, 61)[-1] == (61 * 27, 61 * 27 + 187)


def test_the_bundled_model_was_rebuilt_rightly() -> None:
    card = json.loads((MODELS_DIR / f"{MUSICNN}.json").read_text(encoding="utf-8"))
    proof = card["training"]["rebuilt"]
    assert proof["tracks"] > 300
    assert proof["median_correlation"] > 0.99
    assert proof["mean_difference"] < 0.005
