"""Feature models classify with a network or a pipeline, and open no file that could run code."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from core.__main__ import main
from core.analysis import analyze
from core.audio.io import Audio, save_audio
from core.constants import GENRES, MODELS_DIR
from core.errors import ExplanationError, ModelError
from core.explanation import feature_attribution
from core.explanation.explain import explain
from core.explanation.feature_attribution import explain_features
from core.features.spectrogram import FeatureParameters
from core.models.feature_models import FeatureBackground, FeatureModel, load_pipeline
from core.models.store import load_model, load_spectrogram_model, save_model
from core.networks.classical import build_estimator
from tests.synthetic import song_samples

NAMES = ("random_forest", "svm")
FEATURES = np.random.default_rng(0).normal(size=(60, 111)).astype(np.float32)


def tiny_feature_model(kind: str) -> FeatureModel:
    """Feature model that was fitted to noise."""
    card: dict[str, Any] = {
        "name": kind,
        "reads": "vectors",
        "genres": list(GENRES),
        "features": FeatureParameters().to_json(),
        "temperature": 1.5,
    }
    background = FeatureBackground(np.full(3, 1 / 3, np.float32), FEATURES[:3])
    if kind == "network":
        inputs = keras.Input((111,))
        network = keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(inputs))
        return FeatureModel(network, card, background)
    pipeline = build_estimator(kind, "artist", 0).fit(FEATURES, np.arange(60) % 10)
    return FeatureModel(pipeline, card, background)


@pytest.mark.parametrize(
    ("kind", "suffix"), [("network", ".keras"), ("random_forest", ".skops"), ("svm", ".skops")]
)
def test_a_saved_model_predicts_the_same(kind: str, suffix: str, tmp_path: Path) -> None:
    model = tiny_feature_model(kind)
    loaded = load_model(save_model(model, tmp_path))
    assert isinstance(loaded, FeatureModel)
    assert (tmp_path / f"{kind}{suffix}").is_file()
    probabilities = loaded.predict(FEATURES)
    np.testing.assert_allclose(probabilities, model.predict(FEATURES), atol=1e-6)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
    np.testing.assert_array_equal(loaded.background.inputs, model.background.inputs)
    np.testing.assert_array_equal(loaded.background.weights, model.background.weights)


@pytest.mark.parametrize("kind", ["network", "random_forest", "svm"])
def test_no_segments_give_no_probabilities(kind: str) -> None:
    assert tiny_feature_model(kind).predict(FEATURES[:0]).shape == (0, 10)


@pytest.mark.parametrize("kind", ["network", "svm"])
@pytest.mark.parametrize("shape", [(111,), (2, 110), (2, 1, 111), ()])
def test_features_of_another_shape_are_refused_with_both_shapes(
    kind: str, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ModelError, match=r"expects features of shape \(n, 111\)") as raised:
        tiny_feature_model(kind).predict(np.zeros(shape))
    assert str(shape) in str(raised.value)


def test_the_temperature_on_the_card_calibrates_a_pipeline() -> None:
    model = tiny_feature_model("random_forest")
    calibrated = model.predict(FEATURES).max(axis=1).mean()
    model = tiny_feature_model("random_forest")
    model.card["temperature"] = 5.0
    assert model.predict(FEATURES).max(axis=1).mean() < calibrated


def test_a_feature_model_is_not_a_spectrogram_model(tmp_path: Path) -> None:
    card = save_model(tiny_feature_model("svm"), tmp_path)
    with pytest.raises(ModelError, match=r"not a spectrogram.*such as 'cnn'"):
        load_spectrogram_model(card)


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_predicts_and_its_explanation_is_additive(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(feature_attribution, "EVALUATIONS", 3)  # one permutation is additive, too
    model = load_model(name)
    assert isinstance(model, FeatureModel)
    analysis = analyze(Audio(song_samples(7.0)), model)
    np.testing.assert_allclose(analysis.probabilities.sum(axis=1), 1, atol=1e-5)
    found = explain_features(model, analysis.inputs[0], GENRES[3])
    assert len(found.names) == len(found.values) == 111
    assert found.base_value + found.values.sum() == pytest.approx(found.prediction, abs=1e-3)


def test_models_of_features_have_no_explanation_in_a_spectrogram(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExplanationError, match=r"Use explain_features\(\)"):
        explain(Audio(song_samples(4.0)), load_model("svm"))
    song = tmp_path / "song.wav"
    save_audio(Audio(song_samples(4.0)), song)
    assert main(["analyze", str(song), "--model", "svm", "--explain"]) == 2
    assert "Omit --explain" in capsys.readouterr().err
    assert main(["analyze", str(song), "--model", "svm"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_not_opened(name: str, tmp_path: Path) -> None:
    for file in MODELS_DIR.glob(f"{name}.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / f"{name}.skops"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256 digests differ"):
        load_model(tmp_path / f"{name}.json")


def test_a_file_with_unexpected_types_is_rejected(tmp_path: Path) -> None:
    class Stranger(LogisticRegression):
        pass

    Stranger.__module__ = "stranger"
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(Stranger()))
    with pytest.raises(ModelError, match="contains types that are not trusted"):
        load_pipeline(path, 10)
