"""Experiments: which models are trained under a protocol, and what is written about them."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.segments import standardisation
from core.errors import DatasetError
from core.evaluation.predictions import Predictions, list_predictions, save_predictions
from core.models.registry import SHOWN_MODELS
from core.networks import musicnn
from core.networks.spectrogram_networks import build_network
from core.training import experiment as experiment_module
from core.training import musicnn_tags
from core.training.experiment import Experiment, train
from core.training.fitted_network import FittedNetwork
from core.training.musicnn_tags import WINDOWS, TagLogits
from core.training.records import Folders
from core.training.sources import Sources
from core.training.spectrogram_models import SpectrogramTrainer


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "models", tmp_path / "runs", tmp_path / "cache")


def scores(folders: Folders) -> dict[str, Any]:
    return json.loads((folders.models / "scores.json").read_text(encoding="utf-8"))


def test_overrides_change_the_hyperparameters_of_all_networks(
    few_tracks: TrackSet, folders: Folders
) -> None:
    experiment = Experiment(
        ("cnn",), "artist", Sources(few_tracks, "archive"), folders, overrides={"epochs": 2}
    )
    settings = experiment.settings()
    assert {each.epochs for each in settings.values()} == {2}
    assert settings["cnn"].learning_rate != settings["mlp"].learning_rate


def test_models_of_whole_clips_are_skipped_under_the_segment_protocol(
    few_tracks: TrackSet, folders: Folders, capsys: pytest.CaptureFixture[str]
) -> None:
    train(Experiment(("crnn", "bilstm"), "segment", Sources(few_tracks, "archive"), folders))
    printed = capsys.readouterr().out
    assert "Skipped crnn" in printed
    assert "Skipped bilstm" in printed
    assert not folders.models.exists()


def test_cross_validation_reports_mean_and_deviation_over_the_folds(
    many_tracks: TrackSet,
    folders: Folders,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    trained: list[str] = []

    def refit(trainer: SpectrogramTrainer, name: str, epochs: int) -> FittedNetwork:
        trained.append(trainer.folder.name)
        network = build_network(name, trainer.tracks.parameters)
        return FittedNetwork(network, standardisation(many_tracks, trainer.split.refit), 1, [])

    monkeypatch.setattr(SpectrogramTrainer, "refit", refit)
    train(Experiment(("mlp", "svm"), "folds", Sources(many_tracks, "archive"), folders, seed=4))
    assert trained == [f"fold{number}" for number in range(1, 6)]
    row = scores(folders)["mlp/folds"]
    accuracies = [fold["song"]["accuracy"] for fold in row["folds"]]
    assert row["song"]["mean"] == pytest.approx(np.mean(accuracies))
    assert row["song"]["deviation"] == pytest.approx(np.std(accuracies, ddof=1))
    known = [many_tracks.entry(index).artist for index in range(len(many_tracks))]
    assert row["tracks"] == sum(map(bool, known))
    assert row["seed"] == 4
    printed = capsys.readouterr().out
    assert "Skipped: svm." in printed
    assert "mlp, 5 folds by artist" in printed


def test_mcnemars_test_compares_cnn_and_cnn_lstm_on_the_same_songs(
    many_tracks: TrackSet, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fit(trainer: SpectrogramTrainer, name: str, *_: Any) -> FittedNetwork:
        network = build_network(name, trainer.tracks.parameters)
        return FittedNetwork(network, standardisation(many_tracks, trainer.split.train), 1, [])

    monkeypatch.setattr(SpectrogramTrainer, "fit", fit)
    train(Experiment(("cnn", "cnn_lstm"), "track", Sources(many_tracks, "archive"), folders))
    rows = scores(folders)
    assert set(rows) == {"cnn/track", "cnn_lstm/track", "mcnemar/track"}
    test = rows["mcnemar/track"]
    assert test["models"] == ["cnn", "cnn_lstm"]
    assert 0 <= test["p_value"] <= 1
    right = {
        name: rows[f"{name}/track"]["test"]["song"]["accuracy"]
        * rows[f"{name}/track"]["test"]["tracks"]
        for name in ("cnn", "cnn_lstm")
    }
    assert test["only_a"] - test["only_b"] == pytest.approx(right["cnn"] - right["cnn_lstm"])


def test_musicnn_is_recorded_like_the_other_models(
    many_tracks: TrackSet, folders: Folders, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    logits = random.normal(size=(len(many_tracks), WINDOWS, musicnn.N_TAGS))
    logits[np.arange(len(many_tracks)), :, many_tracks.labels] += 4
    tags = TagLogits(many_tracks.track_ids, logits, logits, np.full(len(many_tracks), WINDOWS))
    monkeypatch.setattr(musicnn_tags, "weight_files", lambda package: [])
    monkeypatch.setattr(musicnn_tags, "cached_tags", lambda *_: tags)
    sources = Sources(many_tracks, "archive", recordings=(tmp_path,), musicnn=tmp_path)
    train(Experiment(("musicnn",), "track", sources, folders))
    row = scores(folders)["musicnn/track"]
    assert row["title"] == "MSD-musicnn"
    assert row["rebuilt"] == {"tracks": 0}
    assert row["test"]["song"]["accuracy"] > 0.8
    for folder in (folders.models, folders.validation):
        assert list_predictions(folder) == [("musicnn", "track")]


def test_musicnn_without_its_checkpoint_is_a_dataset_error(
    few_tracks: TrackSet, folders: Folders, tmp_path: Path
) -> None:
    sources = Sources(few_tracks, "archive", recordings=(tmp_path,), musicnn=tmp_path)
    with pytest.raises(DatasetError, match="contains no weights"):
        train(Experiment(("musicnn",), "artist", sources, folders))


def test_the_ensemble_is_fitted_after_its_members(few_tracks: TrackSet, folders: Folders) -> None:
    experiment = Experiment(("ensemble",), "artist", Sources(few_tracks, "archive"), folders)
    with pytest.raises(DatasetError, match="Train these models"):
        train(experiment)
    probabilities = np.eye(10)[[0, 1]] * 0.9 + 0.01
    predictions = Predictions(
        probabilities, np.array([0, 1]), np.array([0, 1]), np.array(["a", "b"])
    )
    for folder in (folders.models, folders.validation):
        for name in SHOWN_MODELS:
            save_predictions(predictions, folder, name, "artist")
    train(experiment)
    assert set(scores(folders)["ensemble/artist"]["members"]) == set(SHOWN_MODELS)


def test_features_are_extracted_once_for_models_that_share_them(
    few_tracks: TrackSet, folders: Folders, monkeypatch: pytest.MonkeyPatch
) -> None:
    extracted: list[tuple[str, str]] = []
    original = Sources.features

    def features(sources: Sources, name: str, source: str, cache: Path) -> Any:
        extracted.append((name, source))
        return original(sources, name, source, cache)

    monkeypatch.setattr(Sources, "features", features)
    monkeypatch.setattr(experiment_module, "record", lambda *_: None)
    models = ("svm", "random_forest")
    sources = Sources(replace(few_tracks), "archive")
    train(Experiment(models, "artist", sources, folders))
    assert extracted == [("vectors", "logmel")]
