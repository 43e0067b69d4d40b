"""Load and save models: weights, background and card, checked against their digests."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.models.base import GenreModel
from core.models.cards import PARTS, card_path, checked_file, read_card
from core.models.feature_models import FeatureModel, load_pipeline
from core.models.spectrogram_models import SpectrogramModel
from core.storage import replacing, sha256, write_json

if TYPE_CHECKING:
    import keras

_cache: dict[Path, GenreModel] = {}
_cache_lock = threading.Lock()


def load_model(name: str | Path) -> GenreModel:
    """Load a model; repeated calls return the same object.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model (``"cnn"``, ``"cnn_lstm"``), or the path of a model card.

    Returns
    -------
    GenreModel
        A `SpectrogramModel` or a `FeatureModel`, ready to predict.

    Raises
    ------
    ModelError
        If there is no such model, or its files are damaged or do not match the card.

    Examples
    --------
    >>> from core import load_model
    >>> model = load_model("cnn_lstm")
    >>> model.genres[:3]
    ('blues', 'classical', 'country')
    """
    path = card_path(name)
    with _cache_lock:
        if path not in _cache:
            card = read_card(path)
            weights, background = (checked_file(path, card, part) for part in PARTS)
            _cache[path] = _open(card, weights, background)
        return _cache[path]


def load_spectrogram_model(name: str | Path) -> SpectrogramModel:
    """Load a model whose predictions can be explained on the spectrogram.

    Parameters
    ----------
    name : str or Path
        As in `load_model`.

    Returns
    -------
    SpectrogramModel
        Ready to predict.

    Raises
    ------
    ModelError
        As in `load_model`, or if the model classifies descriptors or embeddings.
    """
    model = load_model(name)
    if not isinstance(model, SpectrogramModel):
        raise ModelError(
            f"{model.name} classifies descriptors or embeddings, not a spectrogram. "
            "Choose a spectrogram model such as 'cnn'."
        )
    return model


def _open(card: dict[str, Any], weights: Path, background: Path) -> GenreModel:
    if weights.suffix == ".skops":
        return FeatureModel(load_pipeline(weights), card, background)
    network = _load_network(weights)
    if "reads" in card:
        return FeatureModel(network, card, background)
    return SpectrogramModel(network, card, background)


def _load_network(weights: Path) -> keras.Model:
    import keras

    import core.networks.single_channel_conv  # noqa: F401  # registers the custom layer for loading

    try:
        return keras.models.load_model(weights, compile=False, safe_mode=True)
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{weights.name} cannot be opened by this version of Keras ({error})."
        ) from error


def save_model(model: GenreModel, folder: Path | str) -> Path:
    """Write a model: weights and background first, then the card with their digests.

    Parameters
    ----------
    model : GenreModel
        Model to write; the digests on its card are replaced.
    folder : Path or str
        Folder to write to.

    Returns
    -------
    Path
        The card.
    """
    folder = Path(folder)
    weights = folder / f"{model.name}{model.weights_suffix}"
    background = folder / f"{model.name}.background.npz"
    with replacing(weights) as temporary:
        model.save_weights(temporary)
    with replacing(background) as temporary:
        np.savez_compressed(temporary, allow_pickle=False, **model.background.to_arrays())
    for part, path in zip(PARTS, (weights, background), strict=True):
        model.card[part] = {
            "file": path.name,
            "sha256": sha256(path),
            "bytes": path.stat().st_size,
        }
    card = folder / f"{model.name}.json"
    write_json(card, model.card)
    return card
