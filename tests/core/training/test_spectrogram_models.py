"""Training of spectrogram models: inputs, predictions, and the model that is packaged."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel, segment_mfcc, standardisation
from core.data.splits import Segments, split_tracks
from core.evaluation.calibration import apply_temperature
from core.models.spectrogram_models import SpectrogramModel
from core.networks.spectrogram_networks import build_network, shift_logits
from core.training.fit import Settings
from core.training.fitted_network import FittedNetwork, network_inputs, predict
from core.training.hyperparameters import hyperparameters
from core.training.progress import EpochBars
from core.training.records import describe_data
from core.training.spectrogram_models import SpectrogramTrainer


@pytest.fixture
def trainer(few_tracks: TrackSet, tmp_path: Path) -> SpectrogramTrainer:
    return SpectrogramTrainer(
        few_tracks,
        split_tracks(few_tracks, "artist"),
        {"mlp": replace(hyperparameters("mlp", "artist"), epochs=5)},
        tmp_path,
        seed=0,
        taggrams=None,
        resume=False,
        progress=EpochBars(),
    )


@pytest.fixture
def fits(trainer: SpectrogramTrainer, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Arguments of the fits; nothing is trained, and the third epoch counts as the best."""
    made: list[Any] = []

    def fit(
        name: str,
        part: str,
        segments: Segments,
        settings: Settings,
        valid: Segments | None,
        *,
        resume: bool | None = None,
    ) -> FittedNetwork:
        made.append((name, part, settings.epochs, valid))
        keras.utils.set_random_seed(len(made))
        network = build_network(name, trainer.tracks.parameters)
        statistics = standardisation(trainer.tracks, segments)
        return FittedNetwork(network, statistics, 3, [{"epoch": 1, "seconds": 0.75}])

    monkeypatch.setattr(trainer, "fit", fit)
    return made


def test_inputs_are_standardised_mfccs_with_a_channel(few_tracks: TrackSet) -> None:
    segments = split_tracks(few_tracks, "artist").train
    inputs = network_inputs(few_tracks, segments, standardisation(few_tracks, segments))
    assert inputs.shape == (len(segments), 72, 13, 1)
    assert inputs.dtype == np.float32
    np.testing.assert_allclose(inputs.mean(axis=(0, 1)), 0, atol=1e-3)


def test_predictions_are_softmax_of_the_first_output(few_tracks: TrackSet) -> None:
    network = build_network("mlp", few_tracks.parameters)
    inputs = np.random.default_rng(0).normal(size=(3, 72, 13, 1)).astype(np.float32)
    logits = network(inputs)[0].numpy().astype(float)
    expected = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(predict(network, inputs), expected, atol=1e-5)


def test_the_final_fit_has_the_epochs_that_validation_chose_and_no_validation_set(
    trainer: SpectrogramTrainer, fits: list[Any]
) -> None:
    result, _ = trainer.train("mlp")
    assert fits == [("mlp", "train", 5, trainer.split.valid), ("mlp", "refit", 3, None)]
    assert result.scores["epochs"] == 3
    assert result.scores["training_s"] == 2
    assert result.segments is trainer.split.test
    assert result.validation is not None
    assert result.validation[1] is trainer.split.valid


def test_offsets_are_fitted_on_folds_of_the_final_training_set_and_stored(
    trainer: SpectrogramTrainer, fits: list[Any]
) -> None:
    trainer.settings = {"mlp": replace(trainer.settings["mlp"], offset_penalty=0.01)}
    result, final = trainer.train("mlp")
    assert [part for _, part, *_ in fits] == ["train", "fold1", "fold2", "fold3", "refit"]
    assert all(epochs == 3 and valid is None for _, _, epochs, valid in fits[1:])
    offsets = np.array(result.scores["offsets"])
    assert np.abs(offsets).max() > 0
    stored = json.loads((trainer.folder / "mlp-calibration.json").read_text(encoding="utf-8"))
    assert stored.pop("run")["settings"]["epochs"] == 3
    assert stored == {
        "temperature": result.scores["temperature"],
        "offsets": result.scores["offsets"],
    }
    trainer.resume = True
    temperature, again = trainer.cross_calibrate("mlp", 3)
    assert len(fits) == 5
    trainer.cross_calibrate("mlp", 2)
    assert len(fits) == 8, "a calibration of networks with other epochs is not used"
    np.testing.assert_array_equal(again, offsets)
    # The final network has the offsets in its logits, so that the temperature alone is left.
    probabilities, _ = trainer.measure(final, temperature)
    np.testing.assert_allclose(result.probabilities, probabilities)
    shift_logits(final.network, -temperature * offsets)
    uncorrected = final.predict(trainer.tracks, trainer.split.test)
    expected = apply_temperature(uncorrected, temperature, offsets)
    np.testing.assert_allclose(expected, probabilities, atol=1e-3)


