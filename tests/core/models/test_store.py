"""Models load as they were saved; damaged or foreign weights are refused with a clear message."""

from __future__ import annotations

import copy
import dataclasses
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
from tests.synthetic import novelty_score, random_mfcc, tiny_model


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
    with pytest.raises(ModelError, match=r"cnn\.keras is not a network"):
        load_model(card)


def test_weights_that_contain_code_are_refused(card: Path) -> None:
    import keras

    inputs = keras.Input((72, 13, 1))
    network = keras.Model(inputs, keras.layers.Lambda(lambda values: values * 2)(inputs))
    weights = card.parent / "cnn.keras"
    network.save(weights)
    replace_file(card, "weights", weights)
    with pytest.raises(ModelError, match=r"cnn\.keras is not a network"):
        load_model(card)


def test_a_background_with_pickled_objects_is_refused(card: Path) -> None:
    background = card.parent / "other.npz"
    np.savez(background, logmel=np.array([{"pickled": True}]), weights=np.ones(1))
    replace_file(card, "background", background)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        _ = load_model(card).background


def files(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def another(model: SpectrogramModel, name: str, shift: float = 0.0) -> SpectrogramModel:
    """The same network under another name, with a background that is `shift` dB louder."""
    background = dataclasses.replace(model.background, logmel=model.background.logmel + shift)
    return SpectrogramModel(model.network, copy.deepcopy(model.card) | {"name": name}, background)


@pytest.fixture
def card_with_novelty(tiny_cnn: SpectrogramModel, tmp_path: Path) -> Path:
    """Card of a model with a novelty score that was saved in an empty folder."""
    own = SpectrogramModel(
        tiny_cnn.network,
        copy.deepcopy(tiny_cnn.card),
        tiny_cnn.background,
        novelty_score(tiny_cnn),
    )
    return save_model(own, tmp_path)


def test_a_novelty_score_is_saved_and_loaded_with_its_model(
    card_with_novelty: Path, tiny_cnn: SpectrogramModel
) -> None:
    content = json.loads(card_with_novelty.read_text())
    assert content["novelty"]["sha256"] == sha256(card_with_novelty.with_name("cnn.novelty.npz"))
    loaded = load_model(card_with_novelty)
    filled = np.full(3, 72)
    probabilities, novelty = loaded.predict_song(random_mfcc(3), filled)
    np.testing.assert_allclose(probabilities, loaded.predict(random_mfcc(3)), atol=1e-6)
    assert np.isfinite(novelty)
    assert np.isnan(tiny_cnn.predict_song(random_mfcc(3), filled)[1])


def test_a_model_without_a_novelty_score_removes_the_file_of_an_older_one(
    card_with_novelty: Path, tiny_cnn: SpectrogramModel
) -> None:
    own = SpectrogramModel(tiny_cnn.network, copy.deepcopy(tiny_cnn.card), tiny_cnn.background)
    content = json.loads(save_model(own, card_with_novelty.parent).read_text())
    assert "novelty" not in content
    assert not card_with_novelty.with_name("cnn.novelty.npz").exists()


def test_a_damaged_novelty_score_is_not_opened(card_with_novelty: Path) -> None:
    file = card_with_novelty.with_name("cnn.novelty.npz")
    np.savez(file, typical=np.zeros(3))
    with pytest.raises(ModelError, match=r"cnn\.novelty\.npz does not match its model card"):
        load_model(card_with_novelty)
    replace_file(card_with_novelty, "novelty", file)
    with pytest.raises(ModelError, match=r"cnn\.novelty\.npz is not a novelty score"):
        load_model(card_with_novelty)


def test_models_with_the_same_background_share_its_file(
    card: Path, tiny_cnn: SpectrogramModel
) -> None:
    (shared,) = card.parent.glob("*.npz")
    assert shared.name == f"background-{sha256(shared)[:12]}.npz"
    written = shared.stat().st_mtime_ns
    copied = save_model(another(tiny_cnn, "copy"), card.parent)
    louder = save_model(another(tiny_cnn, "louder", 8), card.parent)
    assert json.loads(copied.read_text())["background"]["file"] == shared.name
    assert shared.stat().st_mtime_ns == written
    assert len(list(card.parent.glob("*.npz"))) == 2
    quiet, loud = (load_spectrogram_model(each).background for each in (copied, louder))
    np.testing.assert_allclose(loud.logmel, quiet.logmel + 8, atol=0.07)  # float16


def test_a_replaced_background_is_removed_once_no_card_names_it(
    card: Path, tiny_cnn: SpectrogramModel
) -> None:
    folder = card.parent
    (shared,) = folder.glob("*.npz")
    save_model(another(tiny_cnn, "copy"), folder)
    save_model(another(tiny_cnn, "cnn", 8), folder)
    assert shared.is_file(), "copy needs it"
    save_model(another(tiny_cnn, "copy", 8), folder)
    assert not shared.exists()
    assert len(files(folder)) == 2 + 2 + 1


def test_a_background_on_a_damaged_card_is_kept(card: Path, tiny_cnn: SpectrogramModel) -> None:
    (shared,) = card.parent.glob("*.npz")
    (card.parent / "copy.json").write_text(card.read_text()[:-9])
    save_model(another(tiny_cnn, "cnn", 8), card.parent)
    assert shared.is_file()


@pytest.mark.parametrize("file", ["scores.json", "other.keras", "../secret.npz"])
def test_no_card_makes_a_new_model_remove_other_files(
    card: Path, tiny_cnn: SpectrogramModel, file: str
) -> None:
    (card.parent / file).write_text("precious")
    content = json.loads(card.read_text())
    write_json(card, content | {"background": {"file": file, "sha256": ""}})
    save_model(another(tiny_cnn, "cnn", 8), card.parent)
    assert (card.parent / file).read_text() == "precious"


def test_a_background_under_its_old_name_loads_and_gives_way(
    card: Path, tiny_cnn: SpectrogramModel
) -> None:
    (shared,) = card.parent.glob("*.npz")
    old = shared.rename(card.parent / "cnn.background.npz")
    content = json.loads(card.read_text())
    del content["background"]["file"]
    write_json(card, content)
    assert load_spectrogram_model(card).background.logmel.shape == (
        tiny_cnn.background.logmel.shape
    )
    save_model(another(tiny_cnn, "cnn"), card.parent)
    assert not old.exists()
    assert shared.is_file()


def test_a_damaged_background_is_written_anew(card: Path, tiny_cnn: SpectrogramModel) -> None:
    (shared,) = card.parent.glob("*.npz")
    flip_a_bit(shared)
    saved = save_model(another(tiny_cnn, "copy"), card.parent)
    assert len(load_spectrogram_model(saved).background.weights) > 0


def test_no_two_bundled_files_have_the_same_content() -> None:
    digests = [sha256(path) for path in MODELS_DIR.iterdir()]
    assert len(set(digests)) == len(digests)


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
