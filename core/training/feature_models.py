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

from core.constants import GENRES
from core.data.feature_sets import FeatureSet, balanced
from core.data.gtzan import TrackSet
from core.data.splits import Split
from core.evaluation.calibration import apply_temperature, fit_temperature
from core.evaluation.metrics import cross_entropy, evaluate
from core.evaluation.scores import details, save_scores
from core.features import yamnet
from core.features.spectrogram import FeatureParameters
from core.models.feature_models import FeatureModel
from core.models.registry import FEATURE_MODELS, FeatureModelSpec
from core.models.store import save_model
from core.networks.classical import build_estimator, decision_scores
from core.networks.sequence import build_network
from core.training.background import choose_inputs
from core.training.records import cost, describe, store_predictions


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
    refit, test : FeatureSet
        The sides.
    """

    estimator: Any
    row: dict[str, Any]
    probabilities: np.ndarray
    refit: FeatureSet
    test: FeatureSet


def _first_answers(estimator: Any, inputs: np.ndarray) -> np.ndarray:
    """Return probabilities at temperature one."""
    if isinstance(estimator, keras.Model):
        return probabilities(estimator, inputs)
    return scipy.special.softmax(decision_scores(estimator, inputs), axis=1)


def train(
    name: str,
    numbers: FeatureSet,
    tracks: TrackSet,
    split: Split,
    seed: int,
    pca: float | None = None,
) -> Fitted:
    """Fit on `train`, stop and calibrate on `valid`, fit again on `refit`, measure on `test`.

    Parameters
    ----------
    name : str
        One of `core.models.registry.FEATURE_MODELS`.
    numbers : FeatureSet
        All segments.
    tracks : TrackSet
        Their tracks.
    split : Split
        The sides.
    seed : int
        Seed of the fit.
    pca : float, optional
        As in `core.networks.classical.build_estimator`.

    Returns
    -------
    Fitted
        The model.
    """
    started = time.monotonic()
    spec = FEATURE_MODELS[name]
    sides = {
        side: numbers.side(getattr(split, side)) for side in ("train", "valid", "refit", "test")
    }
    if spec.source == "recordings":
        for side in ("valid", "test"):
            sides[side] = balanced(sides[side], tracks.labels, split, seed)
    labels = {side: tracks.labels[part.segments.track] for side, part in sides.items()}
    settings = SequenceSettings()
    extra: dict[str, Any] = {"pca": pca} if pca else {}
    if spec.classifier == "network":
        valid = (sides["valid"].inputs, labels["valid"])
        first, history = fit(name, sides["train"].inputs, labels["train"], settings, seed, valid)
        epochs = 1 + int(np.argmin([row["valid_loss"] for row in history]))
        estimator, _ = fit(
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
            build_estimator(spec.classifier, split.protocol, seed, pca).fit(
                sides[side].inputs, labels[side]
            )
            for side in ("train", "refit")
        )
    rows = _first_answers(first, sides["valid"].inputs)
    temperature = fit_temperature(rows, labels["valid"])
    found = apply_temperature(_first_answers(estimator, sides["test"].inputs), temperature)
    valid_rows = apply_temperature(rows, temperature)
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
    numbers: FeatureSet,
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
    spec = FEATURE_MODELS[name]
    fitted = train(name, numbers, tracks, split, seed, pca)
    store_predictions(
        folder, name, split.protocol, fitted.probabilities, tracks, fitted.test.segments
    )
    history = fitted.row.pop("history", None)
    about = {"model": name, "title": spec.title, "reported": spec.reported}
    row = {**about, "protocol": split.protocol, "seed": seed, **fitted.row}
    tested = fitted.test.segments.track
    row |= details(fitted.probabilities, tracks.labels[tested], tested)
    if split.protocol == "artist":
        labels = tracks.labels[fitted.refit.segments.track]
        card = {
            **_card(name, spec, tracks.parameters, fitted.row),
            "data": describe(split, tracks, seed, source, taught=False),
        }
        for side in ("refit", "test"):
            segments = getattr(fitted, side).segments
            count = {"tracks": len(set(segments.track.tolist())), "segments": len(segments)}
            card["data"][side] = count
        if history:
            card["training"] = {"epochs": fitted.row["epochs"], "history": {"train": history}}
        background = choose_inputs(fitted.refit.inputs, labels, seed)
        if spec.classifier == "network":
            logits = layers.Rescaling(1 / fitted.row["temperature"])(fitted.estimator.output)
            classifier = keras.Model(fitted.estimator.input, layers.Softmax()(logits), name=name)
        else:
            classifier = fitted.estimator
        model = FeatureModel(classifier, card, background)
        save_model(model, folder)
        if not spec.needs_download or yamnet.is_available():
            row |= cost(model)
    save_scores(folder, f"{name}/{split.protocol}", row)
    return fitted.row["test"]


def _card(
    name: str, spec: FeatureModelSpec, parameters: FeatureParameters, row: dict[str, Any]
) -> dict[str, Any]:
    """Return a model card without its data."""
    return {
        "name": name,
        "title": spec.title,
        "reported": spec.reported,
        "differs": spec.differs,
        "reads": spec.features,
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "features": parameters.to_json(),
        "temperature": row["temperature"],
        "pca": row.get("pca"),
        "metrics": {"protocol": "artist", "test": row["test"], "valid": row["valid"]},
    }


@dataclass(frozen=True)
class SequenceSettings:
    """How a network of moments is fitted; chosen on validation.

    Parameters
    ----------
    epochs, batch_size : int
        Most epochs, and segments a batch.
    learning_rate, weight_decay : float
        Of AdamW.
    dropout : float
        Share of hidden units left out while training.
    label_smoothing : float
        Share of the target spread over all genres.
    patience : int
        Epochs without a better validation log loss before a fit stops.
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.5
    label_smoothing: float = 0.1
    patience: int = 10


