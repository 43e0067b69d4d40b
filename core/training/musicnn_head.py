"""Training of the genre layer on top of MSD-musicnn.

MSD-musicnn (`core.networks.musicnn`) is pretrained on the Million Song Dataset and predicts fifty
tags for three seconds of music; one linear layer maps their logits to the ten genres. The layer is
a linear discriminant analysis with shrinkage, whose posterior is a softmax. The input is the same
as that of the other spectrogram models, the cosine transform of a log-mel spectrogram relative to
the song's maximum. The prediction therefore does not depend on the level of the song, and the whole
model is one differentiable network.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.special
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.audio.io import load_audio
from core.constants import GENRES
from core.data.gtzan import TrackSet, list_recordings
from core.data.splits import FOLDS, Segments, Split, artist_groups
from core.errors import DatasetError
from core.evaluation.calibration import fit_temperature
from core.evaluation.metrics import evaluate
from core.features.spectrogram import logmel, split_segments
from core.models.registry import MUSICNN
from core.models.spectrogram_models import SpectrogramBackground, SpectrogramModel
from core.networks import musicnn
from core.training.background import medoids
from core.training.musicnn_tags import WINDOWS
from core.training.records import Result, model_card
from core.training.small_data import enough_data

ABSENT = -1e4  # offset of a genre without samples
SHRINKAGE = 0.3  # of the covariance of the tags' logits
CANDIDATES = 6  # recordings per genre among which the background is chosen
BACKGROUND_SEGMENTS = 4  # a gradient takes a hundred times as long as one of the small networks


@dataclass(frozen=True, eq=False)
class Head:
    """Linear layer from tags to genres.

    Parameters
    ----------
    kernel : np.ndarray [shape=(50, 10), dtype=float32]
        Weights.
    bias : np.ndarray [shape=(10,), dtype=float32]
        Offsets.
    temperature : float
        Divisor of the layer's output that calibrates the probabilities.
    """

    kernel: np.ndarray
    bias: np.ndarray
    temperature: float

    def predict(self, logits: np.ndarray) -> np.ndarray:
        """Compute calibrated genre probabilities ``(n, 10)`` from tag logits ``(n, 50)``."""
        return scipy.special.softmax((logits @ self.kernel + self.bias) / self.temperature, axis=1)


def fit_head(logits: np.ndarray, labels: np.ndarray, artists: np.ndarray, seed: int = 0) -> Head:
    """Fit the layer from tags to genres.

    Parameters
    ----------
    logits : np.ndarray [shape=(n, 50)]
        Tag logits of windows.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    artists : np.ndarray [shape=(n,)]
        Artists; the cross-validation keeps them apart.
    seed : int
        Seed of the cross-validation.

    Returns
    -------
    Head
        Fitted on all windows. The temperature is that of cross-validated predictions.

    Raises
    ------
    DatasetError
        If there are too few windows, genres or artists for the cross-validation.
    """
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    probabilities = np.zeros((len(labels), len(GENRES)))
    with enough_data("The layer from tags to genres"):
        if len(np.unique(labels)) < 2:
            raise ValueError("they all have the same genre")
        for fitted, predicted in splitter.split(logits, labels, artists):
            kernel, bias = _discriminant(logits[fitted], labels[fitted])
            scores = logits[predicted] @ kernel + bias
            probabilities[predicted] = np.exp(scores - scores.max(axis=1, keepdims=True))
        kernel, bias = _discriminant(logits, labels)
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    temperature = fit_temperature(probabilities, labels)
    return Head(kernel.astype(np.float32), bias.astype(np.float32), temperature)


def _discriminant(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Fit a discriminant analysis; its weights and offsets apply to logits as they are.

    Genres without a sample get no probability.
    """
    present = np.unique(labels)
    uniform = np.full(len(present), 1 / len(present))
    pipeline = make_pipeline(
        StandardScaler(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE, priors=uniform),
    )
    pipeline.fit(logits, labels)
    scaler, analysis = pipeline[0], pipeline[1]
    fitted = analysis.coef_.T / scaler.scale_[:, np.newaxis]
    kernel = np.zeros((logits.shape[1], len(GENRES)))
    bias = np.full(len(GENRES), ABSENT)
    kernel[:, present], bias[present] = fitted, analysis.intercept_ - scaler.mean_ @ fitted
    return kernel, bias


def tagged(table: np.ndarray, tracks: TrackSet, segments: Segments) -> tuple[np.ndarray, Segments]:
    """Look up the tags of segments.

    Parameters
    ----------
    table : np.ndarray [shape=(tracks, WINDOWS, 50)]
        Tag logits, see `core.training.musicnn_tags.tag_table`.
    tracks : TrackSet
        Tracks.
    segments : Segments
        Segments.

    Returns
    -------
    logits : np.ndarray [shape=(n, 50)]
        Tag logits of the window nearest to each segment.
    segments : Segments
        The segments whose track has tags.
    """
    segments = segments.where(~np.isnan(table[segments.track, 0, 0]))
    seconds = segments.start * tracks.parameters.hop_length / tracks.parameters.sample_rate
    window = np.minimum(np.rint(seconds).astype(int), WINDOWS - 1)
    return table[segments.track, window], segments


