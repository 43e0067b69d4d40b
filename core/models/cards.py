"""Model cards: which models there are, what is said of them, and whether their files are intact.

A card is the JSON file beside a model's weights and background; it holds the digest of both. To
read it takes no more than the standard library.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.constants import MODELS_DIR
from core.errors import ModelError
from core.storage import sha256

PARTS = ("weights", "background")  # the files that a card describes
FEATURES = frozenset(
    ("sample_rate", "n_fft", "hop_length", "n_mels", "n_mfcc", "top_db", "segment_frames")
)


def card_paths(folder: Path | str = MODELS_DIR) -> list[Path]:
    """Return the model cards in a folder, damaged ones too.

    Parameters
    ----------
    folder : Path or str
        Folder of models; the bundled one by default.

    Returns
    -------
    list of Path
        In the order of their names; JSON files that are about something else are left out.
    """
    paths = []
    for path in sorted(Path(folder).glob("*.json")):
        try:
            content = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            paths.append(path)
            continue
        if isinstance(content, dict) and "genres" in content:
            paths.append(path)
    return paths


def list_models(folder: Path | str = MODELS_DIR) -> list[dict[str, Any]]:
    """Return the cards of all models in a folder.

    Parameters
    ----------
    folder : Path or str
        Folder of models; the bundled one by default.

    Returns
    -------
    list of dict
        Cards in the order of their names, damaged ones left out.

    Examples
    --------
    >>> from core import list_models
    >>> [card["name"] for card in list_models() if card["name"].startswith("cnn")]
    ['cnn', 'cnn3', 'cnn_lstm']
    """
    cards = []
    for path in card_paths(folder):
        try:
            cards.append(read_card(path))
        except ModelError:
            continue
    return cards


def card_path(name: Path | str) -> Path:
    """Return where the card of a model is, or would be.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model (``"cnn"``), or the path of a model card.

    Returns
    -------
    Path
        Absolute path.

    Raises
    ------
    ModelError
        If it is neither a name nor the path of a JSON file.
    """
    path = Path(name)
    if path.suffix != ".json":
        if path.name != str(name) or not path.name:
            raise ModelError(f"{str(name)!r} is not a model name; names look like 'cnn_lstm'.")
        path = MODELS_DIR / f"{name}.json"
    return path.resolve()


def read_card(path: Path) -> dict[str, Any]:
    """Read a model card.

    Parameters
    ----------
    path : Path
        The card.

    Returns
    -------
    dict
        Its content.

    Raises
    ------
    ModelError
        If there is no such card, or it lacks what a model needs.
    """
    if not path.is_file():
        names = ", ".join(card["name"] for card in list_models(path.parent)) or "none"
        raise ModelError(
            f"There is no model {path.stem!r} in {path.parent}. Available models: {names}."
        )
    try:
        card = json.loads(path.read_text(encoding="utf-8"))
        for key in ("name", "genres", "standardisation"):
            card[key]
        if card["features"].keys() != FEATURES:
            raise ValueError("its features are not those of this version")
        for part in PARTS:
            card[part]["sha256"]
            if Path(card[part]["file"]).name != card[part]["file"]:
                raise ValueError(f"{part} must be a file beside the card")
        return card
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = f"it lacks {error}" if isinstance(error, KeyError) else str(error)
        raise ModelError(
            f"The model card {path.name} cannot be read ({reason}). Train the model again or "
            "restore the file."
        ) from error


def checked_file(path: Path, card: dict[str, Any], part: str) -> Path:
    """Return a file that a card describes, once its digest was checked.

    Parameters
    ----------
    path : Path
        The card.
    card : dict
        Its content.
    part : str
        ``"weights"`` or ``"background"``.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        If it is missing, or another one than the card describes.
    """
    file = path.parent / card[part]["file"]
    if not file.is_file():
        raise ModelError(f"{file.name} is missing beside its model card. Restore the file.")
    if sha256(file) != card[part]["sha256"]:
        raise ModelError(
            f"{file.name} is not the file its model card describes (SHA-256 differs). "
            "Restore both files or train the model again."
        )
    return file
