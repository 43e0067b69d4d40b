"""Fits and measures forest and support vector machine on the vectors of segments."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special

from core.answers import keep_answers
from core.background import choose_background
from core.catalogue import TITLES, VECTORS
from core.constants import GENRES
from core.datasets import TrackSet
from core.evaluation import evaluate
from core.models import save_model
from core.runs import segment_logmel, standardisation
from core.scoreboard import describe, save_scores
from core.splits import Segments, Split, split_tracks
from core.training import fit_temperature
from core.vector_models import VectorModel, build, scores
from core.vectors import segment_vectors

CHUNK = 1000  # segments at a time


def vectors_of(tracks: TrackSet, segments: Segments) -> np.ndarray:
    """Return the vectors of segments, ``(n, features)``."""
    parts = [
        segment_vectors(segment_logmel(tracks, segments.where(rows)), tracks.parameters)
        for rows in np.array_split(np.arange(len(segments)), max(1, len(segments) // CHUNK))
    ]
    return np.concatenate(parts)


def train(
    name: str, tracks: TrackSet, split: Split, seed: int
) -> tuple[Any, dict[str, Any], np.ndarray]:
    """Fit on `train`, calibrate on `valid`, fit again on `refit`, measure on `test`.

    Parameters
    ----------
    name : {"random_forest", "svm"}
        The model.
    tracks : TrackSet
        The tracks.
    split : Split
        Their sides.
    seed : int
        Seed of the forest.

    Returns
    -------
    estimator : Pipeline or RandomForestClassifier
        Fitted on `refit`.
    row : dict
        `valid` and `test` metrics, `temperature`, `training_s`.
    probabilities : np.ndarray [shape=(n, 10)]
        Answers to the test side.
    """
    started = time.monotonic()
    sides = {side: getattr(split, side) for side in ("train", "valid", "refit", "test")}
    vectors = {side: vectors_of(tracks, segments) for side, segments in sides.items()}
    labels = {side: tracks.labels[segments.track] for side, segments in sides.items()}
    first = build(name, split.protocol, seed).fit(vectors["train"], labels["train"])
    logits = scores(first, vectors["valid"])
    temperature = fit_temperature(scipy.special.softmax(logits, axis=1), labels["valid"])
    valid = scipy.special.softmax(logits / temperature, axis=1)
    estimator = build(name, split.protocol, seed).fit(vectors["refit"], labels["refit"])
    rows = scipy.special.softmax(scores(estimator, vectors["test"]) / temperature, axis=1)
    return (
        estimator,
        {
            "valid": evaluate(valid, labels["valid"], sides["valid"].track),
            "test": evaluate(rows, labels["test"], sides["test"].track),
            "temperature": temperature,
            "training_s": round(time.monotonic() - started),
        },
        rows,
    )


def run(
    name: str, tracks: TrackSet, protocol: str, seed: int, folder: Path, source: str
) -> dict[str, Any]:
    """Train and measure a model; write its figures, its answers, and by artist its weights.

    Parameters
    ----------
    name, tracks, seed
        As in `train`; the seed is the split's, too.
    protocol : str
        How it is tested.
    folder : Path
        Folder of the models.
    source : str
        Where the data came from.

    Returns
    -------
    dict
        Metrics of the test side.
    """
    split = split_tracks(tracks, protocol, seed)
    estimator, row, rows = train(name, tracks, split, seed)
    keep_answers(folder, name, protocol, rows, tracks, split.test)
    title, reported = VECTORS[name]
    scored = {"model": name, "title": title, "reported": reported, "protocol": protocol}
    save_scores(folder, f"{name}/{protocol}", {**scored, "seed": seed, **row})
    if protocol == "artist":
        model = package(name, estimator, tracks, split, seed, row)
        model.card["data"] = describe(split, tracks, seed, source, taught=False)
        save_model(model, folder)
    return row["test"]


def package(
    name: str, estimator: Any, tracks: TrackSet, split: Split, seed: int, row: dict[str, Any]
) -> VectorModel:
    """Make a model that can be saved.

    Parameters
    ----------
    name, tracks, split, seed
        As in `train`.
    estimator, row
        What `train` returned.

    Returns
    -------
    VectorModel
        With a background from `refit`.
    """
    statistics = standardisation(tracks, split.refit)
    card = {
        "name": name,
        "title": TITLES[name],
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "features": tracks.parameters.to_json(),
        "standardisation": {
            "mean": [float(value) for value in statistics.mean],
            "scale": [float(value) for value in statistics.scale],
        },
        "temperature": row["temperature"],
        "metrics": {"protocol": split.protocol, "test": row["test"], "valid": row["valid"]},
    }
    background = choose_background(tracks, split.refit, statistics.scale, seed)
    return VectorModel(estimator, card, background)
