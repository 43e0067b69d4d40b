"""Load and save models: weights, background and card, checked against their digests."""

from __future__ import annotations

import hashlib
import io
import re
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import ModelError
from core.features.extractors import EXTRACTORS
from core.models.base import Background, GenreModel
from core.models.cards import NOVELTY, PARTS, card_path, checked_file, read_card
from core.models.feature_models import FeatureModel, load_pipeline
from core.models.network_files import load_network
from core.models.novelty import NoveltyScore
from core.models.spectrogram_models import SpectrogramModel
from core.storage import replacing, sha256, write_json

BACKGROUND_FILE = re.compile(r"background-[0-9a-f]{12}\.npz|\w+\.background\.npz")

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
            novelty = checked_file(path, card, NOVELTY) if NOVELTY in card else None
            _cache[path] = _open(card, weights, background, novelty)
        return _cache[path]


def first_that_loads(
    names: Sequence[str], load: Callable[[str], GenreModel] = load_model
) -> tuple[GenreModel, list[str]]:
    """Load the first of some models that is intact.

    Parameters
    ----------
    names : sequence of str
        At least one name, in order of preference.
    load : callable
        Loads a model.

    Returns
    -------
    model : GenreModel
        The model.
    failures : list of str
        One sentence for each model before it.

    Raises
    ------
    ModelError
        That of the first model, if none is intact.
    """
    errors: list[ModelError] = []
    for name in names:
        try:
            return load(name), [str(error) for error in errors]
        except ModelError as error:
            errors.append(error)
    raise errors[0]


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


def _open(
    card: dict[str, Any], weights: Path, background: Path, novelty: Path | None
) -> GenreModel:
    suffixes = {".keras", ".skops"} if "reads" in card else {".keras"}
    if weights.suffix not in suffixes:  # Keras would open an old ``.h5`` without its safe mode
        raise ModelError(
            f"{weights.name} does not end with {' or '.join(sorted(suffixes))}. Train the model "
            "again."
        )
    if "reads" in card and card["reads"] not in EXTRACTORS:
        raise ModelError(
            f"{card['name']} reads features that this version does not know ({card['reads']!r}). "
            "Train the model again."
        )
    if weights.suffix == ".skops":
        if "temperature" not in card:
            raise ModelError(f"The card of {card['name']} has no temperature. Train it again.")
        return FeatureModel(load_pipeline(weights, len(card["genres"])), card, background)
    network = load_network(weights)
    model = (
        FeatureModel(network, card, background)
        if "reads" in card
        else SpectrogramModel(
            network, card, background, NoveltyScore.load(novelty) if novelty else None
        )
    )
    inputs, outputs = network.input_shape[1:], network.output_shape[1:]
    expected = inputs
    if isinstance(model, SpectrogramModel):
        expected = (model.parameters.segment_frames, model.parameters.n_mfcc, 1)
    if inputs != expected or outputs != (len(model.genres),):
        raise ModelError(
            f"{weights.name} maps {inputs} to {outputs}, not {expected} to "
            f"({len(model.genres)},) as its card says. Restore both files."
        )
    return model


def save_model(model: GenreModel, folder: Path | str) -> Path:
    """Write a model: weights, background and novelty score first, then the card with their digests.

    The background is named after its content, so that models with the same one share a file. The
    background of an older model of this name is removed unless another card names it.

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
    card = folder / f"{model.name}.json"
    older = _background_named_on(card)
    with replacing(weights) as temporary:
        model.save_weights(temporary)
    background = _save_background(model.background, folder)
    for part, path in zip(PARTS, (weights, background), strict=True):
        model.card[part] = _described(path)
    save_calibration(model, folder)
    if older and not _is_named_in(folder, older):
        (folder / older).unlink(missing_ok=True)
    return card


def save_calibration(model: GenreModel, folder: Path | str) -> None:
    """Write the novelty score and the card of a model, but neither its weights nor its background.

    Parameters
    ----------
    model : GenreModel
        Model; the entry of its novelty score on its card is replaced.
    folder : Path or str
        Folder of the model.
    """
    file = Path(folder) / f"{model.name}.{NOVELTY}.npz"
    model.card.pop(NOVELTY, None)
    if isinstance(model, SpectrogramModel) and model.novelty_score is not None:
        with replacing(file) as temporary:
            np.savez_compressed(temporary, allow_pickle=False, **model.novelty_score.to_arrays())
        model.card[NOVELTY] = _described(file)
    else:
        file.unlink(missing_ok=True)
    write_json(Path(folder) / f"{model.name}.json", model.card)


def _described(path: Path) -> dict[str, Any]:
    """Entry of a card that describes a file."""
    return {"file": path.name, "sha256": sha256(path), "bytes": path.stat().st_size}


def _save_background(background: Background, folder: Path) -> Path:
    """Write a background, unless its file is there already, and return the file.

    ``np.savez_compressed`` dates all arrays 1980-01-01, so equal backgrounds make equal files.
    """
    stream = io.BytesIO()
    np.savez_compressed(stream, allow_pickle=False, **background.to_arrays())
    content = stream.getvalue()
    digest = hashlib.sha256(content).hexdigest()
    path = folder / f"background-{digest[:12]}.npz"
    if not path.is_file() or sha256(path) != digest:
        with replacing(path) as temporary:
            temporary.write_bytes(content)
    return path


def _background_named_on(card: Path) -> str | None:
    """File of the background on a card; None if the card is missing or damaged.

    It is also None if the name is not that of a background, so that no card can make `save_model`
    remove any other file.
    """
    try:
        name: str = read_card(card)["background"]["file"]
    except ModelError:
        return None
    return name if BACKGROUND_FILE.fullmatch(name) else None


def _is_named_in(folder: Path, name: str) -> bool:
    """Whether any card in a folder names a file, even a card that is damaged otherwise."""
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in folder.glob("*.json"))
    return any(f'"{name}"' in text for text in texts)
