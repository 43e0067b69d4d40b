"""Hyperparameters of the spectrogram models, chosen on validation sets, never on test sets.

A model starts from one of the presets here; its differences from the preset are part of its entry
in `core.models.registry`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from core.models.registry import SPECTROGRAM_MODELS
from core.training.augmentation import Augmentation
from core.training.fit import Settings

# Unseen artists: gentle augmentation and strong regularisation.
GENERAL = Settings(
    epochs=20,
    steps=80,
    learning_rate=2e-3,
    weight_decay=1e-2,
    augmentation=Augmentation(
        tempo=0.05, shift_bands=0.0, eq_db=0.3, gain_db=2.0, darkened=0.3, masked=0.5, mixup=0.2
    ),
)

# Unseen segments of known songs: memorising songs helps, soft labels do not.
KNOWN_SONGS = replace(
    GENERAL,
    epochs=55,
    steps=100,
    weight_decay=1e-4,
    dropout=0.2,
    label_smoothing=0.0,
    augmentation=replace(GENERAL.augmentation, darkened=0.0, masked=0.02, mixup=0.05, softened=0.0),
)

# Smaller networks underfit when trained on masked segments.
SMALL = replace(
    GENERAL,
    dropout=0.3,
    learning_rate=1.5e-3,
    augmentation=replace(GENERAL.augmentation, masked=0.05, darkened=0.1),
)
SMALL_KNOWN_SONGS = replace(KNOWN_SONGS, dropout=SMALL.dropout, learning_rate=SMALL.learning_rate)

# Whole clips: there are few examples per epoch, so augmentation is weaker and the moving averages
# of the weights follow more quickly.
WHOLE_CLIP = replace(
    GENERAL,
    epochs=40,
    steps=50,
    average=0.98,
    batch_size=16,
    learning_rate=3e-3,
    dropout=0.3,
    augmentation=replace(GENERAL.augmentation, masked=0.05, mixup=0.1, darkened=0.1),
)

# Settings for unseen songs or artists, and for unseen segments of known songs.
PRESETS = {
    "default": (GENERAL, KNOWN_SONGS),
    "small": (SMALL, SMALL_KNOWN_SONGS),
    "whole_clip": (WHOLE_CLIP, WHOLE_CLIP),
}


def hyperparameters(name: str, protocol: str) -> Settings:
    """Hyperparameters of a model under one protocol.

    Parameters
    ----------
    name : str
        One of `core.models.registry.SPECTROGRAM_MODELS`.
    protocol : str
        ``"artist"``, ``"track"``, ``"segment"`` or ``"folds"``.

    Returns
    -------
    Settings
        The model's preset with the changes for all protocols and for this one.
    """
    spec = SPECTROGRAM_MODELS[name]
    settings = PRESETS[spec.preset][protocol == "segment"]
    for key in ("all", protocol):
        settings = _changed(settings, spec.hyperparameters.get(key, {}))
    return settings


def _changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    augmentation = replace(settings.augmentation, **changes.get("augmentation", {}))
    return replace(settings, **{**changes, "augmentation": augmentation})
