"""Models load as they were saved; damaged or foreign weights are refused with a clear message."""

from __future__ import annotations

import copy
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.constants import GENRES, MODELS_DIR
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters
from core.models.cards import list_models
from core.models.feature_models import FeatureModel
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model, load_spectrogram_model, save_model
from core.storage import sha256, write_json
from tests.synthetic import random_mfcc, tiny_model


@pytest.fixture
def card(tiny_cnn: SpectrogramModel, tmp_path: Path) -> Path:
    """Card of a model that was saved in an empty folder."""
    own = SpectrogramModel(tiny_cnn.network, copy.deepcopy(tiny_cnn.card), tiny_cnn.background)
    return save_model(own, tmp_path)


def replace_file(card: Path, part: str, path: Path) -> None:
    """Let a card describe the present content of a file."""
    content = json.loads(card.read_text())
    write_json(card, content | {part: {"file": path.name, "sha256": sha256(path)}})


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_a_saved_model_predicts_the_same(tiny: SpectrogramModel, tmp_path: Path) -> None:
    own = SpectrogramModel(tiny.network, copy.deepcopy(tiny.card), tiny.background)
    loaded = load_model(save_model(own, tmp_path))
    assert isinstance(loaded, SpectrogramModel)
    np.testing.assert_allclose(
        loaded.predict(random_mfcc(3)), tiny.predict(random_mfcc(3)), atol=1e-6, rtol=0
    )
    assert (loaded.name, loaded.genres, loaded.parameters) == (tiny.name, GENRES, tiny.parameters)


def test_a_saved_background_keeps_its_segments_and_weights(
    card: Path, tiny_cnn: SpectrogramModel
) -> None:
    loaded = load_spectrogram_model(card).background
    np.testing.assert_allclose(loaded.logmel, tiny_cnn.background.logmel, atol=0.04)  # float16
    np.testing.assert_allclose(loaded.weights, tiny_cnn.background.weights, rtol=1e-6)
    assert loaded.logmel.dtype == np.float32


def test_the_card_has_digest_and_size_of_the_files(card: Path) -> None:
    content = json.loads(card.read_text())
    for part in ("weights", "background"):
        path = card.parent / content[part]["file"]
        assert content[part]["sha256"] == sha256(path)
        assert content[part]["bytes"] == path.stat().st_size


def test_a_model_with_another_hop_length_works_too(tmp_path: Path) -> None:
    model = tiny_model("cnn", parameters=FeatureParameters.for_hop_length(512))
    loaded = load_model(save_model(model, tmp_path))
    assert loaded.parameters.hop_length == 512
    assert loaded.predict(np.zeros((1, 130, 13))).shape == (1, 10)


def test_many_threads_load_a_model_only_once(card: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(load_model, [card] * 8))
    assert len({id(model) for model in models}) == 1


@pytest.mark.parametrize("part", ["weights", "background"])
def test_a_file_that_was_tampered_with_is_not_opened(card: Path, part: str) -> None:
    path = card.parent / json.loads(card.read_text())[part]["file"]
    flip_a_bit(path)
    with pytest.raises(ModelError, match=rf"{path.name} does not match its model card .*SHA-256"):
        load_model(card)


@pytest.mark.parametrize("part", ["weights", "background"])
def test_a_missing_file_is_named(card: Path, part: str) -> None:
    path = card.parent / json.loads(card.read_text())[part]["file"]
    path.unlink()
    with pytest.raises(ModelError, match=f"{path.name} is missing"):
        load_model(card)


def test_weights_that_keras_cannot_open_are_explained(card: Path) -> None:
    weights = card.parent / "cnn.keras"
    weights.write_bytes(b"not a zip archive")
    replace_file(card, "weights", weights)
    with pytest.raises(ModelError, match=r"cnn\.keras cannot be opened"):
        load_model(card)


def test_weights_that_contain_code_are_refused(card: Path) -> None:
    import keras

    inputs = keras.Input((72, 13, 1))
    network = keras.Model(inputs, keras.layers.Lambda(lambda values: values * 2)(inputs))
    weights = card.parent / "cnn.keras"
    network.save(weights)
    replace_file(card, "weights", weights)
    with pytest.raises(ModelError, match=r"cnn\.keras cannot be opened"):
        load_model(card)


def test_a_background_with_pickled_objects_is_refused(card: Path) -> None:
    background = card.parent / "cnn.background.npz"
    np.savez(background, logmel=np.array([{"pickled": True}]), weights=np.ones(1))
    replace_file(card, "background", background)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        _ = load_model(card).background


def test_the_models_folder_holds_cards_weights_and_arrays_only() -> None:
    suffixes = {path.suffix for path in MODELS_DIR.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".keras", ".npz", ".skops", ".md"}


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry["name"])
def test_every_bundled_model_loads_and_predicts(entry: dict[str, Any]) -> None:
    model = load_model(entry["name"])
    if isinstance(model, SpectrogramModel):
        probabilities = model.predict_logmel(model.background.logmel[:2])
    else:
        assert isinstance(model, FeatureModel)
        probabilities = model.predict(model.background.inputs[:2])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