def fit(
    name: str,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: SequenceSettings,
    seed: int,
    valid: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Fit a network; every genre weighs the same, however many segments it has.

    Parameters
    ----------
    name : str
        One of `BODIES`.
    inputs : np.ndarray [shape=(n, moments, features)]
        The training side.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    settings : SequenceSettings
        How to fit.
    seed : int
        Seed of weights and batches.
    valid : tuple of np.ndarray, optional
        Inputs and labels of the side that tells the best epoch; without it the last one counts.

    Returns
    -------
    network : keras.Model
        With the weights of the best epoch.
    history : list of dict
        One row an epoch: `epoch`, `loss`, and with validation `valid_loss`, `valid_accuracy`.
    """
    keras.utils.set_random_seed(seed)
    network = build_network(name, inputs, settings.dropout)
    network.compile(
        keras.optimizers.AdamW(settings.learning_rate, weight_decay=settings.weight_decay),
        keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        ),
    )
    counts = np.bincount(labels, minlength=len(GENRES))
    weights = (len(labels) / len(GENRES) / np.maximum(counts, 1))[labels].astype(np.float32)
    targets = np.eye(len(GENRES), dtype=np.float32)[labels]
    history: list[dict[str, float]] = []
    best, best_epoch, best_weights = np.inf, 0, network.get_weights()
    for epoch in range(1, settings.epochs + 1):
        found = network.fit(
            inputs, targets, batch_size=settings.batch_size, sample_weight=weights, verbose=0
        )
        row = {"epoch": epoch, "loss": float(found.history["loss"][0])}
        if valid is not None:
            rows = probabilities(network, valid[0])
            row["valid_loss"] = cross_entropy(rows, valid[1])
            row["valid_accuracy"] = float((rows.argmax(axis=1) == valid[1]).mean())
        history.append(row)
        loss = row.get("valid_loss", -epoch)  # without validation the last epoch is the best
        if loss < best:
            best, best_epoch, best_weights = loss, epoch, network.get_weights()
        elif epoch - best_epoch >= settings.patience:
            break
    network.set_weights(best_weights)
    return network, history


def probabilities(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return a fitted network's probabilities at temperature one.

    Parameters
    ----------
    network : keras.Model
        As `fit` returned it.
    inputs : np.ndarray [shape=(n, moments, features)]
        Segments.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64, range=[0, 1]]
        Rows sum to one.
    """
    logits = network.predict(inputs, batch_size=256, verbose=0)
    return scipy.special.softmax(logits.astype(np.float64), axis=1)