def test_a_compressed_model_is_measured_and_packaged_compressed(
    few_tracks: TrackSet, tmp_path: Path
) -> None:
    settings = replace(hyperparameters("cnn", "artist"), epochs=1, steps=1, batch_size=4)
    trainer = SpectrogramTrainer(
        few_tracks,
        split_tracks(few_tracks, "artist"),
        {"cnn": settings},
        tmp_path,
        seed=0,
        taggrams=None,
        resume=False,
        progress=EpochBars(),
    )
    fitted = trainer.fit("cnn", "train", trainer.split.train, settings, None)
    assert (
        fitted.network.count_params()
        < 0.3 * build_network("cnn", few_tracks.parameters).count_params()
    )


def test_the_packaged_model_predicts_what_was_measured(
    trainer: SpectrogramTrainer, fits: list[Any]
) -> None:
    result, final = trainer.train("mlp")
    data = describe_data(trainer.split, trainer.tracks, 0, "archive", with_teacher=False)
    model = trainer.package(result, final, data)
    assert isinstance(model, SpectrogramModel)
    logmel = segment_logmel(trainer.tracks, trainer.split.test)
    np.testing.assert_allclose(model.predict_logmel(logmel), result.probabilities, atol=1e-5)
    uncalibrated = final.predict(trainer.tracks, trainer.split.test)
    temperature = result.scores["temperature"]
    np.testing.assert_allclose(result.probabilities, apply_temperature(uncalibrated, temperature))
    assert model.card["training"]["epochs"] == 3
    assert model.card["training"]["augmentation"]["mixup"] == 0.2
    assert set(model.card["training"]["history"]) == {"train", "refit"}
    assert model.card["parameters"] == result.scores["parameters"] > 0
    assert len(model.background.weights) == len(model.background.logmel) > 10


def test_the_packaged_model_has_a_novelty_score_and_genre_sets(
    trainer: SpectrogramTrainer, fits: list[Any]
) -> None:
    result, final = trainer.train("mlp")
    data = describe_data(trainer.split, trainer.tracks, 0, "archive", with_teacher=False)
    model = trainer.package(result, final, data)
    held_out = set(trainer.split.valid.track.tolist())
    assert model.card["genre_sets"]["level"] == 0.9
    assert 0 < model.card["genre_sets"]["songs"] <= len(held_out)
    assert model.novelty_score is not None
    # The score compares with the songs of the final training set.
    known = np.unique(trainer.split.refit.track)
    assert len(model.novelty_score.sound.songs) == len(known)
    mfcc = segment_mfcc(trainer.tracks, trainer.split.valid)
    _, novelty = model.predict_song(mfcc, np.full(len(mfcc), 72))
    assert np.isfinite(novelty)


def test_folds_hold_artists_out_only_where_offsets_are_fitted(
    trainer: SpectrogramTrainer,
) -> None:
    assert trainer.calibration_folds("mlp") == [("train", trainer.split.train, trainer.split.valid)]
    trainer.settings = {"mlp": replace(trainer.settings["mlp"], offset_penalty=0.01)}
    folds = trainer.calibration_folds("mlp")
    assert [name for name, *_ in folds] == ["fold1", "fold2", "fold3"]
    assert sum(len(held_out) for *_, held_out in folds) == len(trainer.split.refit)
