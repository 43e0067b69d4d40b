"""Genre profiles are explained on the test set of the artist protocol."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel
from core.data.splits import split_tracks
from core.errors import DatasetError, ModelError
from core.evaluation.predictions import load_predictions
from core.explanation.genre_profiles import load_profiles
from core.features.spectrogram import FeatureParameters
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_model
from core.training.profiles import store_genre_profiles


def test_profiles_and_predictions_of_the_test_set_are_written(
    few_tracks: TrackSet, tiny_cnn: SpectrogramModel, tmp_path: Path
) -> None:
    save_model(tiny_cnn, tmp_path)
    reports: list[tuple[int, int]] = []
    store_genre_profiles(
        "cnn", few_tracks, tmp_path, 0, lambda *numbers: reports.append(numbers), 1
    )
    profiles = load_profiles(tmp_path / "cnn.profiles.npz")
    assert profiles.segments.tolist() == [1] * 10
    assert profiles.bands.shape == (10, 128)
    assert reports[-1] == (10, 10)
    test = split_tracks(few_tracks, "artist").test
    stored = load_predictions(tmp_path, "cnn", "artist")
    expected = tiny_cnn.predict_logmel(segment_logmel(few_tracks, test))
    np.testing.assert_allclose(stored.probabilities, expected, atol=1e-3)


def test_a_missing_model_is_named(few_tracks: TrackSet, tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="cnn"):
        store_genre_profiles("cnn", few_tracks, tmp_path, 0, lambda *_: None)


def test_spectrograms_with_other_parameters_are_rejected(
    few_tracks: TrackSet, tiny_cnn: SpectrogramModel, tmp_path: Path
) -> None:
    save_model(tiny_cnn, tmp_path)
    tracks = replace(few_tracks, parameters=FeatureParameters.for_hop_length(512))
    with pytest.raises(DatasetError, match="needs hop_length = 915, not 512"):
        store_genre_profiles("cnn", tracks, tmp_path, 0, lambda *_: None)
