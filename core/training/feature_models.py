"""Training of the feature models: random forests, support vector machines and sequence networks."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Any

import keras
import numpy as np
import scipy.special
from keras import layers
from sklearn.pipeline import Pipeline

from core.constants import GENRES
from core.data.feature_sets import FeatureSet, balanced
from core.data.gtzan import TrackSet
from core.data.splits import Split
from core.evaluation.calibration import apply_temperature, fit_temperature
from core.evaluation.metrics import cross_entropy, evaluate
from core.models.feature_models import FeatureModel
from core.models.registry import FEATURE_MODELS
from core.networks.classical import build_estimator, decision_scores
from core.networks.sequence import build_network
from core.training.background import choose_feature_background
from core.training.records import Result, describe_data, model_card
from core.training.small_data import enough_data


@dataclass(frozen=True)
class SequenceSettings:
    """Settings of a sequence network's fit, chosen on the validation set.

    Parameters
    ----------
    epochs, batch_size : int
        Maximum number of epochs, and segments per batch.
    learning_rate, weight_decay : float
        Of AdamW.
    dropout : float
        Share of hidden units that are dropped during training.
    label_smoothing : float
        Share of the target that is spread over all genres.
    patience : int
        Epochs without a lower validation loss before the fit stops.
    """

    epochs: int = 60
    batch_size: int = 32
    learning_rate: float = 2e-3
    weight_decay: float = 1e-2
    dropout: float = 0.5
    label_smoothing: float = 0.1
    patience: int = 10


@dataclass(frozen=True, eq=False)
class FittedClassifier:
    """A classifier fitted on the final training set.

    Parameters
    ----------
    classifier : Pipeline or keras.Model
        Classifier; its output is not calibrated.
    features : FeatureSet
        Final training set.
    """

    classifier: Pipeline | keras.Model
    features: FeatureSet


def train(
    name: str,
    features: FeatureSet,
    tracks: TrackSet,
    split: Split,
    seed: int,
    pca: float | None = None,
    settings: SequenceSettings | None = None,
) -> tuple[Result, FittedClassifier]:
    """Train a model and measure it on the test set.

    The classifier is fitted on `train`, stopped early and calibrated on `valid`, fitted again on
    `refit` and then measured on `test`.

    Parameters
    ----------
    name : str
        Model, see `core.models.registry.FEATURE_MODELS`.
    features : FeatureSet
        Features of all segments.
    tracks : TrackSet
        Tracks of the segments.
    split : Split
        Training, validation and test set.
    seed : int
        Seed of the fits.
    pca : float, optional
        Share of the variance that principal components preserve, for classifiers of scikit-learn;
        see `core.networks.classical.build_estimator`.
    settings : SequenceSettings, optional
        Settings of sequence networks; the default ones if omitted.

    Returns
    -------
    result : Result
        With predictions for the test set.
    final : FittedClassifier
        Classifier fitted on `refit`.
    """
    started = time.monotonic()
    spec = FEATURE_MODELS[name]
    settings = settings or SequenceSettings()
    subsets = {
        subset: features.subset(getattr(split, subset))
        for subset in ("train", "valid", "refit", "test")
    }
    if spec.source == "recordings":
        for subset in ("valid", "test"):
            subsets[subset] = balanced(subsets[subset], tracks.labels, split, seed)
    labels = {subset: tracks.labels[part.segments.track] for subset, part in subsets.items()}
    scores: dict[str, Any] = {}
    history: dict[str, list[dict[str, Any]]] = {}
    first: Pipeline | keras.Model
    final: Pipeline | keras.Model
    if spec.classifier == "network":
        valid = (subsets["valid"].inputs, labels["valid"])
        first, rows = fit_network(
            name, subsets["train"].inputs, labels["train"], settings, seed, valid
        )
        history["train"] = rows
        scores["epochs"] = 1 + int(np.argmin([row["valid_loss"] for row in rows]))
        final, _ = fit_network(
            name,
            subsets["refit"].inputs,
            labels["refit"],
            replace(settings, epochs=scores["epochs"]),
            seed,
            None,
        )
        scores["parameters"] = final.count_params()
    else:
        with enough_data(spec.title):
            first, final = (
                build_estimator(spec.classifier, split.protocol, seed, pca).fit(
                    subsets[subset].inputs, labels[subset]
                )
                for subset in ("train", "refit")
            )
            if len(first.classes_) < len(GENRES):
                raise ValueError(f"only {len(first.classes_)} genres are in the training set")
        if pca:
            scores["pca"] = pca
    uncalibrated = predict(first, subsets["valid"].inputs)
    temperature = fit_temperature(uncalibrated, labels["valid"])
    calibrated = apply_temperature(uncalibrated, temperature)
    probabilities = apply_temperature(predict(final, subsets["test"].inputs), temperature)
    scores = {
        "valid": evaluate(calibrated, labels["valid"], subsets["valid"].segments.track),
        "test": evaluate(probabilities, labels["test"], subsets["test"].segments.track),
        "temperature": temperature,
        "training_s": round(time.monotonic() - started),
        **scores,
    }
    result = Result(
        name=name,
        tracks=tracks,
        split=split,
        seed=seed,
        segments=subsets["test"].segments,
        probabilities=probabilities,
        scores=scores,
        history=history,
        validation=(calibrated, subsets["valid"].segments),
    )
    return result, FittedClassifier(final, subsets["refit"])


def package(result: Result, final: FittedClassifier, read_from: str) -> FeatureModel:
    """Build the model to be saved.

    Parameters
    ----------
    result, final
        Output of `train`.
    read_from : str
        Kind of source of the training data, for the card.

    Returns
    -------
    FeatureModel
        With calibrated output and a background from `refit`.
    """
    spec = FEATURE_MODELS[result.name]
    temperature = result.scores["temperature"]
    predicted = {"refit": final.features.segments, "test": result.segments}
    data = describe_data(
        result.split,
        result.tracks,
        result.seed,
        read_from,
        with_teacher=False,
        predicted=predicted,
    )
    entries: dict[str, Any] = {"reads": spec.features, "pca": result.scores.get("pca")}
    if result.history:
        entries["training"] = {"epochs": result.scores["epochs"], "history": result.history}
    card = model_card(result, result.tracks.parameters, data, **entries)
    labels = result.tracks.labels[final.features.segments.track]
    background = choose_feature_background(final.features.inputs, labels, result.seed)
    classifier = final.classifier
    if isinstance(classifier, keras.Model):
        logits = layers.Rescaling(1 / temperature)(classifier.output)
        classifier = keras.Model(classifier.input, layers.Softmax()(logits), name=result.name)
    return FeatureModel(classifier, card, background)


def fit_network(
    name: str,
    inputs: np.ndarray,
    labels: np.ndarray,
    settings: SequenceSettings,
    seed: int,
    valid: tuple[np.ndarray, np.ndarray] | None,
) -> tuple[keras.Model, list[dict[str, float]]]:
    """Fit a sequence network; all genres have the same weight, however many segments they have.

    Parameters
    ----------
    name : str
        Network, see `core.networks.sequence.BODIES`.
    inputs : np.ndarray [shape=(n, steps, features)]
        Training set.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    settings : SequenceSettings
        Settings of the fit.
    seed : int
        Seed of weights and batches.
    valid : tuple of np.ndarray, optional
        Inputs and labels of the validation set, which tells the best epoch; without it the last
        epoch counts.

    Returns
    -------
    network : keras.Model
        With the weights of the best epoch.
    history : list of dict
        One row per epoch: `epoch`, `loss`, and with validation `valid_loss`, `valid_accuracy`.
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
    callbacks: list[keras.callbacks.Callback] = []
    if valid is not None:
        callbacks = [
            Validation(*valid),
            keras.callbacks.EarlyStopping(
                "valid_loss", patience=settings.patience, mode="min", restore_best_weights=True
            ),
        ]
    fitted = network.fit(
        inputs,
        targets,
        batch_size=settings.batch_size,
        epochs=settings.epochs,
        sample_weight=weights,
        callbacks=callbacks,
        verbose=0,
    )
    columns = fitted.history
    return network, [
        {"epoch": epoch, **{name: float(values[epoch - 1]) for name, values in columns.items()}}
        for epoch in range(1, len(columns["loss"]) + 1)
    ]


