"""Records of a training run: model card, score row, stored predictions, and the model itself.

Every trainer hands over a `Result`. Its predictions for the test set and its row of scores are
always written. The model and its card are written under the artist protocol only, whose weights are
the ones in use.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from core.analysis import analyze
from core.audio.io import Audio
from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments, Split
from core.evaluation.metrics import song_votes
from core.evaluation.predictions import Predictions, index_songs, save_predictions
from core.evaluation.scores import details, save_scores, summary
from core.features import yamnet
from core.features.spectrogram import FeatureParameters
from core.models.base import GenreModel
from core.models.cards import PARTS
from core.models.registry import MODELS, needs_download
from core.models.store import save_model
from core.training.novelty import genre_sets

TIMED_SONG_S = 30.0  # seconds of noise
TIMED_RUNS = 5


@dataclass(frozen=True)
class Folders:
    """Output folders of a training run.

    Parameters
    ----------
    models : Path
        Models, cards, scores, and predictions for test sets.
    runs : Path
        Checkpoints and histories of this run.
    cache : Path
        Results that all runs share, such as features of recordings.
    """

    models: Path
    runs: Path
    cache: Path

    @property
    def validation(self) -> Path:
        """Folder of predictions for validation sets, which the ensemble is fitted on."""
        return self.runs / "valid"


@dataclass(frozen=True, eq=False)
class Result:
    """Outcome of training one model on one split.

    Parameters
    ----------
    name : str
        Model, see `core.models.registry.MODELS`.
    tracks : TrackSet
        Tracks.
    split : Split
        Split of these tracks.
    seed : int
        Seed of split and training.
    segments : Segments
        Segments of the test set that were predicted.
    probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
        Calibrated predictions for these segments.
    scores : dict
        Entries of the score row, ready for JSON: `valid` and `test` metrics, `temperature`,
        `training_s` and others.
    history : dict
        Rows of the epochs of each fit, by the name of the set; empty without epochs.
    validation : tuple of (np.ndarray, Segments), optional
        Calibrated predictions for the validation set, and their segments.
    """

    name: str
    tracks: TrackSet
    split: Split
    seed: int
    segments: Segments
    probabilities: np.ndarray
    scores: dict[str, Any]
    history: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    validation: tuple[np.ndarray, Segments] | None = None

    @property
    def labels(self) -> np.ndarray:
        """Genres of the predicted segments, `shape=(n,)`."""
        return self.tracks.labels[self.segments.track]


def record(result: Result, folders: Folders, package: Callable[[], GenreModel]) -> None:
    """Write the predictions and scores of a model, and under the artist protocol the model itself.

    Parameters
    ----------
    result : Result
        Outcome of the training.
    folders : Folders
        Output folders.
    package : callable
        Builds the model with its card, see `model_card`. Called under the artist protocol only.
    """
    name, protocol = result.name, result.split.protocol
    store_predictions(
        folders.models, name, protocol, result.probabilities, result.tracks, result.segments
    )
    if result.validation is not None:
        probabilities, segments = result.validation
        store_predictions(
            folders.validation, name, protocol, probabilities, result.tracks, segments
        )
    row = score_row(
        name,
        protocol,
        result.seed,
        result.scores,
        result.probabilities,
        result.labels,
        result.segments.track,
    )
    if protocol == "artist":
        model = package()
        save_model(model, folders.models)
        if not needs_download(name) or yamnet.is_available():
            row |= measure_cost(model)
    save_scores(folders.models, f"{name}/{protocol}", row)
    print(summary(name, protocol, result.scores["test"]))


def score_row(
    name: str,
    protocol: str,
    seed: int,
    scores: dict[str, Any],
    probabilities: np.ndarray,
    labels: np.ndarray,
    songs: np.ndarray,
) -> dict[str, Any]:
    """Assemble the scores of a model under one protocol.

    Parameters
    ----------
    name, protocol : str
        Model and protocol.
    seed : int
        Seed of split and training.
    scores : dict
        Entries that the trainer measured, among them `valid` and `test`.
    probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
        Predictions for the test set.
    labels, songs : np.ndarray [shape=(n,), dtype=int]
        True genre and song of each segment.

    Returns
    -------
    dict
        Row of ``scores.json``, with the metrics of `core.evaluation.scores.details`.
    """
    return {
        "model": name,
        "title": MODELS[name].title,
        "reported": MODELS[name].reported,
        "protocol": protocol,
        "seed": seed,
        **scores,
        **details(probabilities, labels, songs),
    }


def model_card(
    result: Result,
    features: FeatureParameters,
    data: dict[str, Any],
    **entries: Any,
) -> dict[str, Any]:
    """Assemble the card of a model.

    Parameters
    ----------
    result : Result
        Outcome of the training.
    features : FeatureParameters
        Feature parameters of the model.
    data : dict
        Description of the training data, see `describe_data`.
    **entries : Any
        Further entries: `standardisation` of a spectrogram model, `reads` of a feature model,
        `parameters` (the number of weights), `training` and others.

    Returns
    -------
    dict
        Card without the digests of the model's files, ready for JSON.
    """
    spec = MODELS[result.name]
    calibration: dict[str, Any] = {}
    if result.validation is not None:
        probabilities, segments = result.validation
        votes = song_votes(probabilities, result.tracks.labels[segments.track], segments.track)
        calibration["genre_sets"] = genre_sets(*votes)
    return {
        "name": result.name,
        "title": spec.title,
        "reported": spec.reported,
        "differs": spec.differs,
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "features": features.to_json(),
        "temperature": result.scores["temperature"],
        **calibration,
        "data": data,
        **entries,
        "metrics": {
            "protocol": result.split.protocol,
            "test": result.scores["test"],
            "valid": result.scores["valid"],
        },
    }


def describe_data(
    split: Split,
    tracks: TrackSet,
    seed: int,
    read_from: str,
    *,
    with_teacher: bool,
    predicted: dict[str, Segments] | None = None,
) -> dict[str, Any]:
    """Describe the training data for a card.

    Parameters
    ----------
    split : Split
        Training, validation and test set.
    tracks : TrackSet
        Tracks.
    seed : int
        Seed of the split.
    read_from : str
        Kind of source, for example ``"audio files"``.
    with_teacher : bool
        Whether tags of a teacher network were available.
    predicted : dict of Segments, optional
        Sets that were reduced after the split, by their names.

    Returns
    -------
    dict
        Ready for JSON; numbers of tracks and segments of each set.
    """
    subsets = {name: getattr(split, name) for name in ("train", "valid", "refit", "test")}
    return {
        "source": "GTZAN (Tzanetakis & Cook 2002)",
        "read_from": read_from,
        "tracks": len(tracks),
        "teacher": "MSD-musicnn taggrams of training tracks" if with_teacher else None,
        "protocol": split.protocol,
        "seed": seed,
        **{
            name: {"tracks": len(set(subset.track.tolist())), "segments": len(subset)}
            for name, subset in (subsets | (predicted or {})).items()
        },
    }


def measure_cost(model: GenreModel) -> dict[str, float]:
    """Measure size and speed of a model on this machine.

    Parameters
    ----------
    model : GenreModel
        Model that was saved or loaded.

    Returns
    -------
    dict
        `bytes`: size of its files. `ms_per_segment`: median time to classify a decoded song,
        divided by the number of three-second segments.
    """
    noise = 0.1 * np.random.default_rng(0).standard_normal(
        round(TIMED_SONG_S * model.parameters.sample_rate)
    )
    song = Audio(noise.astype(np.float32), model.parameters.sample_rate)
    analyze(song, model)  # the first call also compiles
    seconds = []
    for _ in range(TIMED_RUNS):
        started = time.perf_counter()
        analyze(song, model)
        seconds.append(time.perf_counter() - started)
    return {
        "bytes": sum(model.card[part]["bytes"] for part in PARTS),
        "ms_per_segment": round(1000 * float(np.median(seconds)) / (TIMED_SONG_S / 3), 2),
    }


def store_predictions(
    folder: Path,
    name: str,
    protocol: str,
    probabilities: np.ndarray,
    tracks: TrackSet,
    segments: Segments,
) -> None:
    """Write the predictions of a model for a test or validation set.

    Parameters
    ----------
    folder : Path
        Folder to write to.
    name, protocol : str
        Model and protocol.
    probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
        Calibrated predictions.
    tracks : TrackSet
        Tracks.
    segments : Segments
        Segments that were predicted.
    """
    songs, names = index_songs(segments.track, np.array(tracks.track_ids))
    predictions = Predictions(probabilities, tracks.labels[segments.track], songs, names)
    save_predictions(predictions, folder, name, protocol)
