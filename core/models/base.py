"""Trained models: weights, the card that describes them, and `GenreModel`, which answers.

A model is three files in one folder: ``NAME.keras`` (a functional Keras network from standardised
MFCCs to calibrated genre probabilities; or ``NAME.skops``, see `core.models.feature_models`),
``NAME.background.npz`` (the songs an explanation compares with) and ``NAME.json``, the card. The
card holds the digest of the other two; files that do not match it are not opened. Nothing is
pickled.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel

if TYPE_CHECKING:
    import keras

    from core.audio.io import Audio

PREDICTION_BATCH = 64  # segments at a time


@dataclass(frozen=True)
class Background:
    """The segments an explanation compares with, from the training side.

    Parameters
    ----------
    logmel : np.ndarray [shape=(k, segment_frames, n_mels), dtype=float32, range=[-80, 0]]
        Log-mel segments in dB.
    weights : np.ndarray [shape=(k,), non-negative]
        Share of the training data that each stands for; sums to one.
    inputs : np.ndarray [shape=(k, …), dtype=float32], optional
        What a model that is no network on a spectrogram reads of them; then there is no `logmel`.
    """

    logmel: np.ndarray
    weights: np.ndarray
    inputs: np.ndarray | None = None

    @property
    def shares(self) -> np.ndarray:
        """The weights in double precision, `shape=(k,)`: their sum is one to the last digit."""
        weights = self.weights.astype(np.float64)
        return weights / weights.sum()


class GenreModel:
    """One trained network together with its card.

    Parameters
    ----------
    network : keras.Model
        Functional model, standardised MFCC ``(n, frames, n_mfcc, 1)`` to probabilities ``(n, 10)``.
    card : dict
        Model card, as written by `save_model`.
    background : Background or Path
        Background segments, or the file that holds them (read when first asked for).
    """

    suffix = ".keras"  # of the weights
    reads_spectrogram = True  # whether what it goes by lies in the spectrogram, and can be played

    def __init__(
        self, network: keras.Model, card: dict[str, Any], background: Background | Path
    ) -> None:
        self.network = network
        self.card = card
        self.name: str = card["name"]
        self.genres: tuple[str, ...] = tuple(card["genres"])
        self.parameters = FeatureParameters.from_json(card["features"])
        self.mean = np.asarray(card["standardisation"]["mean"], dtype=np.float32)
        self.scale = np.asarray(card["standardisation"]["scale"], dtype=np.float32)
        self._background = background

    @cached_property
    def background(self) -> Background:
        """Background segments of the training side."""
        if isinstance(self._background, Background):
            return self._background
        with np.load(self._background, allow_pickle=False) as archive:
            return Background(
                logmel=archive["logmel"].astype(np.float32),
                weights=archive["weights"].astype(np.float32),
                inputs=archive["inputs"].astype(np.float32) if "inputs" in archive else None,
            )

    @cached_property
    def _forward(self) -> Any:
        import tensorflow as tf

        return tf.function(
            lambda batch: self.network(batch, training=False),
            input_signature=[tf.TensorSpec(self.network.input_shape, tf.float32)],
        )

    def save_weights(self, path: Path) -> None:
        """Write the network."""
        self.network.save(path)

    def standardise(self, mfcc: np.ndarray) -> np.ndarray:
        """Return MFCCs as the network wants them: zero mean, unit scale per coefficient.

        Parameters
        ----------
        mfcc : np.ndarray [shape=(..., n_mfcc)]
            MFCCs, not standardised.

        Returns
        -------
        np.ndarray [shape=(..., n_mfcc), dtype=float32]
            ``(mfcc - mean) / scale`` with the training side's statistics.
        """
        return ((np.asarray(mfcc, dtype=np.float32) - self.mean) / self.scale).astype(np.float32)

    def read(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return what the model reads of a song's segments.

        Parameters
        ----------
        audio : Audio
            The song; a network on a spectrogram does not need it.
        segments : np.ndarray [shape=(n, segment_frames, n_mels)]
            Its log-mel segments in dB.
        starts : np.ndarray [shape=(n,), dtype=int]
            First frame of each.

        Returns
        -------
        np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
            MFCCs, not standardised; other models read other things.
        """
        return mfcc_from_logmel(segments, self.parameters.n_mfcc)

    def predict(self, mfcc: np.ndarray) -> np.ndarray:
        """Return the genre probabilities of segments.

        Parameters
        ----------
        mfcc : np.ndarray [shape=(n, segment_frames, n_mfcc)]
            MFCCs, not standardised.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`; rows sum to one.

        Raises
        ------
        ModelError
            If the array does not have the model's shape.
        """
        mfcc = np.asarray(mfcc, dtype=np.float32)
        expected = (self.parameters.segment_frames, self.parameters.n_mfcc)
        if mfcc.ndim != 3 or mfcc.shape[1:] != expected:
            raise ModelError(
                f"{self.name} reads MFCCs of shape (n, {expected[0]}, {expected[1]}), "
                f"not {mfcc.shape}; compute them with the parameters on its card."
            )
        return self._answers(self.standardise(mfcc)[..., np.newaxis])

    def _answers(self, inputs: np.ndarray) -> np.ndarray:
        """Return the network's answers to what it takes, in batches."""
        parts = [
            self._forward(inputs[start : start + PREDICTION_BATCH]).numpy()
            for start in range(0, len(inputs), PREDICTION_BATCH)
        ]
        if not parts:
            return np.zeros((0, len(self.genres)), dtype=np.float32)
        return np.concatenate(parts).astype(np.float32)

    def predict_logmel(self, logmel_db: np.ndarray) -> np.ndarray:
        """Return the genre probabilities of log-mel segments.

        Parameters
        ----------
        logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
            Log-mel segments in dB relative to their song's maximum.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`.
        """
        return self.predict(mfcc_from_logmel(logmel_db, self.parameters.n_mfcc))
