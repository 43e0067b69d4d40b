"""Hyperparameters come from a preset and from the differences in the registry."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.constants import PROTOCOLS
from core.models.registry import SPECTROGRAM_MODELS
from core.networks.spectrogram_networks import COMPRESSED_HIDDEN_LAYERS
from core.training.augmentation import Augmentation
from core.training.fit import Settings
from core.training.hyperparameters import (
    GENERAL,
    KNOWN_SONGS,
    PRESETS,
    SMALL,
    WHOLE_CLIP,
    hyperparameters,
)

ALL = (*PROTOCOLS, "folds")


def test_models_have_the_presets_that_the_registry_names() -> None:
    for protocol in ("artist", "track"):
        assert hyperparameters("mfcc_statistics", protocol) == GENERAL
    assert hyperparameters("mfcc_statistics", "segment") == KNOWN_SONGS
    assert hyperparameters("mlp", "artist") == SMALL
    assert hyperparameters("crnn", "artist") == WHOLE_CLIP


def test_cnn_and_cnn_lstm_differ_in_their_layers_only() -> None:
    for protocol in ALL:
        assert hyperparameters("cnn", protocol) == hyperparameters("cnn_lstm", protocol)
    assert hyperparameters("cnn", "artist").offset_penalty > 0
    assert hyperparameters("cnn", "track").offset_penalty == 0


def test_only_bundled_networks_are_compressed() -> None:
    compressed = {
        (name, protocol)
        for name in SPECTROGRAM_MODELS
        for protocol in ALL
        if hyperparameters(name, protocol).compressed
    }
    assert compressed == {(name, "artist") for name in COMPRESSED_HIDDEN_LAYERS}


def test_differences_reach_the_augmentation_and_leave_the_rest_of_it_alone() -> None:
    gru, mlp = (hyperparameters(name, "segment").augmentation for name in ("gru", "mlp"))
    assert (gru.reverse, gru.tempo, gru.masked) == (0, 0, 0)
    assert (gru.eq_db, gru.mixup) == (mlp.eq_db, mlp.mixup)


@pytest.mark.parametrize("name", SPECTROGRAM_MODELS)
def test_the_registry_names_presets_protocols_and_fields_that_exist(name: str) -> None:
    spec = SPECTROGRAM_MODELS[name]
    assert spec.preset in PRESETS
    assert spec.hyperparameters.keys() <= {"all", *ALL}
    for changes in spec.hyperparameters.values():
        assert changes.keys() <= {field.name for field in fields(Settings)}
        augmentation = changes.get("augmentation", {})
        assert augmentation.keys() <= {field.name for field in fields(Augmentation)}
    for protocol in ALL:
        assert hyperparameters(name, protocol).epochs > 0
