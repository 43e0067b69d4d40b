"""Stored measurements of the models: scores, test predictions and genre profiles, from models/.

`core` is imported inside the functions, because its libraries take seconds to load.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import streamlit as st

from core.constants import MODELS_DIR, PROTOCOLS
from core.errors import ModelError
from core.models.registry import TITLES
from dashboard.services.cache import results

if TYPE_CHECKING:
    from core.evaluation.curves import Curve, Reliability
    from core.evaluation.predictions import Predictions
    from core.explanation.genre_profiles import GenreProfiles

Unit = Literal["segment", "song"]
"""Whether segments or votes over whole songs are evaluated."""


@st.cache_data(show_spinner=False, max_entries=1)
def _checked_models() -> tuple[list[str], list[str]]:
    from core.models.cards import checked_models

    order = [*TITLES]
    intact, damaged = checked_models()
    return (
        sorted(intact, key=lambda name: (name not in order, [*order, name].index(name))),
        damaged,
    )


def model_names() -> list[str]:
    """Names of all bundled models that are intact, in the order of the registry."""
    return _checked_models()[0]


def damaged_models() -> list[str]:
    """Names of the bundled models that are damaged, so that they cannot be used."""
    return _checked_models()[1]


@st.cache_data(show_spinner=False, max_entries=32)
def card(name: str) -> dict[str, Any]:
    """Read a model's card."""
    from core.models.cards import card_path, read_card

    return read_card(card_path(name))


@st.cache_data(show_spinner=False, max_entries=8)
def _json(file: str) -> dict[str, Any]:
    from core.models.card_schema import parse_json

    try:
        content = parse_json(MODELS_DIR / file)
    except (OSError, ValueError):
        return {}
    return content if isinstance(content, dict) else {}


def score(name: str, protocol: str) -> dict[str, Any] | None:
    """Scores of a model under a protocol; None if they were not measured."""
    return _json("scores.json").get(f"{name}/{protocol}")


def folds(name: str) -> dict[str, Any] | None:
    """Scores of a model in five-fold cross-validation by artist; None if not measured."""
    return _json("scores.json").get(f"{name}/folds")


def faithfulness() -> dict[str, Any]:
    """Faithfulness scores of the explanations; empty if they were not measured."""
    return _json("faithfulness.json")


def novelty() -> dict[str, Any]:
    """Novelty scores and genre sets of the models; empty if they were not measured."""
    return _json("novelty.json")


def is_stale(name: str, entry: dict[str, Any]) -> bool:
    """Whether an entry was measured on other weights than a model has now."""
    return entry.get("weights") != _weights(name)


def mixes() -> dict[str, Any]:
    """Localisation of the explanations in mixes of two songs; empty if it was not measured."""
    return _json("mixes.json")


def order(name: str) -> dict[str, Any] | None:
    """Accuracy of a model on shuffled and reversed test segments, and its evidence in time.

    Returns
    -------
    dict or None
        Entry of ``models/order.json``, see `benchmarks.order`; None if it was not measured, or
        with other weights than the model's present ones.
    """
    found = (_json("order.json").get("models") or {}).get(name)
    return found if found and found.get("weights") == _weights(name) else None


def transfer() -> dict[str, dict[str, Any]]:
    """Predictions of networks for the smallest sufficient parts of each other.

    Returns
    -------
    dict
        By the explained network, the entries of ``models/transfer.json``, see
        `benchmarks.transfer`. Whatever was measured with other weights than the present ones is
        left out.
    """
    found = {}
    for name, entry in (_json("transfer.json").get("explained") or {}).items():
        others = {
            other: row
            for other, row in entry.get("others", {}).items()
            if row.get("weights") == _weights(other)
        }
        if others and entry.get("weights") == _weights(name):
            found[name] = {**entry, "others": others}
    return found


def _weights(name: str) -> str | None:
    """Digest of a model's weights; None if there is no such model."""
    try:
        digest: str = card(name)["weights"]["sha256"]
    except (ModelError, KeyError):
        return None
    return digest


def predictions(name: str, protocol: str = "artist") -> Predictions | None:
    """Load the stored predictions of a model for a test set; None if there are none."""

    def load() -> Predictions | None:
        from core.evaluation.predictions import load_predictions

        try:
            return load_predictions(MODELS_DIR, name, protocol)
        except (OSError, ValueError):
            return None

    return results.get(("predictions", name, protocol), load)


def genre_profiles(name: str) -> GenreProfiles | None:
    """Load the genre profiles of a model; None if they were not computed."""

    def load() -> GenreProfiles | None:
        from core.explanation.genre_profiles import SUFFIX, load_profiles

        try:
            return load_profiles(MODELS_DIR / f"{name}{SUFFIX}")
        except ModelError:
            return None

    return results.get(("genre profiles", name), load)


