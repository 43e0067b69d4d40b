"""Loaded models, and facts about them for the pages.

Models themselves stay within the services: pages refer to them by name.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np

from core.models.registry import SHOWN_MODELS
from dashboard.services import workers

if TYPE_CHECKING:
    from core.features.spectrogram import FeatureParameters
    from core.models.base import GenreModel
    from core.models.feature_models import FeatureModel
    from core.models.spectrogram_models import SpectrogramModel


MODELS = SHOWN_MODELS  # of the first page, in the order of their cards


def accuracy(name: str) -> tuple[float, int] | None:
    """Accuracy of a model on unseen artists.

    Returns
    -------
    tuple of float and int, or None
        Share of correct song votes, and number of songs; None if the card does not tell.
    """
    metrics = card_of(name).get("metrics") or {}
    test = metrics.get("test") or {}
    if metrics.get("protocol") != "artist" or not {"song", "tracks"} <= test.keys():
        return None
    return float(test["song"]["accuracy"]), int(test["tracks"])


def genre_index(name: str, genre: str) -> int:
    """Index of a genre in a model's probabilities."""
    return int(card_of(name)["genres"].index(genre))


def genre_at(name: str, index: int) -> str:
    """Genre at an index of a model's probabilities."""
    return str(card_of(name)["genres"][index])


def standardisation(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Mean and scale of a model's MFCCs, ``(n_mfcc,)`` each."""
    card = card_of(name)["standardisation"]
    return np.array(card["mean"], np.float32), np.array(card["scale"], np.float32)


def band_frequencies(name: str) -> np.ndarray:
    """Centre frequencies of a model's mel bands in Hz, `shape=(n_mels,)`."""
    from core.features import spectrogram

    return spectrogram.band_frequencies(parameters_of(name))


def frame_seconds(name: str) -> float:
    """Length of a frame of a model in seconds."""
    parameters = parameters_of(name)
    return parameters.hop_length / parameters.sample_rate


def parameters_of(name: str) -> FeatureParameters:
    """Feature parameters of a model."""
    from core.features.spectrogram import FeatureParameters

    return FeatureParameters.from_json(card_of(name)["features"])


def card_of(name: str) -> dict[str, Any]:
    """Card of a model. A process that computes has loaded the model, one that draws does not.

    Raises
    ------
    ModelError
        If there is no such model, or its card is damaged.
    """
    return _stored_card(name) if workers.pool.is_started else model_of(name).card


@lru_cache(maxsize=64)
def _stored_card(name: str) -> dict[str, Any]:
    from core.models.cards import card_path, read_card

    return read_card(card_path(name))


def model_of(name: str) -> GenreModel:
    """Load a model, in a process that computes; the same one is loaded only once.

    Raises
    ------
    ModelError
        If there is no such model, or it is damaged.
    """
    from core.models.store import load_model

    return load_model(name)


def spectrogram_model_of(name: str) -> SpectrogramModel:
    """Load a model whose predictions can be explained on the spectrogram."""
    from core.models.spectrogram_models import SpectrogramModel

    model = model_of(name)
    assert isinstance(model, SpectrogramModel)
    return model


def feature_model_of(name: str) -> FeatureModel:
    """Load a model that reads features instead of a spectrogram."""
    from core.models.feature_models import FeatureModel

    model = model_of(name)
    assert isinstance(model, FeatureModel)
    return model
