"""What bundled models must stand: another loudest moment in the song, silence, and noise."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.analysis import analyze
from core.audio import Audio, load_audio
from core.catalogue import SHOWN
from core.constants import EXAMPLES_DIR
from core.model_cards import list_models
from core.models import load_model

EXAMPLES = [
    entry["file"]
    for entry in json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", SHOWN)
@pytest.mark.parametrize("file", EXAMPLES)
def test_a_louder_moment_elsewhere_in_the_song_hardly_matters(name: str, file: str) -> None:
    """The reference of a spectrogram is the song's maximum: here it lies 6 dB higher."""
    model = load_model(name)
    song = load_audio(EXAMPLES_DIR / file, sample_rate=model.parameters.sample_rate)
    analysis = analyze(song, model)
    lowered = np.maximum(analysis.logmel - 6, -model.parameters.top_db)
    moved = model.predict_logmel(lowered).mean(axis=0) - analysis.song_probabilities
    assert np.abs(moved).max() < 0.1


@pytest.mark.parametrize("name", SHOWN)
def test_examples_are_not_all_heard_as_one_genre(name: str) -> None:
    model = load_model(name)
    rate = model.parameters.sample_rate
    heard = {
        analyze(load_audio(EXAMPLES_DIR / file, sample_rate=rate), model).genre for file in EXAMPLES
    }
    assert len(heard) >= 4


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.parametrize("name", [card["name"] for card in list_models()])
def test_silence_and_noise_get_probabilities_like_any_sound(name: str, level: float) -> None:
    model = load_model(name)
    rate = model.parameters.sample_rate
    samples = level * np.random.default_rng(0).standard_normal(5 * rate)
    answer = analyze(Audio(samples.astype(np.float32), rate), model).probabilities
    assert np.isfinite(answer).all()
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)
