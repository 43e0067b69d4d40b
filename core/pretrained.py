"""A genre model on top of musicnn: a listener who has heard a large share of a million songs.

`core.musicnn` hears fifty tags in three seconds; one linear layer makes ten genres of their logits.
That layer is a linear discriminant analysis with shrinkage, whose posterior is a softmax. In front
stand the same features as in every other model here, a log-mel spectrogram relative to the song's
maximum and its cosine transform, so that what musicnn makes of a song does not depend on its level,
and everything up to the answer is one differentiable network.
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers, ops
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core import musicnn
from core.constants import GENRES
from core.features import dct_matrix
from core.training import fit_temperature

SHRINKAGE = 0.3  # of the tags' covariance
FOLDS = 5
LEAST = 1e-6  # of a tag's probability, before a logarithm
LEVEL_DB = 18.0  # power of the loudest mel band of a recording at full scale, about


def logits_of(taggrams: np.ndarray) -> np.ndarray:
    """Return the logits of tag probabilities."""
    shares = np.clip(taggrams.astype(np.float64), LEAST, 1 - LEAST)
    return np.log(shares) - np.log1p(-shares)


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


def genre_network(
    tagger: keras.Model, kernel: np.ndarray, bias: np.ndarray, temperature: float
) -> keras.Model:
    """Return the whole network, from cepstral coefficients to calibrated probabilities.

    Parameters
    ----------
    tagger : keras.Model
        As `core.musicnn.build` made it, with its weights.
    kernel, bias, temperature
        As `fit_head` returned them.

    Returns
    -------
    keras.Model
        From ``(n, 187, 96, 1)``, all coefficients of the log-mel spectrogram, to ``(n, 10)``.
    """
    parameters = musicnn.PARAMETERS
    shape = (parameters.segment_frames, parameters.n_mels)
    coefficients = keras.Input((*shape, 1), name="mfcc")
    inverse = layers.Dense(parameters.n_mels, use_bias=False, trainable=False, name="logmel")
    decibels = inverse(layers.Reshape(shape)(coefficients))
    power = ops.exp((decibels + LEVEL_DB) * (np.log(10) / 10))
    heard = ops.log(1 + 1e4 * power) / np.log(10)
    head = layers.Dense(len(GENRES), trainable=False, name="logits")
    logits = layers.Rescaling(1 / temperature, name="temperature")(head(tagger(heard)))
    network = keras.Model(
        coefficients, layers.Softmax(name="probabilities")(logits), name="musicnn_genres"
    )
    inverse.set_weights([dct_matrix(parameters.n_mfcc, parameters.n_mels)])
    head.set_weights([kernel, bias])
    return network
