"""Training of feature models: from features to a stored model that classifies songs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio
from core.constants import GENRES
from core.data.feature_sets import from_logmel
from core.data.gtzan import TrackSet, read_archive
from core.data.splits import split_tracks
from core.features.extractors import EXTRACTORS
from core.models.registry import FEATURE_MODELS
from core.models.store import load_model, save_model
from core.training.feature_models import (
    SequenceSettings,
    fit_network,
    package,
    predict,
    train,
)
from tests.archives import archive, some_track_ids
from tests.synthetic import song_samples


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    """Tracks of thirty seconds, one of each genre from each set of the artist split."""
    folder = tmp_path_factory.mktemp("clips")
    return read_archive(archive(folder / "logmel.npz", some_track_ids(per_subset=1), 730))


def sequences(n_per_genre: int) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of ten steps in which one feature tells the genre."""
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), n_per_genre)
    inputs = generator.normal(size=(len(labels), 10, 20)).astype(np.float32)
    inputs[np.arange(len(labels)), :, labels] += 3
    return inputs, labels


def test_a_sequence_network_learns_and_its_best_epoch_is_used() -> None:
    inputs, labels = sequences(12)
    settings = SequenceSettings(epochs=12, learning_rate=1e-2)
    valid = (inputs[::2], labels[::2])
    network, history = fit_network("bilstm", inputs[1::2], labels[1::2], settings, 0, valid)
    probabilities = predict(network, valid[0])
    assert (probabilities.argmax(axis=1) == valid[1]).mean() > 0.8
    losses = [row["valid_loss"] for row in history]
    assert min(losses) < losses[0] / 2
    loss = -np.log(probabilities[np.arange(len(valid[1])), valid[1]]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-5)


def test_a_fit_without_progress_stops_early() -> None:
    inputs, labels = sequences(2)
    settings = SequenceSettings(epochs=9, learning_rate=0.0, patience=1)
    _, history = fit_network("yamnet_cnn", inputs, labels, settings, 0, (inputs, labels))
    assert len(history) < 9


@pytest.mark.parametrize("name", ["svm", "bilstm"])
def test_a_trained_model_classifies_songs(name: str, clips: TrackSet, tmp_path: Path) -> None:
    extractor = EXTRACTORS[FEATURE_MODELS[name].features]
    parameters = replace(clips.parameters, segment_frames=extractor.frames)
    tracks = replace(clips, parameters=parameters)
    split = split_tracks(tracks, "artist", 0)
    features = from_logmel(tracks, extractor)
    result, final = train(name, features, tracks, split, 0, 0.9, SequenceSettings(epochs=2))
    np.testing.assert_array_equal(result.segments.track, split.test.track)
    np.testing.assert_allclose(result.probabilities.sum(axis=1), 1)
    assert ("epochs" in result.scores) == (name == "bilstm")
    save_model(package(result, final, "log-mel archive"), tmp_path)
    model = load_model(tmp_path / f"{name}.json")
    assert model.card["metrics"]["test"] == result.scores["test"]
    assert model.card["data"]["refit"]["segments"] == len(split.refit)
    assert model.card["pca"] == (0.9 if name == "svm" else None)
    stored = model.predict(features.subset(split.test).inputs)
    np.testing.assert_allclose(stored, result.probabilities, atol=1e-4)
    assert len(model.background.weights) >= len(GENRES)
    probabilities = analyze(Audio(song_samples(8.0)), model).probabilities
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
