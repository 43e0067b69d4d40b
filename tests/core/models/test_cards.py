"""Model cards are listed and read; damaged cards and changed files are refused with the reason."""

from __future__ import annotations

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from core.constants import MODELS_DIR
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters
from core.models.card_schema import FEATURES
from core.models.cards import (
    PARTS,
    card_path,
    card_paths,
    checked_file,
    list_models,
    read_card,
)
from core.storage import sha256, write_json


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Complete card of a model, with its two files."""
    card: dict[str, Any] = {
        "name": "cnn",
        "genres": ["jazz", "rock"],
        "features": FeatureParameters().to_json(),
        "standardisation": {"mean": [0.0] * 13, "scale": [1.0] * 13},
    }
    for part in PARTS:
        file = tmp_path / f"cnn.{part}"
        file.write_bytes(part.encode())
        card[part] = {"file": file.name, "sha256": sha256(file), "bytes": file.stat().st_size}
    write_json(tmp_path / "cnn.json", card)
    return tmp_path / "cnn.json"


def change(path: Path, **values: Any) -> None:
    write_json(path, json.loads(path.read_text()) | values)


def test_cards_list_the_feature_parameters() -> None:
    assert {field.name for field in fields(FeatureParameters)} == FEATURES.keys()


def test_a_complete_card_is_read_and_its_files_are_found(path: Path) -> None:
    card = read_card(path)
    assert card["name"] == "cnn"
    for part in PARTS:
        assert checked_file(path, card, part) == path.parent / f"cnn.{part}"


@pytest.mark.parametrize("key", ["name", "genres", "features", "standardisation", *PARTS])
def test_an_incomplete_card_names_what_it_lacks(path: Path, key: str) -> None:
    card = json.loads(path.read_text())
    del card[key]
    write_json(path, card)
    with pytest.raises(ModelError, match=f"missing '{key}'"):
        read_card(path)


def test_a_feature_model_needs_no_standardisation(path: Path) -> None:
    card = json.loads(path.read_text())
    del card["standardisation"]
    write_json(path, card | {"reads": "vectors"})
    assert read_card(path)["reads"] == "vectors"


def test_feature_parameters_of_another_version_are_refused(path: Path) -> None:
    change(path, features={**FeatureParameters().to_json(), "window": "hann"})
    with pytest.raises(ModelError, match="another version"):
        read_card(path)


@pytest.mark.parametrize("content", ["", "{", "[]", "null", "{}", '{"features": {"hop": 1}}'])
def test_a_damaged_card_says_what_to_do(tmp_path: Path, content: str) -> None:
    (tmp_path / "cnn.json").write_text(content)
    with pytest.raises(ModelError, match=r"card cnn\.json cannot be read .*Train the model again"):
        read_card(tmp_path / "cnn.json")


def test_an_unknown_model_lists_the_available_ones(path: Path) -> None:
    with pytest.raises(ModelError, match=r"no model 'unknown'.*Available models: cnn"):
        read_card(path.parent / "unknown.json")
    with pytest.raises(ModelError, match="Available models: none"):
        read_card(path.parent / "empty" / "cnn.json")


@pytest.mark.parametrize("part", PARTS)
@pytest.mark.parametrize(
    "file",
    [
        "../secret.keras",
        "/etc/passwd",
        "folder/cnn.keras",
        "..\\secret.keras",
        "c:secret.keras",
        "cnn\0.keras",
        "..",
        ".",
        "",
        7,
    ],
)
def test_a_card_cannot_point_outside_its_folder(path: Path, part: str, file: Any) -> None:
    (path.parent.parent / "secret.keras").write_bytes(b"abc")
    digest = sha256(path.parent.parent / "secret.keras")
    change(path, **{part: {"file": file, "sha256": digest}})
    with pytest.raises(ModelError):
        checked_file(path, read_card(path), part)


def test_a_card_that_names_no_background_file_means_the_one_with_its_name(path: Path) -> None:
    (path.parent / "cnn.background").rename(path.parent / "cnn.background.npz")
    change(path, background={"sha256": sha256(path.parent / "cnn.background.npz")})
    found = checked_file(path, read_card(path), "background")
    assert found == path.parent / "cnn.background.npz"


@pytest.mark.parametrize("part", PARTS)
def test_a_changed_file_is_refused(path: Path, part: str) -> None:
    (path.parent / f"cnn.{part}").write_bytes(b"something else")
    with pytest.raises(
        ModelError, match=rf"cnn\.{part} does not match its model card .*SHA-256 digests differ"
    ):
        checked_file(path, read_card(path), part)


@pytest.mark.parametrize("part", PARTS)
def test_a_missing_file_is_named(path: Path, part: str) -> None:
    (path.parent / f"cnn.{part}").unlink()
    with pytest.raises(ModelError, match=rf"cnn\.{part} is missing"):
        checked_file(path, read_card(path), part)


def test_names_are_looked_up_in_the_bundled_folder() -> None:
    assert card_path("cnn") == MODELS_DIR / "cnn.json"
    assert card_path("elsewhere/cnn.json") == Path("elsewhere/cnn.json").resolve()


@pytest.mark.parametrize("name", ["../cnn", "a/cnn", "/cnn", "", ".", ".."])
def test_a_name_cannot_point_outside_the_models_folder(name: str) -> None:
    with pytest.raises(ModelError):
        read_card(card_path(name))


def test_damaged_cards_are_found_but_not_listed(path: Path) -> None:
    (path.parent / "broken.json").write_text("{")
    (path.parent / "metrics.json").write_text('{"accuracy": 0.5}')
    assert [found.name for found in card_paths(path.parent)] == ["broken.json", "cnn.json"]
    assert [card["name"] for card in list_models(path.parent)] == ["cnn"]
