"""Hyperparameters come from a preset and from the differences in the registry."""

from __future__ import annotations

from dataclasses import fields

import pytest

from core.constants import PROTOCOLS
from core.models.registry import SPECTROGRAM_MODELS
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


def test_the_cnn_has_the_default_presets() -> None:
    assert hyperparameters("cnn", "artist") == hyperparameters("cnn", "track") == GENERAL
    assert hyperparameters("cnn", "segment") == KNOWN_SONGS
    assert hyperparameters("mlp", "artist") == SMALL
    assert hyperparameters("crnn", "artist") == WHOLE_CLIP


def test_a_model_that_starts_from_another_learns_more_slowly() -> None:
    for protocol in ALL:
        slow, fast = (hyperparameters(name, protocol) for name in ("cnn_lstm", "cnn"))
        assert slow.learning_rate == fast.learning_rate / 2
    assert hyperparameters("cnn_lstm", "folds").epochs == 8
    assert hyperparameters("cnn_lstm", "artist").epochs == GENERAL.epochs


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
