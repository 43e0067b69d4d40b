"""The base class of all genre models: a card, a background, and predictions for segments.

A model is three files in one folder: ``NAME.json``, the card; ``NAME.keras`` or ``NAME.skops``, the
trained weights; and ``background-DIGEST.npz``, the baseline segments of explanations, which models
with the same background share. The card contains the names and digests of the other two files; a
file that does not match is not opened. Nothing is pickled. A spectrogram model may have a fourth
file, ``NAME.novelty.npz``, see `core.models.novelty`.

See Also
--------
core.models.spectrogram_models.SpectrogramModel : networks on MFCCs, explained on the spectrogram.
core.models.feature_models.FeatureModel : classifiers of descriptors or embeddings.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.features.spectrogram import FeatureParameters
from core.models.genre_sets import genre_set

if TYPE_CHECKING:
    import keras

    from core.audio.io import Audio

PREDICTION_BATCH = 64  # segments at a time


@dataclass(frozen=True)
class Background(ABC):
    """Weighted segments from the training set, the baseline of explanations.

    Parameters
    ----------
    weights : np.ndarray [shape=(k,), non-negative]
        Share of the training set that each segment represents; sums to one.
    """

    weights: np.ndarray

    @property
    def shares(self) -> np.ndarray:
        """Weights in double precision, `shape=(k,)`, normalised to sum to one exactly."""
        weights = self.weights.astype(np.float64)
        return weights / weights.sum()

    @abstractmethod
    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to be stored, by name."""


class GenreModel(ABC):
    """A trained classifier of segments together with its card.

    Parameters
    ----------
    card : dict
        Model card, as written by `core.models.store.save_model`.
    """

    def __init__(self, card: dict[str, Any]) -> None:
        self.card = card
        self.name: str = card["name"]
        self.genres: tuple[str, ...] = tuple(card["genres"])
        self.parameters = FeatureParameters.from_json(card["features"])

    @property
    def sample_rate(self) -> int:
        """Sampling rate in Hz of the audio that `extract` expects."""
        return self.parameters.sample_rate

    @property
    @abstractmethod
    def background(self) -> Background:
        """Reference segments from the training set."""

    @abstractmethod
    def extract(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Compute the model's inputs for segments of a song.

        Parameters
        ----------
        audio : Audio
            The song.
        segments : np.ndarray [shape=(n, segment_frames, n_mels)]
            Log-mel segments of the song in dB.
        starts : np.ndarray [shape=(n,), dtype=int]
            First frame of each segment.

        Returns
        -------
        np.ndarray [shape=(n, …), dtype=float32]
            Inputs for `predict`.
        """

    @abstractmethod
    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Compute the genre probabilities of segments.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, …)]
            Output of `extract`.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`; rows sum to one.
        """

    def predict_song(self, inputs: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, float]:
        """Compute the genre probabilities of a song's segments, and the novelty of the song.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, …)]
            Output of `extract`.
        filled : np.ndarray [shape=(n,), dtype=int]
            Number of frames of each segment that lie within the song.

        Returns
        -------
        probabilities : np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            As from `predict`.
        novelty : float
            See `core.models.novelty`; NaN if the model has no novelty score.
        """
        return self.predict(inputs), math.nan

    def predict_songs(
        self, songs: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> list[tuple[np.ndarray, float]]:
        """Compute genre probabilities and novelty of several songs.

        Parameters
        ----------
        songs : sequence of (inputs, filled)
            For each song the arguments of `predict_song`.

        Returns
        -------
        list of (probabilities, novelty)
            For each song what `predict_song` returns, up to the rounding of single precision.
        """
        return [self.predict_song(inputs, filled) for inputs, filled in songs]

    def genre_set(self, probabilities: np.ndarray) -> tuple[str, ...]:
        """Choose the genres that remain possible for a song.

        Parameters
        ----------
        probabilities : np.ndarray [shape=(10,), range=[0, 1]]
            Mean probabilities of the song.

        Returns
        -------
        tuple of str
            See `core.models.genre_sets`; only the most probable genre if the card has no threshold.
        """
        threshold = self.card.get("genre_sets", {}).get("threshold", 0.0)
        return genre_set(probabilities, threshold, self.genres)

    @property
    @abstractmethod
    def weights_suffix(self) -> str:
        """File name suffix of the stored weights."""

    @abstractmethod
    def save_weights(self, path: Path) -> None:
        """Write the trained weights to a file with the suffix `weights_suffix`."""


def check_weights(path: Path, weights: np.ndarray, segments: np.ndarray) -> None:
    """Check that a background has at least one segment, and that their weights are shares.

    Parameters
    ----------
    path : Path
        File of the background, for the message.
    weights : np.ndarray [shape=(k,)]
        Weights of the segments.
    segments : np.ndarray [shape=(k, …)]
        Segments.

    Raises
    ------
    ModelError
        If they are not.
    """
    fits = weights.ndim == 1 and segments.ndim >= 2 and 0 < len(weights) == len(segments)
    if not fits or (weights < 0).any() or not 0 < weights.sum() < np.inf:
        raise ModelError(f"{path.name} is not a background. Restore the file.")


def batched_predictor(network: keras.Model) -> Callable[[np.ndarray], np.ndarray]:
    """Compile a network into a function that predicts any number of segments in batches.

    Parameters
    ----------
    network : keras.Model
        Functional model with one output, ``(n, genres)``.

    Returns
    -------
    callable
        From inputs ``(n, …)`` to the network's output ``(n, genres)``, float32.
    """
    import tensorflow as tf

    forward = tf.function(
        lambda batch: network(batch, training=False),
        input_signature=[tf.TensorSpec(network.input_shape, tf.float32)],
    )

    def predict(inputs: np.ndarray) -> np.ndarray:
        if not len(inputs):
            return np.zeros((0, network.output_shape[-1]), dtype=np.float32)
        batches = [
            forward(inputs[start : start + PREDICTION_BATCH]).numpy()
            for start in range(0, len(inputs), PREDICTION_BATCH)
        ]
        return np.concatenate(batches).astype(np.float32)

    return predict
