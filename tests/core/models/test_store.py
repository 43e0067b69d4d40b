"""Models come back as they were saved, and damaged or foreign files are refused in a sentence."""

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
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel
from core.models.cards import list_models
from core.models.feature_models import FeatureModel
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model, load_spectrogram_model, save_model
from core.storage import sha256, write_json
from tests.synthetic import tiny_model


@pytest.fixture
def card(tiny_cnn: SpectrogramModel, tmp_path: Path) -> Path:
    """Card of a model that was saved in an empty folder."""
    own = SpectrogramModel(tiny_cnn.network, copy.deepcopy(tiny_cnn.card), tiny_cnn.background)
    return save_model(own, tmp_path)


def change(card: Path, **values: Any) -> None:
    write_json(card, json.loads(card.read_text()) | values)


def flip_a_byte(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def some_mfcc(count: int = 3) -> np.ndarray:
    return np.random.RandomState(0).normal(0, 40, (count, 72, 13)).astype(np.float32)


def test_a_saved_model_predicts_the_same(tiny: SpectrogramModel, tmp_path: Path) -> None:
    own = SpectrogramModel(tiny.network, copy.deepcopy(tiny.card), tiny.background)
    loaded = load_model(save_model(own, tmp_path))
    np.testing.assert_allclose(
        loaded.predict(some_mfcc()), tiny.predict(some_mfcc()), atol=1e-6, rtol=0
    )
    assert (loaded.name, loaded.genres, loaded.parameters) == (tiny.name, GENRES, tiny.parameters)


def test_a_saved_background_keeps_its_segments_and_weights(
    card: Path, tiny_cnn: SpectrogramModel
) -> None:
    loaded = load_spectrogram_model(card).background
    np.testing.assert_allclose(loaded.logmel, tiny_cnn.background.logmel, atol=0.04)  # float16
    np.testing.assert_allclose(loaded.weights, tiny_cnn.background.weights, rtol=1e-6)
    assert loaded.logmel.dtype == np.float32


def test_a_card_says_what_its_files_are(card: Path) -> None:
    content = json.loads(card.read_text())
    for part in ("weights", "background"):
        path = card.parent / content[part]["file"]
        assert content[part]["sha256"] == sha256(path)
        assert content[part]["bytes"] == path.stat().st_size


def test_a_model_of_another_hop_length_works_too(tmp_path: Path) -> None:
    model = tiny_model("cnn", parameters=FeatureParameters.for_hop_length(512))
    loaded = load_model(save_model(model, tmp_path))
    assert loaded.parameters.hop_length == 512
    assert loaded.predict(np.zeros((1, 130, 13))).shape == (1, 10)


def test_a_model_is_opened_once_even_by_many_threads(card: Path) -> None:
    with ThreadPoolExecutor(4) as pool:
        models = list(pool.map(load_model, [card] * 8))
    assert len({id(model) for model in models}) == 1


@pytest.mark.parametrize("part", ["weights", "background"])
def test_a_file_that_was_tampered_with_is_not_opened(card: Path, part: str) -> None:
    path = card.parent / json.loads(card.read_text())[part]["file"]
    flip_a_byte(path)
    with pytest.raises(ModelError, match=rf"{path.name} is not the file .*SHA-256"):
        load_model(card)


@pytest.mark.parametrize("part", ["weights", "background"])
def test_a_missing_file_is_named(card: Path, part: str) -> None:
    path = card.parent / json.loads(card.read_text())[part]["file"]
    path.unlink()
    with pytest.raises(ModelError, match=f"{path.name} is missing"):
        load_model(card)


@pytest.mark.parametrize("part", ["weights", "background"])
@pytest.mark.parametrize("file", ["../secret.keras", "/etc/passwd", "folder/cnn.keras", ".", ""])
def test_a_card_cannot_point_outside_its_folder(card: Path, part: str, file: str) -> None:
    (card.parent.parent / "secret.keras").write_bytes(b"abc")
    digest = sha256(card.parent.parent / "secret.keras")
    change(card, **{part: {"file": file, "sha256": digest}})
    with pytest.raises(ModelError):
        load_model(card)


@pytest.mark.parametrize("name", ["../cnn", "a/cnn", "/cnn", "", ".", ".."])
def test_a_name_cannot_point_outside_the_models_folder(name: str) -> None:
    with pytest.raises(ModelError):
        load_model(name)


def test_an_unknown_model_lists_those_there_are(card: Path) -> None:
    with pytest.raises(ModelError, match=r"no model 'unknown'.*Available models: cnn"):
        load_model(card.parent / "unknown.json")


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"features": {"hop": 1}}'])
def test_a_damaged_card_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "cnn.json").write_text(content)
    with pytest.raises(ModelError, match=r"card cnn\.json cannot be read .*Train the model again"):
        load_model(tmp_path / "cnn.json")


