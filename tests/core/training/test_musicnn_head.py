"""The model on top of musicnn is musicnn, a level, and a linear layer: nothing else."""

from __future__ import annotations

import json

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st

from core.constants import MODELS_DIR
from core.models.registry import MUSICNN
from core.training.musicnn_head import fit_head
from core.training.musicnn_tags import logits_of


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


def test_the_bundled_model_was_rebuilt_rightly() -> None:
    card = json.loads((MODELS_DIR / f"{MUSICNN}.json").read_text(encoding="utf-8"))
    proof = card["training"]["rebuilt"]
    assert proof["tracks"] > 300
    assert proof["median_correlation"] > 0.99
    assert proof["mean_difference"] < 0.005
