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
from core.networks.spectrogram_networks import (
    build_network,
)
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
    return Fit(build_network("cnn", tracks.parameters, dropout=0.1), batches, QUICK, folder)


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
