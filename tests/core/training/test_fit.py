"""Fitting: it learns, it resumes where it was killed, and temperatures make honest."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.segments import segment_mfcc, standardisation
from core.data.splits import all_segments
from core.evaluation.calibration import apply_temperature
from core.features.spectrogram import FeatureParameters
from core.networks.cnn import build, serving_network, start_from
from core.training.augmentation import Augmentation, BatchMaker
from core.training.fit import Fit, Settings
from core.training.spectrogram_models import predict
from tests.archives import track_set

QUICK = Settings(
    epochs=3,
    steps=8,
    batch_size=16,
    dropout=0.1,
    average=0.9,
    augmentation=Augmentation(tempo=0.02, shift_bands=0, eq_db=0.3, masked=0, mixup=0),
)


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_side=1)


def fit(tracks: TrackSet, folder: Path) -> Fit:
    segments = all_segments(tracks)
    statistics = standardisation(tracks, segments)
    keras.utils.set_random_seed(1)
    batches = BatchMaker(
        tracks, segments, statistics.mean, statistics.scale, QUICK.augmentation, 16, seed=1
    )
    return Fit(build("cnn", tracks.parameters, dropout=0.1), batches, QUICK, folder)


def test_a_killed_run_goes_on_where_its_last_epoch_ended(tracks: TrackSet, tmp_path: Path) -> None:
    class Killed(Exception):
        pass

    def kill(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise Killed

    whole = fit(tracks, tmp_path / "whole")
    whole.run(None, lambda row: None)
    interrupted = fit(tracks, tmp_path / "interrupted")
    with pytest.raises(Killed):
        interrupted.run(None, kill)
    resumed = fit(tracks, tmp_path / "interrupted")
    assert resumed.resume() == 2
    resumed.run(None, lambda row: None)
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3]
    assert resumed.history[2]["loss"] == pytest.approx(whole.history[2]["loss"], abs=0.02)
    for one, other in zip(whole.network.variables, resumed.network.variables, strict=True):
        if "seed" not in one.path:
            assert np.allclose(one, other, atol=0.02), one.path


def test_training_lowers_the_loss_and_keeps_the_best_epoch(
    tracks: TrackSet, tmp_path: Path
) -> None:
    run = fit(tracks, tmp_path)
    segments = all_segments(tracks)
    statistics = standardisation(tracks, segments)
    inputs = (segment_mfcc(tracks, segments) - statistics.mean) / statistics.scale
    labels = tracks.labels[segments.track]
    rows: list[dict[str, Any]] = []
    run.run(lambda: (predict(run.network, inputs[..., None]), labels), rows.append)
    assert rows[-1]["loss"] < rows[0]["loss"]
    kept = predict(run.network, inputs[..., None])
    losses = [row["valid_loss"] for row in rows]
    loss = -np.log(kept[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-4)
    assert run.best_epoch == 1 + int(np.argmin(losses))
    assert list((tmp_path / "logs").iterdir())


def test_a_cnn_lstm_begins_as_the_cnn_it_starts_from() -> None:
    cnn, cnn_lstm = (build(name, FeatureParameters()) for name in ("cnn", "cnn_lstm"))
    inputs = np.random.default_rng(0).normal(size=(4, 72, 13, 1)).astype(np.float32)
    assert not np.allclose(predict(cnn, inputs), predict(cnn_lstm, inputs), atol=1e-3)
    start_from(cnn, cnn_lstm)
    assert np.allclose(predict(cnn, inputs), predict(cnn_lstm, inputs), atol=1e-5)


@pytest.mark.parametrize("name", ["cnn", "cnn_lstm"])
@pytest.mark.parametrize("hop_length", [915, 512])
def test_the_shipped_network_gives_the_tempered_probabilities(name: str, hop_length: int) -> None:
    parameters = FeatureParameters.for_hop_length(hop_length)
    trained = build(name, parameters, n_tags=4)
    shape = (3, parameters.segment_frames, 13, 1)
    inputs = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    shipped = serving_network(trained, 1.7)(inputs).numpy()
    assert np.allclose(shipped, apply_temperature(predict(trained, inputs), 1.7), atol=1e-5)


def test_silence_has_finite_gradients() -> None:
    import tensorflow as tf

    network = build("cnn", FeatureParameters())
    silence = tf.zeros((1, 72, 13, 1))
    with tf.GradientTape() as tape:
        tape.watch(silence)
        value = tf.reduce_sum(network(silence)[0])
    assert np.isfinite(tape.gradient(value, silence).numpy()).all()
