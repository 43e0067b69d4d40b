"""A genre model on top of musicnn: a listener who has heard a large share of a million songs.

`core.networks.musicnn` predicts fifty tags for three seconds; one linear layer maps their logits
to ten genres.
That layer is a linear discriminant analysis with shrinkage, whose posterior is a softmax. In front
stand the same features as in every other model here, a log-mel spectrogram relative to the song's
maximum and its cosine transform, so that what musicnn makes of a song does not depend on its level,
and everything up to the answer is one differentiable network.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
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
from core.data.splits import Segments, Split
from core.evaluation.calibration import fit_temperature
from core.evaluation.metrics import evaluate
from core.features.spectrogram import logmel, split_segments
from core.models.registry import MUSICNN
from core.models.spectrogram_models import SpectrogramBackground, SpectrogramModel
from core.networks import musicnn
from core.networks.musicnn import genre_network
from core.training.background import medoids
from core.training.musicnn_tags import WINDOWS

SHRINKAGE = 0.3  # of the tags' covariance
FOLDS = 5


def fit_head(
    logits: np.ndarray, labels: np.ndarray, artists: np.ndarray, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, float]:
    """Fit the layer from tags to genres.

    Parameters
    ----------
    logits : np.ndarray [shape=(n, 50)]
        Logits of the tags, a row a window.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    artists : np.ndarray [shape=(n,)]
        Who plays; no artist is on both sides of a fold.
    seed : int
        Seed of the folds.

    Returns
    -------
    kernel : np.ndarray [shape=(50, 10), dtype=float32]
        Weights.
    bias : np.ndarray [shape=(10,), dtype=float32]
        Offsets.
    temperature : float
        Divisor of the logits that makes out-of-fold probabilities honest.
    """
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    rows = np.zeros((len(labels), len(GENRES)))
    for fitted, judged in dealer.split(logits, labels, artists):
        kernel, bias = _discriminant(logits[fitted], labels[fitted])
        scores = logits[judged] @ kernel + bias
        rows[judged] = np.exp(scores - scores.max(axis=1, keepdims=True))
    rows /= rows.sum(axis=1, keepdims=True)
    kernel, bias = _discriminant(logits, labels)
    return kernel.astype(np.float32), bias.astype(np.float32), fit_temperature(rows, labels)


def _discriminant(logits: np.ndarray, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return weights and offsets of the discriminant analysis, for tags as they are."""
    even = np.full(len(GENRES), 1 / len(GENRES))
    model = make_pipeline(
        StandardScaler(),
        LinearDiscriminantAnalysis(solver="lsqr", shrinkage=SHRINKAGE, priors=even),
    )
    model.fit(logits, labels)
    scaler, analysis = model[0], model[1]
    kernel = analysis.coef_.T / scaler.scale_[:, np.newaxis]
    return kernel, analysis.intercept_ - scaler.mean_ @ kernel


CANDIDATES = 6  # recordings a genre for the background


BACKGROUND = 4  # segments that explanations compare with


def rows_of(table: np.ndarray, tracks: TrackSet, side: Segments) -> tuple[np.ndarray, Segments]:
    """Return the tags of those segments of a side that are known, and these segments."""
    side = side.where(~np.isnan(table[side.track, 0, 0]))
    seconds = side.start * tracks.parameters.hop_length / tracks.parameters.sample_rate
    window = np.minimum(np.rint(seconds).astype(int), WINDOWS - 1)
    return table[side.track, window], side


