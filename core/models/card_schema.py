"""JSON schema of model cards, and the rules that it cannot express.

A card may come from a stranger. Everything that the project reads from it is checked here, once,
when the card is read: types, ranges, and lengths that must agree.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from jsonschema import Draft202012Validator

MAX_CARD_BYTES = 4_000_000  # the longest bundled card has 20 kB
MAX_REASON = 160  # characters of the reason that a sentence quotes


def _integer(low: int, high: int) -> dict[str, Any]:
    return {"type": "integer", "minimum": low, "maximum": high}


def _numbers(low: float, high: float, **limits: Any) -> dict[str, Any]:
    return {"type": "array", "items": {"type": "number", "minimum": low, "maximum": high}, **limits}


SHARE = {"type": "number", "minimum": 0, "maximum": 1}
TEXT = {"type": "string", "maxLength": 2000}
FILE = {
    "type": "object",
    "required": ["file", "sha256"],
    "properties": {
        "file": {"type": "string", "minLength": 1, "maxLength": 255},
        "sha256": {"type": "string", "maxLength": 64},
        "bytes": _integer(0, 1 << 40),
    },
}
SCORES = {
    "type": "object",
    "properties": {
        "tracks": _integer(0, 1 << 40),
        "song": {
            "type": "object",
            "required": ["accuracy", "interval"],
            "properties": {
                "accuracy": SHARE,
                "interval": {"type": "array", "items": SHARE, "minItems": 2, "maxItems": 2},
            },
        },
    },
}
HISTORY = {
    "type": "array",
    "items": {"type": "object", "additionalProperties": {"type": "number"}},
}
# Fields of `core.features.spectrogram.FeatureParameters`, whose units these ranges have.
FEATURES: dict[str, Any] = {
    "sample_rate": _integer(1000, 384_000),
    "n_fft": _integer(16, 65_536),
    "hop_length": _integer(1, 65_536),
    "n_mels": _integer(1, 1024),
    "n_mfcc": _integer(1, 1024),
    "top_db": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
    "segment_frames": _integer(1, 100_000),
}
SCHEMA: dict[str, Any] = {
    "type": "object",
    "required": ["name", "genres", "features", "weights", "background"],
    "properties": {
        "name": {"type": "string", "pattern": r"^[A-Za-z0-9_][A-Za-z0-9_.+-]{0,99}\Z"},
        "title": TEXT,
        "differs": TEXT,
        "reads": {"type": "string", "minLength": 1, "maxLength": 100},
        "genres": {
            "type": "array",
            "items": {"type": "string", "pattern": r"^\w[\w &/'.-]{0,59}\Z"},
            "minItems": 2,
            "maxItems": 1000,
            "uniqueItems": True,
        },
        "features": {"type": "object", "properties": FEATURES, "required": list(FEATURES)},
        "standardisation": {
            "type": "object",
            "required": ["mean", "scale"],
            "properties": {
                "mean": _numbers(-1e6, 1e6),
                "scale": _numbers(1e-9, 1e6),
            },
        },
        "temperature": {"type": "number", "minimum": 1e-3, "maximum": 1e3},
        "parameters": _integer(0, 1 << 40),
        "genre_sets": {
            "type": "object",
            "properties": {"threshold": {"type": "number", "minimum": 0, "maximum": 1}},
        },
        "metrics": {
            "type": ["object", "null"],
            "properties": {"protocol": TEXT, "test": SCORES, "valid": SCORES},
        },
        "training": {
            "type": "object",
            "properties": {"history": {"type": "object", "additionalProperties": HISTORY}},
        },
        "weights": FILE,
        "background": FILE,
        "novelty": FILE,
    },
    "if": {"not": {"required": ["reads"]}},
    "then": {"required": ["standardisation"]},
}


@cache
def _validator() -> Draft202012Validator:
    from jsonschema import Draft202012Validator  # takes a tenth of a second to import

    return Draft202012Validator(SCHEMA)


def parse_json(path: Path) -> Any:
    """Read a JSON file that may come from a stranger.

    Parameters
    ----------
    path : Path
        A regular file of at most 4 MB.

    Returns
    -------
    Any
        Content.

    Raises
    ------
    OSError
        If the file cannot be read.
    ValueError
        If it is too large, nested too deeply or not JSON, or contains NaN or infinities.
    """
    if not path.is_file():  # a pipe would block
        raise ValueError("it is not a regular file")
    if path.stat().st_size > MAX_CARD_BYTES:
        raise ValueError(f"it is larger than {MAX_CARD_BYTES // 1_000_000} MB")
    try:
        return json.loads(
            path.read_text(encoding="utf-8"), parse_float=_finite, parse_constant=_finite
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise ValueError(f"it contains {text[:20]}, which is not a finite number")
    return value


def check_card(card: Any) -> None:
    """Check a model card.

    Parameters
    ----------
    card : Any
        Content of the card.

    Raises
    ------
    ValueError
        With the first entry that is missing or wrong.
    """
    if isinstance(card, Mapping):
        for key in SCHEMA["required"]:
            if key not in card:
                raise ValueError(f"missing {key!r}")
        if "reads" not in card and "standardisation" not in card:
            raise ValueError("missing 'standardisation'")
        features = card["features"]
        if isinstance(features, Mapping) and features.keys() != FEATURES.keys():
            raise ValueError("its feature parameters belong to another version")
    error = next(_validator().iter_errors(card), None)
    if error is not None:
        place = ".".join(map(str, error.absolute_path)) or "the card"
        raise ValueError(f"{place}: {shortened(error.message)}")
    features = card["features"]
    for name, rule in FEATURES.items():
        if rule["type"] == "integer" and not isinstance(features[name], int):  # 72.0 is not 72
            raise ValueError(f"features.{name}: {features[name]} is not written as an integer")
    if features["n_mfcc"] > features["n_mels"]:
        raise ValueError("features.n_mfcc: larger than the number of mel bands")
    if "reads" in card:
        return  # feature models standardise their inputs themselves
    for name, values in card["standardisation"].items():
        if name in ("mean", "scale") and len(values) != features["n_mfcc"]:
            raise ValueError(
                f"standardisation.{name}: {len(values)} numbers instead of {features['n_mfcc']}"
            )


def shortened(reason: object) -> str:
    """First line of a reason, cut to a length that fits in a sentence.

    Parameters
    ----------
    reason : object
        Reason, for example an exception; hostile files make long ones.

    Returns
    -------
    str
        At most 160 characters without control characters.
    """
    text = " ".join(str(reason)[: 4 * MAX_REASON].split())
    text = "".join(letter for letter in text if letter.isprintable())
    return text if len(text) <= MAX_REASON else f"{text[: MAX_REASON - 1]}…"
