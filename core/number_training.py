"""Fits and measures the models that read numbers: forests, machines and networks of moments."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.special
from keras import layers

from core import moment_networks, yamnet
from core.answers import keep_answers
from core.background import choose_inputs
from core.catalogue import NUMBERS, NumberSystem
from core.constants import GENRES
from core.datasets import TrackSet
from core.evaluation import evaluate
from core.features import FeatureParameters
from core.models import save_model
from core.moment_networks import MomentSettings
from core.number_data import Numbers, balanced
from core.runs import sharpen
from core.scoreboard import cost, describe, details, save_scores
from core.splits import Split
from core.training import fit_temperature
from core.vector_models import NumberModel, VectorModel, build, scores


@dataclass(frozen=True, eq=False)
class Fitted:
    """A fitted model with all that is said of it.

    Parameters
    ----------
    estimator : Pipeline or keras.Model
        Fitted on `refit`.
    row : dict
        `valid` and `test` metrics, `temperature`, `training_s`, `epochs`, `history`.
    probabilities : np.ndarray [shape=(n, 10)]
        Answers to the test side.
    refit, test : Numbers
        The sides.
    """

    estimator: Any
    row: dict[str, Any]
    probabilities: np.ndarray
    refit: Numbers
    test: Numbers


def _first_answers(estimator: Any, inputs: np.ndarray) -> np.ndarray:
    """Return probabilities at temperature one."""
    if isinstance(estimator, keras.Model):
        return moment_networks.probabilities(estimator, inputs)
    return scipy.special.softmax(scores(estimator, inputs), axis=1)


def train(
    name: str,
    numbers: Numbers,
    tracks: TrackSet,
    split: Split,
    seed: int,
    pca: float | None = None,
) -> Fitted:
    """Fit on `train`, stop and calibrate on `valid`, fit again on `refit`, measure on `test`.

    Parameters
    ----------
    name : str
        One of `core.catalogue.NUMBERS`.
    numbers : Numbers
        All segments.
    tracks : TrackSet
        Their tracks.
    split : Split
        The sides.
    seed : int
        Seed of the fit.
    pca : float, optional
        As in `core.vector_models.build`.

    Returns
    -------
    Fitted
        The model.
    """
    started = time.monotonic()
    system = NUMBERS[name]
    sides = {
        side: numbers.side(getattr(split, side)) for side in ("train", "valid", "refit", "test")
    }
    if system.source == "recordings":
        for side in ("valid", "test"):
            sides[side] = balanced(sides[side], tracks.labels, split, seed)
    labels = {side: tracks.labels[part.segments.track] for side, part in sides.items()}
    settings = MomentSettings()
    extra: dict[str, Any] = {"pca": pca} if pca else {}
    if system.kind == "network":
        valid = (sides["valid"].inputs, labels["valid"])
        first, history = moment_networks.fit(
            name, sides["train"].inputs, labels["train"], settings, seed, valid
        )
        epochs = 1 + int(np.argmin([row["valid_loss"] for row in history]))
        estimator, _ = moment_networks.fit(
            name,
            sides["refit"].inputs,
            labels["refit"],
            replace(settings, epochs=epochs),
            seed,
            None,
        )
        extra = {"epochs": epochs, "history": history, "parameters": estimator.count_params()}
    else:
        first, estimator = (
            build(system.kind, split.protocol, seed, pca).fit(sides[side].inputs, labels[side])
            for side in ("train", "refit")
        )
    rows = _first_answers(first, sides["valid"].inputs)
    temperature = fit_temperature(rows, labels["valid"])
    found = sharpen(_first_answers(estimator, sides["test"].inputs), temperature)
    valid_rows = sharpen(rows, temperature)
    return Fitted(
        estimator,
        {
            "valid": evaluate(valid_rows, labels["valid"], sides["valid"].segments.track),
            "test": evaluate(found, labels["test"], sides["test"].segments.track),
            "temperature": temperature,
            "training_s": round(time.monotonic() - started),
            **extra,
        },
        found,
        sides["refit"],
        sides["test"],
    )


def run(
    name: str,
    numbers: Numbers,
    tracks: TrackSet,
    split: Split,
    seed: int,
    folder: Path,
    source: str,
    pca: float | None = None,
) -> dict[str, Any]:
    """Train and measure a model; write its figures, its answers, and by artist its weights.

    Parameters
    ----------
    name, numbers, tracks, split, seed, pca
        As in `train`.
    folder : Path
        Folder of the models.
    source : str
        Where the data came from.

    Returns
    -------
    dict
        Metrics of the test side.
    """
    system = NUMBERS[name]
    fitted = train(name, numbers, tracks, split, seed, pca)
    keep_answers(folder, name, split.protocol, fitted.probabilities, tracks, fitted.test.segments)
    history = fitted.row.pop("history", None)
    about = {"model": name, "title": system.title, "reported": system.reported}
    row = {**about, "protocol": split.protocol, "seed": seed, **fitted.row}
    tested = fitted.test.segments.track
    row |= details(fitted.probabilities, tracks.labels[tested], tested)
    if split.protocol == "artist":
        labels = tracks.labels[fitted.refit.segments.track]
        card = {
            **_card(name, system, tracks.parameters, fitted.row),
            "data": describe(split, tracks, seed, source, taught=False),
        }
        for side in ("refit", "test"):
            segments = getattr(fitted, side).segments
            count = {"tracks": len(set(segments.track.tolist())), "segments": len(segments)}
            card["data"][side] = count
        if history:
            card["training"] = {"epochs": fitted.row["epochs"], "history": {"train": history}}
        background = choose_inputs(fitted.refit.inputs, labels, seed)
        if system.kind == "network":
            logits = layers.Rescaling(1 / fitted.row["temperature"])(fitted.estimator.output)
            network = keras.Model(fitted.estimator.input, layers.Softmax()(logits), name=name)
            model = NumberModel(network, card, background)
        else:
            model = VectorModel(fitted.estimator, card, background)
        save_model(model, folder)
        if not system.reads.startswith("yamnet") or yamnet.is_there():
            row |= cost(model)
    save_scores(folder, f"{name}/{split.protocol}", row)
    return fitted.row["test"]


def _card(
    name: str, system: NumberSystem, parameters: FeatureParameters, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a model card without its data."""
    return {
        "name": name,
        "title": system.title,
        "reported": system.reported,
        "differs": system.differs,
        "reads": system.reads,
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "features": parameters.to_json(),
        # It standardises what it reads by itself.
        "standardisation": {"mean": [0.0] * parameters.n_mfcc, "scale": [1.0] * parameters.n_mfcc},
        "temperature": row["temperature"],
        "pca": row.get("pca"),
        "metrics": {"protocol": "artist", "test": row["test"], "valid": row["valid"]},
    }