class Validation(keras.callbacks.Callback):
    """Add `valid_loss` and `valid_accuracy` to the metrics of each epoch.

    Keras' own validation would include the label smoothing in the loss.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, steps, features)]
        Validation set.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    """

    def __init__(self, inputs: np.ndarray, labels: np.ndarray) -> None:
        super().__init__()
        self.inputs = inputs
        self.labels = labels

    def on_epoch_end(self, epoch: int, logs: dict[str, float]) -> None:
        """Measure the network; the callbacks after this one receive the metrics."""
        probabilities = predict(self.model, self.inputs)
        logs["valid_loss"] = cross_entropy(probabilities, self.labels)
        logs["valid_accuracy"] = float((probabilities.argmax(axis=1) == self.labels).mean())


def predict(classifier: Pipeline | keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Compute genre probabilities with a fitted classifier, before calibration.

    Parameters
    ----------
    classifier : Pipeline or keras.Model
        Fitted; the output of a network are logits.
    inputs : np.ndarray [shape=(n, features) or (n, steps, features)]
        Features of segments.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64, range=[0, 1]]
        Rows sum to one.
    """
    if isinstance(classifier, keras.Model):
        logits = classifier.predict(inputs, batch_size=256, verbose=0).astype(np.float64)
    else:
        logits = decision_scores(classifier, inputs)
    return scipy.special.softmax(logits, axis=1)
