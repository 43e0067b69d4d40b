"""Models of features: explained by segment, with gated audio, and a download only if needed."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import load_audio
from core.models.registry import FEATURE_MODELS
from core.models.store import load_model
from dashboard.services import explanations, feature_models, models, songs


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


@pytest.fixture
def features(chosen: songs.Song, monkeypatch: pytest.MonkeyPatch) -> songs.Song:
    """The chosen song, with the bundled models."""
    monkeypatch.setattr(models, "model_of", load_model)
    return chosen


def test_a_segment_is_explained_once_and_the_contributions_add_up(
    features: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = feature_models.feature_explanation_of(features, "bilstm", "jazz", 0, silent)
    assert found.base_value + found.values.sum() == pytest.approx(found.prediction, abs=1e-3)
    monkeypatch.setattr(
        "core.explanation.feature_attribution.explain_features", lambda *_: pytest.fail("again")
    )
    again = feature_models.feature_explanation_of(features, "bilstm", "jazz", 0, silent)
    assert again is found


def test_gated_audio_lasts_a_segment_and_the_original_has_the_segments_probability(
    features: songs.Song,
) -> None:
    name, genre, segment = "bilstm", "jazz", 0
    sounds = feature_models.gated_sounds_of(features, name, genre, segment, silent)
    assert list(sounds) == ["original", "kept", "removed"]
    analysis = explanations.analysis_of(features, name, silent)
    index = models.genre_index(name, genre)
    expected = analysis.probabilities[segment, index]
    assert sounds["original"][1] == pytest.approx(expected, abs=1e-4)
    original = load_audio(sounds["original"][0]).samples
    values = feature_models.feature_explanation_of(features, name, genre, segment, silent).values
    if (values > 0).any() and (values <= 0).any():
        kept, removed = (load_audio(sounds[kind][0]).samples for kind in ("kept", "removed"))
        np.testing.assert_allclose(kept + removed, original, atol=1e-3)


def test_only_models_of_spectrograms_have_evidence_in_one() -> None:
    assert feature_models.reads_spectrogram("cnn")
    assert not any(map(feature_models.reads_spectrogram, FEATURE_MODELS))


@pytest.mark.parametrize("there", [False, True])
def test_yamnet_is_needed_by_its_models_until_it_is_there(
    monkeypatch: pytest.MonkeyPatch, there: bool
) -> None:
    monkeypatch.setattr("core.features.yamnet.is_available", lambda: there)
    assert feature_models.needs_yamnet("yamnet_cnn") == (not there)
    assert not feature_models.needs_yamnet("cnn")
    assert not feature_models.needs_yamnet("svm")


def test_yamnet_is_downloaded_by_core(monkeypatch: pytest.MonkeyPatch) -> None:
    fetched = []
    monkeypatch.setattr("core.features.yamnet.fetch", lambda: fetched.append(1))
    feature_models.download_yamnet()
    assert fetched == [1]
