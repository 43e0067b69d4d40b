"""Load and save models: weights, background and card, checked against their digests."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.models.base import GenreModel
from core.models.cards import PARTS, card_path, checked_file, read_card
from core.storage import replacing, sha256, write_json

if TYPE_CHECKING:
    pass


_cache: dict[Path, GenreModel] = {}

_cache_lock = threading.Lock()


def load_model(name: str | Path) -> GenreModel:
    """Load a model; the same one is loaded only once.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model (``"cnn"``, ``"cnn_lstm"``), or the path of a model card.

    Returns
    -------
    GenreModel
        The model, ready to predict.

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
            if weights.suffix == ".skops":
                from core.models.feature_models import EstimatorModel, read_estimator

                _cache[path] = EstimatorModel(read_estimator(weights), card, background)
                return _cache[path]
            import keras

            import core.networks.single_channel_conv  # noqa: F401  # Keras must know the layer to read it

            try:
                network = keras.models.load_model(weights, compile=False, safe_mode=True)
            except (OSError, ValueError, TypeError) as error:
                raise ModelError(
                    f"{weights.name} cannot be opened by this version of Keras ({error})."
                ) from error
            kind = GenreModel
            if "reads" in card:
                from core.models.feature_models import FeatureModel

                kind = FeatureModel
            _cache[path] = kind(network, card, background)
        return _cache[path]


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
    weights = folder / f"{model.name}{model.suffix}"
    background = folder / f"{model.name}.background.npz"
    with replacing(weights) as temporary:
        model.save_weights(temporary)
    with replacing(background) as temporary:
        parts: dict[str, Any] = {
            "logmel": model.background.logmel.astype(np.float16),
            "weights": model.background.weights.astype(np.float32),
        }
        if model.background.inputs is not None:
            parts["inputs"] = model.background.inputs.astype(np.float32)
        np.savez_compressed(temporary, **parts)
    for part, path in zip(PARTS, (weights, background), strict=True):
        model.card[part] = {
            "file": path.name,
            "sha256": sha256(path),
            "bytes": path.stat().st_size,
        }
    card = folder / f"{model.name}.json"
    write_json(card, model.card)
    return card
