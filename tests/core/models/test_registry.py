"""The registry describes every model: its cards, its inputs, its pretrained networks."""

from __future__ import annotations

from typing import Any

import pytest

from core.features.extractors import EXTRACTORS
from core.features.spectrogram import FeatureParameters
from core.models.cards import list_models
from core.models.registry import (
    CLIP_FRAMES,
    ENSEMBLE,
    FEATURE_MODELS,
    MODELS,
    MUSICNN,
    SPECTROGRAM_MODELS,
    TITLES,
    is_pretrained,
    needs_download,
)


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card["name"])
def test_cards_repeat_title_reported_accuracy_and_differences(card: dict[str, Any]) -> None:
    spec = MODELS[card["name"]]
    assert (card["title"], card["reported"], card["differs"]) == (
        spec.title,
        spec.reported,
        spec.differs,
    )


@pytest.mark.parametrize("card", list_models(), ids=lambda card: card["name"])
def test_cards_agree_with_the_inputs_in_the_registry(card: dict[str, Any]) -> None:
    if (spec := FEATURE_MODELS.get(card["name"])) is not None:
        assert card["reads"] == spec.features
        assert card["features"]["segment_frames"] == EXTRACTORS[spec.features].frames
    elif card["name"] in SPECTROGRAM_MODELS:
        expected = SPECTROGRAM_MODELS[card["name"]].parameters(FeatureParameters())
        assert card["features"] == expected.to_json()
        assert "reads" not in card


def test_every_model_but_the_ensemble_has_a_card() -> None:
    assert {card["name"] for card in list_models()} == MODELS.keys() - {ENSEMBLE}


def test_titles_tell_models_apart() -> None:
    assert len(set(TITLES.values())) == len(MODELS)


def test_whole_clips_are_longer_than_segments() -> None:
    shared = FeatureParameters()
    assert SPECTROGRAM_MODELS["crnn"].parameters(shared).segment_frames == CLIP_FRAMES
    assert SPECTROGRAM_MODELS["cnn"].parameters(shared) == shared
    assert SPECTROGRAM_MODELS["mfcc_cnn"].parameters(shared).n_mfcc == 20


def test_pretrained_networks_are_named_and_only_yamnet_is_downloaded() -> None:
    downloaded = {name for name in MODELS if needs_download(name)}
    assert downloaded == {"yamnet_cnn", "yamnet_lstm", "combined"}
    assert {name for name in MODELS if is_pretrained(name)} == downloaded | {MUSICNN, ENSEMBLE}
    assert all(MODELS[name].pretrained == "YAMNet" for name in downloaded)


def test_an_unknown_model_is_neither_pretrained_nor_downloaded() -> None:
    assert not is_pretrained("my_own_model")
    assert not needs_download("my_own_model")
