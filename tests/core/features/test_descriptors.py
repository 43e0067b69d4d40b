"""Forest and machine: vectors mean what they say, files hold nothing else, evidence adds up."""

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
from core.constants import GENRES, MODELS_DIR, SAMPLE_RATE
from core.errors import ExplanationError, ModelError
from core.explanation.explain import explain
from core.explanation.feature_attribution import explain_features
from core.features.descriptors import descriptor_names, segment_descriptors
from core.features.spectrogram import FeatureParameters, logmel, split_segments
from core.models.feature_models import FeatureModel, load_pipeline
from core.models.store import load_model
from tests.synthetic import song_samples

PARAMETERS = FeatureParameters()
NAMES = ("random_forest", "svm")


def cuts(samples: np.ndarray) -> np.ndarray:
    return split_segments(logmel(samples.astype(np.float32), PARAMETERS), PARAMETERS)


def named(samples: np.ndarray) -> dict[str, float]:
    return dict(
        zip(descriptor_names(), segment_descriptors(cuts(samples), PARAMETERS)[0], strict=True)
    )


def test_a_tone_has_its_frequency_as_its_centre_and_no_width() -> None:
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tone = named(0.5 * np.sin(2 * np.pi * 2000 * time))
    noise = named(0.3 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE))
    assert tone["centroid, mean"] == pytest.approx(2, abs=0.1)
    assert tone["bandwidth, mean"] < 0.2 < noise["bandwidth, mean"]
    assert tone["roll-off, mean"] == pytest.approx(2, abs=0.2)
    assert tone["flatness, mean"] < noise["flatness, mean"] - 20
    assert noise["centroid, mean"] > 2.5
    assert tone["energy, change"] < 0.1


@pytest.mark.parametrize("name", NAMES)
def test_a_bundled_model_answers_and_its_evidence_adds_up(name: str) -> None:
    model = load_model(name)
    assert isinstance(model, FeatureModel)
    song = Audio(song_samples(7.0))
    analysis = analyze(song, model)
    np.testing.assert_allclose(analysis.probabilities.sum(axis=1), 1, atol=1e-5)
    found = explain_features(model, analysis.inputs[0], GENRES[3])
    assert len(found.names) == len(found.values) == 111
    assert found.base_value + found.values.sum() == pytest.approx(found.prediction, abs=1e-3)


def test_nothing_of_a_song_is_kept_for_a_model_of_features(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(ExplanationError, match="use explain_features"):
        explain(Audio(song_samples(4.0)), load_model("svm"))
    song = tmp_path / "song.wav"
    save_audio(Audio(song_samples(4.0)), song)
    assert main(["analyze", str(song), "--model", "svm", "--explain"]) == 2
    assert "Leave out --explain" in capsys.readouterr().err
    assert main(["analyze", str(song), "--model", "svm"]) == 0


def test_onsets_come_back_as_often_as_they_do() -> None:
    time = np.arange(3 * SAMPLE_RATE)
    clicks = np.random.default_rng(0).standard_normal(len(time)) * (time % (SAMPLE_RATE // 2) < 400)
    found = {key: value for key, value in named(0.3 * clicks).items() if "lag" in key}
    assert max(found, key=lambda key: found[key]) in ("onsets, lag 0.50 s", "onsets, lag 1.00 s")
    assert found["onsets, lag 0.25 s"] < 0.1 < found["onsets, lag 0.50 s"]


@pytest.mark.parametrize("name", NAMES)
def test_a_damaged_file_is_not_opened(name: str, tmp_path: Path) -> None:
    for file in MODELS_DIR.glob(f"{name}.*"):
        shutil.copy(file, tmp_path)
    weights = tmp_path / f"{name}.skops"
    weights.write_bytes(weights.read_bytes()[:-1] + b"x")
    with pytest.raises(ModelError, match="SHA-256 differs"):
        load_model(tmp_path / f"{name}.json")


def test_a_file_with_other_types_is_refused(tmp_path: Path) -> None:
    class Stranger(LogisticRegression):
        pass

    Stranger.__module__ = "stranger"
    path = tmp_path / "model.skops"
    path.write_bytes(skops.io.dumps(Stranger()))
    with pytest.raises(ModelError, match="contains types that are not trusted"):
        load_pipeline(path)
