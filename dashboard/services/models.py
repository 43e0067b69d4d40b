"""The models the pages show, and facts from their cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from core.models.registry import SHOWN_MODELS

if TYPE_CHECKING:
    from core.models.base import GenreModel
    from core.models.spectrogram_models import SpectrogramModel


MODELS = SHOWN_MODELS  # in the order of their cards on the page


def accuracy(name: str) -> tuple[float, int] | None:
    """Return how much of unheard music a model judged rightly, and on how many songs.

    Returns
    -------
    tuple of float and int, or None
        Share of songs of artists that it was not trained with; None if its card does not say.
    """
    metrics = model_of(name).card.get("metrics")
    if not metrics or metrics.get("protocol") != "artist":
        return None
    test = metrics["test"]
    return float(test["song"]["accuracy"]), int(test["tracks"])


def genre_index(name: str, genre: str) -> int:
    """Return the place of a genre among a model's probabilities."""
    return model_of(name).genres.index(genre)


def standardisation(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale of a model's coefficients, ``(n_mfcc,)`` each."""
    model = spectrogram_model_of(name)
    return model.mean, model.scale


def band_frequencies(name: str) -> np.ndarray:
    """Return the middle of each mel band of a model in Hz, `shape=(n_mels,)`."""
    from core.features import spectrogram

    return spectrogram.band_frequencies(model_of(name).parameters)


def frame_seconds(name: str) -> float:
    """Return how long a frame of a model is."""
    parameters = model_of(name).parameters
    return parameters.hop_length / parameters.sample_rate


def model_of(name: str) -> GenreModel:
    """Return a loaded model."""
    from core.models.store import load_model

    return load_model(name)


def spectrogram_model_of(name: str) -> SpectrogramModel:
    """Load a model whose predictions can be explained on the spectrogram."""
    from core.models.spectrogram_models import SpectrogramModel

    model = model_of(name)
    assert isinstance(model, SpectrogramModel)
    return model