def stored_protocols(name: str) -> list[str]:
    """Protocols under which the test predictions of a model are stored."""
    return [each for each in PROTOCOLS if predictions(name, each) is not None]


def n_test_songs(name: str, protocol: str) -> int:
    """Count the songs in the stored predictions."""
    return len(_stored(name, protocol).names)


def genre_report(name: str, protocol: str, unit: Unit) -> np.ndarray:
    """Precision, recall, F1 and count of each genre, ``(genres, 4)``."""
    from core.evaluation import curves

    return curves.genre_report(*_evaluated(name, protocol, unit))


def confusion_matrix(name: str, protocol: str, unit: Unit) -> np.ndarray:
    """Count segments or songs by true and predicted genre, ``(genres, genres)``."""
    from core.evaluation import metrics

    return metrics.confusion(*_evaluated(name, protocol, unit))


def reliability(name: str, protocol: str, unit: Unit) -> Reliability:
    """Accuracy at each confidence level; see `core.evaluation.curves.reliability`."""
    from core.evaluation import curves

    return curves.reliability(*_evaluated(name, protocol, unit))


def precision_recall(name: str, protocol: str, unit: Unit, genre: int) -> Curve:
    """Precision-recall curve of one genre against all others."""
    from core.evaluation import curves

    return curves.precision_recall(*_evaluated(name, protocol, unit), genre)


def roc(name: str, protocol: str, unit: Unit, genre: int) -> Curve:
    """ROC curve of one genre against all others."""
    from core.evaluation import curves

    return curves.roc(*_evaluated(name, protocol, unit), genre)


def _stored(name: str, protocol: str) -> Predictions:
    found = predictions(name, protocol)
    if found is None:
        raise ValueError(f"No predictions of {name!r} are stored for the protocol {protocol!r}.")
    return found


def _evaluated(name: str, protocol: str, unit: Unit) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities and true genres of the segments or songs of a test set."""
    found = _stored(name, protocol)
    return found.votes if unit == "song" else (found.probabilities, found.labels)


def mcnemar_test(first: str, second: str) -> dict[str, float] | None:
    """McNemar's test of two models' song votes, on unseen artists.

    Returns
    -------
    dict or None
        As `core.evaluation.metrics.mcnemar`, with the number of `songs` that both models were
        tested on, and the `difference` in accuracy (the second model minus the first) with the
        bounds `low` and `high` of its interval; None if predictions are missing.
    """
    from core.evaluation.metrics import accuracy_difference, mcnemar

    one, other = predictions(first), predictions(second)
    if one is None or other is None:
        return None
    both = [name for name in one.correct if name in other.correct]
    if not both:
        return None
    right = [np.array([each.correct[name] for name in both]) for each in (one, other)]
    difference, low, high = accuracy_difference(*right)
    return {
        **mcnemar(*right),
        "songs": len(both),
        "difference": difference,
        "low": low,
        "high": high,
    }


def compare_on_common_songs(names: Sequence[str]) -> tuple[list[str], int, dict[str, float]]:
    """Compare models on the songs of unseen artists that all of them were tested on.

    Returns
    -------
    tuple
        As `core.evaluation.predictions.on_common_songs`, for the models whose predictions are
        stored.
    """
    from core.evaluation.predictions import on_common_songs

    found = {name: each for name in names if (each := predictions(name)) is not None}
    return on_common_songs(found) if found else ([], 0, {})


def predicts_whole_clips(name: str) -> bool:
    """Whether a model predicts once for a whole clip instead of for every segment."""
    found = score(name, "artist")
    return found is not None and found["test"]["segment"]["n"] == found["test"]["tracks"]


def songs_confused_as(name: str, true: int, predicted: int) -> list[tuple[str, float]]:
    """List test songs of one genre that a model predicts as another.

    Returns
    -------
    list of (str, float)
        Name of the song and probability of the predicted genre, the most confident first.
    """
    found = predictions(name)
    if found is None:
        return []
    votes, truths = found.votes
    chosen = (truths == true) & (votes.argmax(axis=1) == predicted)
    songs = [
        (str(song), float(share))
        for song, share in zip(found.names[chosen], votes[chosen, predicted], strict=True)
    ]
    return sorted(songs, key=lambda song: -song[1])


def confusion_of(name: str, protocol: str) -> np.ndarray | None:
    """Song counts by true and predicted genre, as measured; None if they were not."""
    row = score(name, protocol)
    return None if row is None else np.array(row["test"]["confusion"])
