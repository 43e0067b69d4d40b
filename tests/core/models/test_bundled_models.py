"""What bundled models must stand: another loudest moment in the song, silence, and noise."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio, load_audio
from core.constants import EXAMPLES_DIR, GENRES
from core.errors import ModelError
from core.explanation.feature_attribution import explain_features
from core.features import yamnet
from core.models.cards import list_models
from core.models.feature_models import FeatureModel
from core.models.registry import SHOWN_MODELS
from core.models.store import load_model, load_spectrogram_model

EXAMPLES = [
    entry["file"]
    for entry in json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
]


@pytest.mark.parametrize("name", SHOWN_MODELS)
@pytest.mark.parametrize("file", EXAMPLES)
def test_a_louder_moment_elsewhere_in_the_song_hardly_matters(name: str, file: str) -> None:
    """The reference of a spectrogram is the song's maximum: here it lies 6 dB higher."""
    model = load_spectrogram_model(name)
    song = load_audio(EXAMPLES_DIR / file, sample_rate=model.parameters.sample_rate)
    analysis = analyze(song, model)
    lowered = np.maximum(analysis.logmel - 6, -model.parameters.top_db)
    moved = model.predict_logmel(lowered).mean(axis=0) - analysis.song_probabilities
    assert np.abs(moved).max() < 0.1


@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_examples_are_not_all_heard_as_one_genre(name: str) -> None:
    model = load_model(name)
    rate = model.parameters.sample_rate
    heard = {
        analyze(load_audio(EXAMPLES_DIR / file, sample_rate=rate), model).genre for file in EXAMPLES
    }
    assert len(heard) >= 4


def through_yamnet(card: dict[str, Any]) -> bool:
    return card.get("reads", "").startswith("yamnet")


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.parametrize(
    "name", [card["name"] for card in list_models() if not through_yamnet(card)]
)
def test_silence_and_noise_get_probabilities_like_any_sound(name: str, level: float) -> None:
    model = load_model(name)
    rate = model.parameters.sample_rate
    samples = level * np.random.default_rng(0).standard_normal(5 * rate)
    answer = analyze(Audio(samples.astype(np.float32), rate), model).probabilities
    assert np.isfinite(answer).all()
    np.testing.assert_allclose(answer.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [card["name"] for card in list_models() if through_yamnet(card)])
def test_without_yamnet_its_models_say_how_to_get_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamnet, "file_path", lambda: tmp_path / "yamnet.tflite")
    yamnet._interpreter.cache_clear()
    noise = 0.1 * np.random.default_rng(0).standard_normal(100_000)
    with pytest.raises(ModelError, match="Fetch it once"):
        analyze(Audio(noise.astype(np.float32)), load_model(name))


@pytest.mark.parametrize("name", [card["name"] for card in list_models() if through_yamnet(card)])
def test_moments_of_embeddings_are_explained_to_the_last_digit(name: str) -> None:
    model = load_model(name)
    assert isinstance(model, FeatureModel)
    found = explain_features(model, model.background.inputs[0], GENRES[0])
    assert found.unit == "moment"
    assert len(found.values) == 6
    assert found.base_value + found.values.sum() == pytest.approx(found.prediction, abs=1e-5)