def train(
    table: np.ndarray, tracks: TrackSet, split: Split, seed: int, rebuilt: dict[str, float]
) -> tuple[Result, Head]:
    """Fit the layer from tags to genres on `refit` and measure it on the test set.

    Parameters
    ----------
    table : np.ndarray [shape=(tracks, WINDOWS, 50)]
        Tag logits, see `core.training.musicnn_tags.tag_table`.
    tracks : TrackSet
        Tracks.
    split : Split
        Training, validation and test set.
    seed : int
        Seed of the cross-validation that the temperature is fitted on.
    rebuilt : dict
        Agreement with stored tags, see `core.training.musicnn_tags.agreement`; for the records.

    Returns
    -------
    result : Result
        With predictions for the test set, and predictions for the validation set of a layer that
        was fitted on `train`.
    head : Head
        Layer fitted on `refit`.
    """
    started = time.monotonic()
    artists = artist_groups(tracks)

    def fit(segments: Segments) -> Head:
        logits, known = tagged(table, tracks, segments)
        return fit_head(logits, tracks.labels[known.track], artists[known.track], seed)

    def predict(head: Head, segments: Segments) -> tuple[np.ndarray, Segments]:
        logits, known = tagged(table, tracks, segments)
        return head.predict(logits), known

    head = fit(split.refit)
    validation = predict(fit(split.train), split.valid)
    test = predict(head, split.test)
    metrics = {
        name: evaluate(probabilities, tracks.labels[segments.track], segments.track)
        for name, (probabilities, segments) in (("valid", validation), ("test", test))
    }
    scores: dict[str, Any] = {
        "rebuilt": rebuilt,
        **metrics,
        "temperature": head.temperature,
        "training_s": round(time.monotonic() - started),
        "parameters": int(head.kernel.size + head.bias.size),
    }
    probabilities, segments = test
    result = Result(
        name=MUSICNN,
        tracks=tracks,
        split=split,
        seed=seed,
        segments=segments,
        probabilities=probabilities,
        scores=scores,
        validation=validation,
    )
    return result, head


def choose_recorded_background(
    folders: Sequence[Path], names: set[str], seed: int
) -> SpectrogramBackground:
    """Choose the background of the model from recordings of the training set.

    Parameters
    ----------
    folders : sequence of Path
        Folders of recordings, see `core.data.gtzan.list_recordings`.
    names : set of str
        Tracks of the training set.
    seed : int
        Seed of the choice.

    Returns
    -------
    SpectrogramBackground
        Medoids of clusters of segments; the weights are the shares of the clusters.

    Raises
    ------
    AudioError
        If a recording cannot be read.
    DatasetError
        If no track of the training set has a recording.
    """
    random = np.random.default_rng(seed)
    files = list_recordings(folders)
    chosen = []
    for label in range(len(GENRES)):
        paths = [path for name, (path, genre) in files.items() if genre == label and name in names]
        for path in random.permutation(np.array(sorted(paths), dtype=object))[:CANDIDATES]:
            audio = load_audio(path, sample_rate=musicnn.PARAMETERS.sample_rate)
            segments = split_segments(logmel(audio.samples, musicnn.PARAMETERS), musicnn.PARAMETERS)
            chosen.append(segments[random.integers(len(segments))])
    if not chosen:
        raise DatasetError("No recording belongs to the training set.")
    candidates = np.stack(chosen)
    points = np.concatenate([candidates.mean(axis=1), candidates.std(axis=1)], axis=1)
    indices, shares = medoids(points, BACKGROUND_SEGMENTS, seed)
    return SpectrogramBackground(shares.astype(np.float32), candidates[indices])


def package(
    result: Result,
    head: Head,
    tagger: keras.Model,
    background: SpectrogramBackground,
    data: dict[str, Any],
) -> SpectrogramModel:
    """Build the model to be saved.

    Parameters
    ----------
    result, head
        Output of `train`.
    tagger : keras.Model
        musicnn with its weights.
    background : SpectrogramBackground
        Baseline of explanations.
    data : dict
        Description of the training data, see `core.training.records.describe_data`.

    Returns
    -------
    SpectrogramModel
        With calibrated output.
    """
    network = musicnn.genre_network(tagger, head.kernel, head.bias, head.temperature)
    n_mfcc = musicnn.PARAMETERS.n_mfcc
    card = model_card(
        result,
        musicnn.PARAMETERS,
        data,
        standardisation={"mean": [0.0] * n_mfcc, "scale": [1.0] * n_mfcc},  # none
        parameters=int(network.count_params()),
        training={"rebuilt": result.scores["rebuilt"]},
    )
    return SpectrogramModel(network, card, background)
