"""The bundled random forest and SVM: predictions, explanations, and files that are safe to open."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
import skops.io
from sklearn.linear_model import LogisticRegression

from core.__main__ import main
from core.analysis import analyze
from core.audio.io import Audio, save_audio
from core.constants import GENRES, MODELS_DIR
from core.errors import ExplanationError, ModelError
from core.explanation.explain import explain
from core.explanation.feature_attribution import explain_features
from core.models.feature_models import FeatureModel, load_pipeline
from core.models.store import load_model
from tests.synthetic import song_samples

NAMES = ("random_forest", "svm")


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_predicts_and_its_explanation_is_additive(name: str) -> None:
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
    with pytest.raises(ExplanationError, match="use explain_features"):
        explain(Audio(song_samples(4.0)), load_model("svm"))
    song = tmp_path / "song.wav"
    save_audio(Audio(song_samples(4.0)), song)
    assert main(["analyze", str(song), "--model", "svm", "--explain"]) == 2
    assert "Leave out --explain" in capsys.readouterr().err
    assert main(["analyze", str(song), "--model", "svm"]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_not_opened(name: str, tmp_path: Path) -> None:
    for file in MODELS_DIR.glob(f"{name}.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / f"{name}.skops"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_model(tmp_path / f"{name}.json")


def test_a_file_with_unexpected_types_is_rejected(tmp_path: Path) -> None:
    class Stranger(LogisticRegression):
        pass

    Stranger.__module__ = "stranger"
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(Stranger()))
    with pytest.raises(ModelError, match="contains types that are not trusted"):
        load_pipeline(path)