def train(
    table: np.ndarray, tracks: TrackSet, split: Split, seed: int
) -> tuple[
    tuple[np.ndarray, np.ndarray, float],
    dict[str, Any],
    dict[str, tuple[np.ndarray, Segments]],
]:
    """Fit the layer from tags to genres on the larger training side, and measure it.

    Parameters
    ----------
    table : np.ndarray
        As `tag_table` returned it.
    tracks : TrackSet
        The tracks.
    split : Split
        Their sides.
    seed : int
        Seed of the folds that the temperature is fitted on.

    Returns
    -------
    head : tuple
        Kernel, bias and temperature.
    scores : dict
        `valid` (fitted on `train` alone) and `test` metrics, `temperature`, `training_s`.
    answers : dict of str to tuple
        For the `valid` and the `test` side: answers ``(n, 10)``, and those of its segments whose
        tags are known.
    """
    artists = np.array(
        [tracks.entry(index).artist or name for index, name in enumerate(tracks.track_ids)]
    )
    started = time.monotonic()

    def fitted(side: Segments) -> tuple[np.ndarray, np.ndarray, float]:
        rows, known = rows_of(table, tracks, side)
        return fit_head(rows, tracks.labels[known.track], artists[known.track], seed)

    def answers(
        head: tuple[np.ndarray, np.ndarray, float], side: Segments
    ) -> tuple[np.ndarray, Segments]:
        kernel, bias, temperature = head
        rows, known = rows_of(table, tracks, side)
        return scipy.special.softmax((rows @ kernel + bias) / temperature, axis=1), known

    head = fitted(split.refit)
    answered = {
        "valid": answers(fitted(split.train), split.valid),
        "test": answers(head, split.test),
    }
    scores = {
        side: evaluate(rows, tracks.labels[known.track], known.track)
        for side, (rows, known) in answered.items()
    }
    return (
        head,
        {
            **scores,
            "temperature": head[2],
            "training_s": round(time.monotonic() - started),
            "parameters": int(head[0].size + head[1].size),
        },
        answered,
    )


def background_of(folders: Sequence[Path], names: set[str], seed: int) -> SpectrogramBackground:
    """Choose what explanations compare with, from recordings of the training side.

    A gradient of this network takes a hundred times as long as one of the small networks, so there
    are only few segments.

    Parameters
    ----------
    folders : sequence of Path
        The recordings.
    names : set of str
        Tracks of the training side.
    seed : int
        Seed of the choice.

    Returns
    -------
    SpectrogramBackground
        Medoids of clusters of segments, each with its cluster's share.
    """
    random = np.random.default_rng(seed)
    files = list_recordings(folders)
    chosen = []
    for label in range(len(GENRES)):
        paths = [path for name, (path, found) in files.items() if found == label and name in names]
        for path in random.permutation(np.array(sorted(paths), dtype=object))[:CANDIDATES]:
            audio = load_audio(path, sample_rate=musicnn.PARAMETERS.sample_rate)
            segments = split_segments(logmel(audio.samples, musicnn.PARAMETERS), musicnn.PARAMETERS)
            chosen.append(segments[random.integers(len(segments))])
    cuts = np.stack(chosen)
    points = np.concatenate([cuts.mean(axis=1), cuts.std(axis=1)], axis=1)
    places, shares = medoids(points, BACKGROUND, seed)
    return SpectrogramBackground(shares.astype(np.float32), cuts[places])


def package(
    tagger: keras.Model,
    head: tuple[np.ndarray, np.ndarray, float],
    background: SpectrogramBackground,
    description: dict[str, Any],
) -> SpectrogramModel:
    """Make the model that can be saved, explained and played like the others.

    Parameters
    ----------
    tagger : keras.Model
        musicnn, with its weights.
    head : tuple
        As `train` returned it.
    background : SpectrogramBackground
        What explanations compare with.
    description : dict
        `title`, `data`, `training` and `metrics` of the card.

    Returns
    -------
    SpectrogramModel
        With calibrated output.
    """
    network = genre_network(tagger, *head)
    count = musicnn.PARAMETERS.n_mfcc
    card = {
        "name": MUSICNN,
        "genres": list(GENRES),
        "created": time.strftime("%Y-%m-%d"),
        "parameters": int(network.count_params()),
        "features": musicnn.PARAMETERS.to_json(),
        "standardisation": {"mean": [0.0] * count, "scale": [1.0] * count},
        "temperature": head[2],
        **description,
    }
    return SpectrogramModel(network, card, background)
