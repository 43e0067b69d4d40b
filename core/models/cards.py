"""Model cards: list and read them, and verify the files that they describe.

A card is the JSON file beside a model's weights and background. It describes the model, its
training data and its scores, and contains the names and digests of these files. Models with the
same background share its file. Reading a card imports nothing heavy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.constants import MODELS_DIR
from core.errors import ModelError
from core.models.card_schema import check_card, parse_json, shortened
from core.storage import sha256

PARTS = ("weights", "background")  # entries of a card that describe files
NOVELTY = "novelty"  # another one, which older cards lack


def card_paths(folder: Path | str = MODELS_DIR) -> list[Path]:
    """List the files of the model cards in a folder, including damaged ones.

    Parameters
    ----------
    folder : Path or str
        Folder of models; the bundled one by default.

    Returns
    -------
    list of Path
        Paths in alphabetical order; other JSON files are left out.
    """
    paths = []
    for path in sorted(Path(folder).glob("*.json")):
        if not path.is_file():
            continue
        try:
            content = parse_json(path)
        except (OSError, ValueError):
            paths.append(path)
            continue
        if isinstance(content, dict) and "genres" in content:
            paths.append(path)
    return paths


def list_models(folder: Path | str = MODELS_DIR) -> list[dict[str, Any]]:
    """List the cards of the models in a folder.

    Parameters
    ----------
    folder : Path or str
        Folder of models; the bundled one by default.

    Returns
    -------
    list of dict
        Cards in alphabetical order; damaged ones are left out.

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


def checked_models(folder: Path | str | None = None) -> tuple[list[str], list[str]]:
    """Separate models whose files match their cards from damaged ones, without loading any.

    Parameters
    ----------
    folder : Path or str, optional
        Folder of models; the bundled one by default.

    Returns
    -------
    intact : list of str
        Names of the models, in alphabetical order.
    damaged : list of str
        Names of the cards that cannot be read, or whose files are missing or do not match.
    """
    intact, damaged = [], []
    for path in card_paths() if folder is None else card_paths(folder):
        try:
            card = read_card(path)
            for part in (*PARTS, *({NOVELTY} & card.keys())):
                checked_file(path, card, part)
        except ModelError:
            damaged.append(path.stem)
        else:
            intact.append(card["name"])
    return intact, damaged


def card_path(name: Path | str) -> Path:
    """Find the card of a model.

    Parameters
    ----------
    name : str or Path
        Name of a bundled model (``"cnn"``), or the path of a model card.

    Returns
    -------
    Path
        Absolute path; the file need not exist.

    Raises
    ------
    ModelError
        If `name` is neither a plain name nor the path of a JSON file.
    """
    path = Path(name)
    if path.suffix != ".json":
        if path.name != str(name) or not path.name:
            raise ModelError(f"{str(name)!r} is not the name of a model, such as 'cnn_lstm'.")
        path = MODELS_DIR / f"{name}.json"
    return path.resolve()


def read_card(path: Path) -> dict[str, Any]:
    """Read a model card.

    Parameters
    ----------
    path : Path
        Path of the card.

    Returns
    -------
    dict
        Content of the card.

    Raises
    ------
    ModelError
        If the card does not exist, is incomplete, or contains what no card should.
    """
    if not path.is_file():
        names = ", ".join(card["name"] for card in list_models(path.parent)) or "none"
        raise ModelError(
            f"There is no model {path.stem!r} in {path.parent}. Available models: {names}."
        )
    try:
        card = parse_json(path)
        if isinstance(card, dict) and isinstance(card.get("background"), dict):
            # Cards of earlier versions do not name the background's file.
            card["background"].setdefault("file", f"{path.stem}.background.npz")
        check_card(card)
        for part in (*PARTS, *({NOVELTY} & card.keys())):
            if not is_file_name(card[part]["file"]):
                raise ValueError(f"{part} must be a file in the folder of the card")
        return card
    except (OSError, ValueError) as error:
        raise ModelError(
            f"The model card {path.name} cannot be read ({shortened(error)}). Train the model "
            "again or restore the file."
        ) from error


def is_file_name(name: str) -> bool:
    """Whether a name is that of a file in the same folder on every system, not of a path."""
    return bool(name.strip(". ")) and name.isprintable() and not set(name) & set("/\\:")


def checked_file(path: Path, card: dict[str, Any], part: str) -> Path:
    """Find a file that a card describes, and verify its digest.

    Parameters
    ----------
    path : Path
        Path of the card.
    card : dict
        Content of the card.
    part : str
        ``"weights"``, ``"background"`` or ``"novelty"``.

    Returns
    -------
    Path
        Path of the file.

    Raises
    ------
    ModelError
        If the file is missing or cannot be read, or its digest is not the one on the card.
    """
    file = path.parent / card[part]["file"]
    if not file.is_file():
        raise ModelError(f"{file.name} is missing beside its model card. Restore the file.")
    try:
        digest = sha256(file)
    except OSError as error:
        raise ModelError(
            f"{file.name} cannot be read ({error.strerror}). Check its permissions."
        ) from error
    if digest != card[part]["sha256"]:
        raise ModelError(
            f"{file.name} does not match its model card (the SHA-256 digests differ). "
            "Restore both files or train the model again."
        )
    return file
