"""Facts about models come from their cards and parameters."""

from __future__ import annotations

import numpy as np
import pytest

from core.constants import GENRES
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import models, songs


@pytest.mark.usefixtures("chosen")
def test_accuracy_is_that_of_unseen_artists(
    monkeypatch: pytest.MonkeyPatch, tiny_cnn: SpectrogramModel
) -> None:
    metrics = {"protocol": "artist", "test": {"song": {"accuracy": 0.75}, "tracks": 40}}
    monkeypatch.setitem(tiny_cnn.card, "metrics", metrics)
    assert models.accuracy("cnn") == (0.75, 40)
    monkeypatch.setitem(tiny_cnn.card, "metrics", {**metrics, "protocol": "segment"})
    assert models.accuracy("cnn") is None
    monkeypatch.delitem(tiny_cnn.card, "metrics")
    assert models.accuracy("cnn") is None


def test_facts_are_those_of_the_model(chosen: songs.Song, tiny_cnn: SpectrogramModel) -> None:
    assert [models.genre_index("cnn", genre) for genre in GENRES] == list(range(10))
    mean, scale = models.standardisation("cnn")
    np.testing.assert_array_equal(mean, tiny_cnn.mean)
    np.testing.assert_array_equal(scale, tiny_cnn.scale)
    frequencies = models.band_frequencies("cnn")
    assert frequencies.shape == (FeatureParameters().n_mels,)
    assert (np.diff(frequencies) > 0).all()
    assert models.frame_seconds("cnn") == pytest.approx(915 / 22_050)


def test_the_bundled_models_of_the_first_page_are_loaded_by_name() -> None:
    for name in models.MODELS:
        model = models.model_of(name)
        assert model.name == name
        assert models.spectrogram_model_of(name) is model, "its evidence can be played"


def test_an_unknown_model_is_refused() -> None:
    with pytest.raises(ModelError, match="nobody"):
        models.model_of("nobody")
