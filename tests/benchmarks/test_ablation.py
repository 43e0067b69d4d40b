"""Without the layers that they are named after, CNN and CNN-LSTM are at chance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from keras import layers

from benchmarks import ablation
from core.constants import MODELS_DIR
from core.models.store import load_spectrogram_model
from tests.archives import archive, some_track_ids

CHANCE = 0.2  # upper bound; the largest genre has 11 % of the test songs


@pytest.fixture(scope="module")
def measured() -> dict[str, Any]:
    content = json.loads((MODELS_DIR / "ablation.json").read_text(encoding="utf-8"))
    models: dict[str, Any] = content["models"]
    return models


@pytest.mark.parametrize("name", ["cnn", "cnn_lstm"])
def test_the_bundled_networks_are_at_chance_without_their_convolutions(
    measured: dict[str, Any], name: str
) -> None:
    assert measured[name]["accuracy"]["original"]["song"] > 0.6
    assert measured[name]["accuracy"]["convolutions"]["song"] < CHANCE


def test_the_bundled_cnn_lstm_is_at_chance_without_its_lstm(measured: dict[str, Any]) -> None:
    assert measured["cnn_lstm"]["accuracy"]["recurrent layer"]["song"] < CHANCE


def test_the_figures_belong_to_the_bundled_weights(measured: dict[str, Any]) -> None:
    for name, row in measured.items():
        card = json.loads((MODELS_DIR / f"{name}.json").read_text(encoding="utf-8"))
        assert row["sha256"] == card["weights"]["sha256"]


@pytest.mark.parametrize("name", ["cnn", "cnn_lstm"])
def test_without_its_convolutions_a_bundled_network_predicts_the_same_for_every_segment(
    name: str,
) -> None:
    model = load_spectrogram_model(name)
    inputs = np.random.default_rng(0).normal(size=(40, 72, 13, 1)).astype(np.float32)
    assert ablation.in_batches(model.network, [inputs])[0].std(axis=0).max() > 0.01
    for part, cut, replaced in ablation.parts(model.network):
        if part in ("convolutions", "recurrent layer"):
            probabilities = ablation.without(model.network, cut, replaced, inputs)
            assert probabilities.std(axis=0).max() < 1e-5


def test_a_path_around_the_convolutions_is_kept() -> None:
    first = keras.Input((6, 2, 1))
    convolved = layers.Conv2D(3, 2, name="convolution")(first)
    both = layers.Concatenate()([layers.Flatten()(convolved), layers.Flatten()(first)])
    network = keras.Model(first, layers.Dense(10, activation="softmax")(both))
    inputs = np.random.default_rng(0).normal(size=(20, 6, 2, 1)).astype(np.float32)
    ((_, cut, replaced),) = ablation.parts(network)
    probabilities = ablation.without(network, cut, replaced, inputs)
    assert probabilities.std(axis=0).max() > 0.01
    kept = ablation.without(network, cut, [], inputs)
    np.testing.assert_allclose(kept, network(inputs).numpy(), atol=1e-6)


def test_the_command_writes_its_result(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=2))
    ablation.main(["--logmel", str(file), "--models", "cnn_lstm", "--out", str(tmp_path)])
    content = json.loads((tmp_path / "ablation.json").read_text(encoding="utf-8"))
    assert content["songs"] == 20
    rows = content["models"]["cnn_lstm"]["accuracy"]
    assert set(rows) >= {"original", "convolutions", "recurrent layer"}
    for row in rows.values():
        low, high = row["interval"]
        assert 0 <= low <= row["song"] <= high <= 1
    assert rows["original"]["same"] == 1
    assert "cnn_lstm, convolutions: song vote" in capsys.readouterr().out
