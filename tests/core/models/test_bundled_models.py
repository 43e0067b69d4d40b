"""The bundled models are robust: to a louder moment in the song, to silence, and to noise."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from core.analysis import Analysis, analyze
from core.audio.io import Audio, load_audio
from core.constants import EXAMPLES_DIR, GENRES
from core.errors import ModelError
from core.explanation.feature_attribution import explain_features
from core.features import yamnet
from core.models.base import GenreModel
from core.models.cards import list_models
from core.models.feature_models import FeatureModel
from core.models.registry import SHOWN_MODELS, needs_download
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model
from tests.synthetic import song_samples

EXAMPLES = [
    entry["file"]
    for entry in json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
]

NAMES = [card["name"] for card in list_models()]


@cache
def load(name: str) -> GenreModel:
    """Load a model once for all tests."""
    return load_model(name)


@cache
def analysis_of(file: str, name: str) -> Analysis:
    """Analyse an example once for all tests."""
    model = load(name)
    return analyze(load_audio(EXAMPLES_DIR / file, sample_rate=model.sample_rate), model)


@pytest.mark.parametrize("name", SHOWN_MODELS)
@pytest.mark.parametrize("file", EXAMPLES)
def test_a_louder_moment_elsewhere_in_the_song_hardly_matters(name: str, file: str) -> None:
    """Spectrograms are relative to the song's maximum, which is 6 dB higher here."""
    model, analysis = load(name), analysis_of(file, name)
    assert isinstance(model, SpectrogramModel)
    lowered = np.maximum(analysis.logmel - 6, -model.parameters.top_db)
    change = model.predict_logmel(lowered).mean(axis=0) - analysis.song_probabilities
    assert np.abs(change).max() < 0.15


@pytest.mark.parametrize("name", SHOWN_MODELS)
def test_the_examples_are_classified_as_at_least_four_genres(name: str) -> None:
    assert len({analysis_of(file, name).genre for file in EXAMPLES}) >= 4


@pytest.mark.parametrize("name", [name for name in NAMES if not needs_download(name)])
def test_audio_at_the_default_sampling_rate_is_accepted(name: str) -> None:
    model = load(name)
    analysis = analyze(Audio(song_samples(4.0)), model)
    assert analysis.parameters.sample_rate == model.sample_rate
    assert len(analysis.probabilities) >= 1


@pytest.mark.parametrize("level", [0.0, 0.1])
@pytest.mark.parametrize("name", [name for name in NAMES if not needs_download(name)])
def test_silence_and_noise_get_probabilities_like_any_sound(name: str, level: float) -> None:
    model = load(name)
    samples = level * np.random.default_rng(0).standard_normal(5 * model.sample_rate)
    audio = Audio(samples.astype(np.float32), model.sample_rate)
    probabilities = analyze(audio, model).probabilities
    assert np.isfinite(probabilities).all()
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


@pytest.mark.parametrize("name", [name for name in NAMES if needs_download(name)])
def test_without_yamnet_its_models_explain_how_to_download_it(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(yamnet, "file_path", lambda: tmp_path / "yamnet.tflite")
    yamnet._interpreter.cache_clear()
    noise = 0.1 * np.random.default_rng(0).standard_normal(100_000)
    with pytest.raises(ModelError, match="Download it once"):
        analyze(Audio(noise.astype(np.float32)), load(name))


@pytest.mark.parametrize("name", [name for name in NAMES if needs_download(name)])
def test_explanations_of_sequences_are_additive(name: str) -> None:
    model = load(name)
    assert isinstance(model, FeatureModel)
    found = explain_features(model, model.background.inputs[0], GENRES[0])
    assert found.unit == "time step"
    assert len(found.values) == 6
    assert found.base_value + found.values.sum() == pytest.approx(found.prediction, abs=1e-5)
