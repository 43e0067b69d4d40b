"""Synthetic songs and small models with random weights, the same on every machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from core.constants import GENRES, N_MFCC, SAMPLE_RATE, SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel, split_segments
from core.models.novelty import Neighbours, NoveltyScore, describe
from core.models.spectrogram_models import SpectrogramBackground, SpectrogramModel

if TYPE_CHECKING:
    import keras

TEMPERATURE = 1.25


def song_samples(
    duration_s: float = 10.0, *, seed: int = 0, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """Synthesise a short song: changing chords, a melody, a beat and some noise.

    Parameters
    ----------
    duration_s : float
        Duration in seconds.
    seed : int
        Seed of the song.
    sample_rate : int
        Sampling rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32, range=(-1, 1)]
        Mono samples.
    """
    random = np.random.RandomState(seed)  # a frozen stream, unlike default_rng's
    n = round(duration_s * sample_rate)
    time = np.arange(n) / sample_rate
    beat = 0.5 - 0.05 * (seed % 5)  # seconds
    samples = 0.02 * random.standard_normal(n)
    chord_roots = 110.0 * 2 ** (random.randint(0, 12, size=64) / 12)
    notes = 220.0 * 2 ** (random.randint(0, 25, size=512) / 12)
    root = chord_roots[(time / (4 * beat)).astype(int) % len(chord_roots)]
    note = notes[(time / beat).astype(int) % len(notes)]
    for ratio in (1.0, 1.25, 1.5):
        samples += 0.08 * np.sin(2 * np.pi * np.cumsum(root * ratio) / sample_rate)
    phase = time % beat
    for harmonic in (1, 2, 3):
        tone = np.sin(2 * np.pi * harmonic * np.cumsum(note) / sample_rate)
        samples += 0.15 / harmonic * tone * np.exp(-4 * phase)
    kick = np.sin(2 * np.pi * 60 * phase) * np.exp(-20 * phase)
    hat = random.standard_normal(n) * np.exp(-60 * (time % (beat / 2)))
    samples += 0.3 * kick + 0.05 * hat
    return (0.7 * samples / np.abs(samples).max(initial=1e-9)).astype(np.float32)


def background_logmel(parameters: FeatureParameters | None = None, count: int = 6) -> np.ndarray:
    """Compute log-mel segments of different synthetic songs.

    Parameters
    ----------
    parameters : FeatureParameters, optional
        Feature parameters, by default those of the bundled models.
    count : int
        Number of segments.

    Returns
    -------
    np.ndarray [shape=(count, segment_frames, n_mels), dtype=float32, range=[-80, 0]]
        First segment of each song.
    """
    parameters = parameters or FeatureParameters()
    segments = [
        split_segments(logmel(song_samples(3.2, seed=100 + index), parameters), parameters)[0]
        for index in range(count)
    ]
    return np.stack(segments)


def random_mfcc(count: int) -> np.ndarray:
    """Draw MFCCs of noise, not standardised, `shape=(count, 72, 13)`."""
    shape = (count, SEGMENT_FRAMES, N_MFCC)
    return np.random.RandomState(0).normal(0, 40, shape).astype(np.float32)


def _head(features: Any, seed: int) -> Any:
    from keras import initializers, layers

    logits = layers.Dense(
        len(GENRES),
        name="logits",
        kernel_initializer=initializers.RandomNormal(stddev=1.5, seed=seed),
    )(features)
    scaled = layers.Rescaling(1 / TEMPERATURE)(logits)
    return layers.Softmax(name="probabilities")(scaled)


def _cnn(parameters: FeatureParameters, seed: int) -> keras.Model:
    import keras
    from keras import initializers, layers

    inputs = keras.Input((parameters.segment_frames, parameters.n_mfcc, 1))
    values = inputs
    for block, filters in enumerate((6, 8)):
        values = layers.Conv2D(
            filters,
            3,
            padding="same",
            activation="relu",
            kernel_initializer=initializers.GlorotUniform(seed=seed + block),
        )(values)
        values = layers.MaxPooling2D((2, 2), padding="same")(values)
    values = layers.Dense(
        12, activation="relu", kernel_initializer=initializers.GlorotUniform(seed=seed + 10)
    )(layers.Flatten()(values))
    return keras.Model(inputs, _head(values, seed + 20))


def _cnn_lstm(parameters: FeatureParameters, seed: int) -> keras.Model:
    import keras
    from keras import initializers, layers

    inputs = keras.Input((parameters.segment_frames, parameters.n_mfcc, 1))
    values = layers.Conv2D(
        4,
        3,
        padding="same",
        activation="relu",
        kernel_initializer=initializers.GlorotUniform(seed=seed),
    )(inputs)
    values = layers.MaxPooling2D((4, 2), padding="same")(values)
    values = layers.Reshape((values.shape[1], values.shape[2] * values.shape[3]))(values)
    values = layers.LSTM(
        8,
        kernel_initializer=initializers.GlorotUniform(seed=seed + 1),
        recurrent_initializer=initializers.Orthogonal(seed=seed + 2),
    )(values)
    return keras.Model(inputs, _head(values, seed + 20))


def tiny_model(
    name: str, *, parameters: FeatureParameters | None = None, seed: int = 0
) -> SpectrogramModel:
    """Build a small model with random weights, with card and background.

    Parameters
    ----------
    name : {"cnn", "cnn_lstm"}
        Kind of network, which is also the name of the model.
    parameters : FeatureParameters, optional
        Feature parameters, by default those of the bundled models.
    seed : int
        Seed of the weights.

    Returns
    -------
    SpectrogramModel
        Model whose predictions are arbitrary, but valid.
    """
    parameters = parameters or FeatureParameters()
    network = {"cnn": _cnn, "cnn_lstm": _cnn_lstm}[name](parameters, seed)
    segments = background_logmel(parameters)
    mfcc = mfcc_from_logmel(segments, parameters.n_mfcc)
    weights = np.arange(1, len(segments) + 1, dtype=np.float32)
    card = {
        "name": name,
        "title": {"cnn": "Tiny CNN", "cnn_lstm": "Tiny CNN-LSTM"}[name],
        "genres": list(GENRES),
        "features": parameters.to_json(),
        "standardisation": {
            "mean": mfcc.mean(axis=(0, 1)).tolist(),
            "scale": mfcc.std(axis=(0, 1)).tolist(),
        },
        "parameters": network.count_params(),
        "metrics": {
            "protocol": "artist",
            "test": {"song": {"n": 290, "accuracy": 0.125, "interval": [0.0975, 0.175]}},
        },
        "weights": {"file": f"{name}.keras", "sha256": "", "bytes": 0},
        "background": {"file": f"{name}.background.npz", "sha256": "", "bytes": 0},
    }
    return SpectrogramModel(
        network, card, SpectrogramBackground(weights=weights / weights.sum(), logmel=segments)
    )


def novelty_score(model: SpectrogramModel, *, typical: float = 0.0) -> NoveltyScore:
    """Build a novelty score of a small model, fitted on synthetic songs.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    typical : float
        Value that every part of the novelty is compared with.

    Returns
    -------
    NoveltyScore
        The sum of the parts counts.
    """
    parameters = model.parameters
    segments = [
        split_segments(logmel(song_samples(9.0, seed=seed), parameters), parameters)
        for seed in range(4)
    ]
    songs = np.repeat(np.arange(4), [len(each) for each in segments])
    mfcc = mfcc_from_logmel(np.concatenate(segments), parameters.n_mfcc)
    _, hidden = model.predict_hidden(mfcc)
    return NoveltyScore(
        Neighbours.fit(describe(mfcc, parameters), songs),
        Neighbours.fit(hidden, songs),
        np.full(3, typical),
        np.ones(3),
        np.ones((1, 3)),
    )
