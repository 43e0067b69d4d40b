"""Stored measurements of the models: scores, test predictions and genre profiles, from models/.

`core` is imported inside the functions, because its libraries take seconds to load.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.constants import MODELS_DIR
from core.models.registry import TITLES

if TYPE_CHECKING:
    from core.evaluation.predictions import Predictions
    from core.explanation.genre_profiles import GenreProfiles

PROTOCOLS = ("artist", "track", "segment")  # from honest to leaking


@st.cache_data(show_spinner=False, max_entries=1)
def model_names() -> list[str]:
    """Return the names of all models that there are."""
    from core.models.cards import list_models

    names = [card["name"] for card in list_models()]
    order = [*TITLES]
    return sorted(names, key=lambda name: (name not in order, [*order, name].index(name)))


@st.cache_data(show_spinner=False, max_entries=32)
def card(name: str) -> dict[str, Any]:
    """Return a model's card."""
    from core.models.cards import card_path, read_card

    return read_card(card_path(name))


@st.cache_data(show_spinner=False, max_entries=8)
def _json(file: str) -> dict[str, Any]:
    try:
        content = json.loads((MODELS_DIR / file).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def score(name: str, protocol: str) -> dict[str, Any] | None:
    """Return a model's figures by a protocol, if they were measured."""
    return _json("scores.json").get(f"{name}/{protocol}")


def folds(name: str) -> dict[str, Any] | None:
    """Return a model's figures over five folds by artist, if they were measured."""
    return _json("scores.json").get(f"{name}/folds")


def faithfulness() -> dict[str, Any]:
    """Return the figures of the explanations, or nothing."""
    return _json("faithfulness.json")


@st.cache_resource(show_spinner=False, max_entries=80)
def predictions(name: str, protocol: str = "artist") -> Predictions | None:
    """Return what a model answered on a test side, if that is stored."""
    from core.evaluation.predictions import load_predictions, predictions_file

    try:
        return load_predictions(predictions_file(MODELS_DIR, name, protocol))
    except (OSError, ValueError):
        return None


@st.cache_resource(show_spinner=False, max_entries=8)
def genre_profiles(name: str) -> GenreProfiles | None:
    """Return what a model's genres are to it, if that is stored."""
    from core.explanation.genre_profiles import SUFFIX, load_profiles

    try:
        return load_profiles(MODELS_DIR / f"{name}{SUFFIX}")
    except (OSError, KeyError, ValueError):
        return None


def mcnemar_test(first: str, second: str) -> dict[str, float] | None:
    """Return McNemar's test of two models' song votes by artist, and of how many songs.

    Of the songs that both were asked about; None if their answers are not stored.
    """
    from core.evaluation.metrics import mcnemar

    one, other = predictions(first), predictions(second)
    if one is None or other is None:
        return None
    both = [name for name in one.right if name in other.right]
    if not both:
        return None
    right = [np.array([each.right[name] for name in both]) for each in (one, other)]
    return {**mcnemar(*right), "songs": len(both)}


def compare_on_common_songs(names: Sequence[str]) -> tuple[list[str], int, dict[str, float]]:
    """Return how models compare, by artist, on the songs that all of them were asked about.

    As `core.evaluation.predictions.on_common_songs`, of those whose answers are stored.
    """
    from core.evaluation.predictions import on_common_songs

    found = {name: each for name in names if (each := predictions(name)) is not None}
    return on_common_songs(found) if found else ([], 0, {})


def predicts_whole_clips(name: str) -> bool:
    """Return whether a model hears whole clips: it gave one answer a song."""
    found = score(name, "artist")
    return found is not None and found["test"]["segment"]["n"] == found["test"]["tracks"]


def songs_confused_as(name: str, true: int, named: int) -> list[tuple[str, float]]:
    """Return the test songs of one genre that a model took for another, the surest first."""
    found = predictions(name)
    if found is None:
        return []
    votes, truths = found.votes
    chosen = (truths == true) & (votes.argmax(axis=1) == named)
    songs = [
        (str(song), float(share))
        for song, share in zip(found.names[chosen], votes[chosen, named], strict=True)
    ]
    return sorted(songs, key=lambda song: -song[1])


def confusion_of(name: str, protocol: str) -> np.ndarray | None:
    """Return song counts by true and named genre, if they were measured."""
    row = score(name, protocol)
    return None if row is None else np.array(row["test"]["confusion"])