def test_weights_that_keras_cannot_open_are_a_sentence(card: Path) -> None:
    weights = card.parent / "cnn.keras"
    weights.write_bytes(b"not a zip archive")
    change(card, weights={"file": weights.name, "sha256": sha256(weights)})
    with pytest.raises(ModelError, match=r"cnn\.keras cannot be opened"):
        load_model(card)


def test_weights_that_bring_their_own_code_are_refused(card: Path) -> None:
    import keras

    inputs = keras.Input((72, 13, 1))
    network = keras.Model(inputs, keras.layers.Lambda(lambda values: values * 2)(inputs))
    weights = card.parent / "cnn.keras"
    network.save(weights)
    change(card, weights={"file": weights.name, "sha256": sha256(weights)})
    with pytest.raises(ModelError, match=r"cnn\.keras cannot be opened"):
        load_model(card)


def test_a_background_with_pickled_objects_is_refused(card: Path) -> None:
    background = card.parent / "cnn.background.npz"
    np.savez(background, logmel=np.array([{"pickled": True}]), weights=np.ones(1))
    change(card, background={"file": background.name, "sha256": sha256(background)})
    with pytest.raises(ValueError, match="allow_pickle=False"):
        _ = load_model(card).background


def test_the_models_folder_holds_cards_weights_and_arrays_only() -> None:
    suffixes = {path.suffix for path in MODELS_DIR.rglob("*") if path.is_file()}
    assert suffixes <= {".json", ".keras", ".npz", ".skops", ".md"}


@pytest.mark.parametrize("shape", [(72, 13), (1, 71, 13), (1, 72, 20), (1, 72, 13, 1), (72,)])
def test_mfcc_of_a_wrong_shape_are_refused_with_both_shapes(
    tiny_cnn: SpectrogramModel, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ModelError, match=r"\(n, 72, 13\)") as raised:
        tiny_cnn.predict(np.zeros(shape))
    assert str(shape) in str(raised.value)


def test_probabilities_are_probabilities(tiny: SpectrogramModel) -> None:
    probabilities = tiny.predict(some_mfcc(5))
    assert probabilities.shape == (5, 10)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_no_segments_give_no_probabilities(tiny_cnn: SpectrogramModel) -> None:
    assert tiny_cnn.predict(np.zeros((0, 72, 13))).shape == (0, 10)


def test_company_does_not_change_a_segments_probabilities(tiny: SpectrogramModel) -> None:
    many = some_mfcc(130)  # more than two batches
    together = tiny.predict(many)
    for index in (0, 63, 64, 129):
        alone = tiny.predict(many[index : index + 1])[0]
        np.testing.assert_allclose(together[index], alone, atol=1e-5)


def test_logmel_and_its_mfcc_give_the_same_answer(tiny: SpectrogramModel) -> None:
    segments = tiny.background.logmel
    np.testing.assert_array_equal(
        tiny.predict_logmel(segments), tiny.predict(mfcc_from_logmel(segments))
    )


def test_standardised_background_has_no_mean_and_unit_scale(tiny_cnn: SpectrogramModel) -> None:
    values = tiny_cnn.standardise(mfcc_from_logmel(tiny_cnn.background.logmel))
    np.testing.assert_allclose(values.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(values.std(axis=(0, 1)), 1, atol=1e-3)


def test_a_folder_of_models_lists_its_cards_and_nothing_else(card: Path) -> None:
    (card.parent / "broken.json").write_text("{")
    (card.parent / "metrics.json").write_text('{"accuracy": 0.5}')
    assert [entry["name"] for entry in list_models(card.parent)] == ["cnn"]


@pytest.mark.parametrize("entry", list_models(), ids=lambda entry: entry["name"])
def test_every_bundled_model_loads_and_predicts(entry: dict[str, Any]) -> None:
    model = load_model(entry["name"])
    if isinstance(model, SpectrogramModel):
        probabilities = model.predict_logmel(model.background.logmel[:2])
    else:
        assert isinstance(model, FeatureModel)
        probabilities = model.predict(model.background.inputs[:2])
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)
