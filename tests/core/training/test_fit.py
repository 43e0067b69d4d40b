"""Fits: they learn, the best epoch is used, and an interrupted fit continues exactly."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from core.data.gtzan import TrackSet
from core.data.segments import segment_mfcc, standardisation
from core.data.splits import all_segments
from core.networks.spectrogram_networks import build_network
from core.training.augmentation import Augmentation, BatchMaker
from core.training.fit import Fit, Settings
from core.training.fitted_network import predict

pytestmark = pytest.mark.usefixtures("unoptimised_graphs")

QUICK = Settings(
    epochs=3,
    steps=8,
    batch_size=16,
    dropout=0.1,
    average=0.9,
    augmentation=Augmentation(tempo=0.02, shift_bands=0, eq_db=0.3, masked=0, mixup=0),
)


@pytest.fixture
def tracks(few_tracks: TrackSet) -> TrackSet:
    return few_tracks


def fit(tracks: TrackSet, folder: Path) -> Fit:
    segments = all_segments(tracks)
    statistics = standardisation(tracks, segments)
    keras.utils.set_random_seed(1)
    batches = BatchMaker(
        tracks, segments, statistics.mean, statistics.scale, QUICK.augmentation, 16, seed=1
    )
    return Fit(build_network("cnn", tracks.parameters, dropout=0.1), batches, QUICK, folder)


def test_an_interrupted_fit_continues_exactly_after_its_last_finished_epoch(
    tracks: TrackSet, tmp_path: Path
) -> None:
    class Interrupted(Exception):
        pass

    def interrupt(row: dict[str, Any]) -> None:
        if row["epoch"] == 2:
            raise Interrupted

    whole = fit(tracks, tmp_path / "whole")
    whole.run(None, lambda row: None)
    interrupted = fit(tracks, tmp_path / "interrupted")
    with pytest.raises(Interrupted):
        interrupted.run(None, interrupt)
    resumed = fit(tracks, tmp_path / "interrupted")
    assert resumed.resume() == 2
    resumed.run(None, lambda row: None)
    assert [row["epoch"] for row in resumed.history] == [1, 2, 3]
    assert [row["loss"] for row in resumed.history] == [row["loss"] for row in whole.history]
    for one, other in zip(whole.network.variables, resumed.network.variables, strict=True):
        np.testing.assert_array_equal(one, other, err_msg=one.path)


def test_training_lowers_the_loss_and_the_best_epoch_is_used(
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
    final = predict(run.network, inputs[..., None])
    losses = [row["valid_loss"] for row in rows]
    loss = -np.log(final[np.arange(len(labels)), labels]).mean()
    assert loss == pytest.approx(min(losses), abs=1e-4)
    assert run.best_epoch == 1 + int(np.argmin(losses))
    assert list((tmp_path / "logs").iterdir())
