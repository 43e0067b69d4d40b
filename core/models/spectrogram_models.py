"""Networks on MFCCs, whose predictions can be explained on the spectrogram and played."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.errors import ModelError
from core.features.spectrogram import mfcc_from_logmel
from core.models.archives import load_arrays
from core.models.base import Background, GenreModel, batched_predictor, check_weights
from core.models.network_files import save_network
from core.models.novelty import NoveltyScore, describe

if TYPE_CHECKING:
    import keras

    from core.audio.io import Audio


@dataclass(frozen=True)
class SpectrogramBackground(Background):
    """Reference segments of a `SpectrogramModel`.

    Parameters
    ----------
    weights : np.ndarray [shape=(k,), non-negative]
        Share of the training set that each segment represents; sums to one.
    logmel : np.ndarray [shape=(k, segment_frames, n_mels), dtype=float32, range=[-80, 0]]
        Log-mel segments in dB.
    """

    logmel: np.ndarray

    def to_arrays(self) -> dict[str, np.ndarray]:
        """Arrays to be stored, by name; half precision resolves 0.03 dB."""
        return {
            "logmel": self.logmel.astype(np.float16),
            "weights": self.weights.astype(np.float32),
        }

    @classmethod
    def load(cls, path: Path) -> SpectrogramBackground:
        """Read the background from a file.

        Raises
        ------
        ModelError
            If the file is damaged or contains pickled objects.
        """
        arrays = load_arrays(path, ("weights", "logmel"), "a background")
        weights, logmel = (arrays[name].astype(np.float32) for name in ("weights", "logmel"))
        check_weights(path, weights, logmel)
        return cls(weights, logmel)


class SpectrogramModel(GenreModel):
    """A differentiable network on the MFCCs of a segment.

    Parameters
    ----------
    network : keras.Model
        Functional model, standardised MFCCs ``(n, segment_frames, n_mfcc, 1)`` to calibrated
        probabilities ``(n, 10)``.
    card : dict
        Model card, as written by `core.models.store.save_model`.
    background : SpectrogramBackground or Path
        Reference segments, or the file that holds them; it is read on first access.
    novelty_score : NoveltyScore, optional
        Novelty score; older models have none.
    """

    weights_suffix = ".keras"

    def __init__(
        self,
        network: keras.Model,
        card: dict[str, Any],
        background: SpectrogramBackground | Path,
        novelty_score: NoveltyScore | None = None,
    ) -> None:
        super().__init__(card)
        self.novelty_score = novelty_score
        self.network = network
        self.mean = np.asarray(card["standardisation"]["mean"], dtype=np.float32)
        self.scale = np.asarray(card["standardisation"]["scale"], dtype=np.float32)
        self._background = background

    @cached_property
    def background(self) -> SpectrogramBackground:
        """Reference segments from the training set."""
        if isinstance(self._background, Path):
            background = SpectrogramBackground.load(self._background)
            expected = (self.parameters.segment_frames, self.parameters.n_mels)
            if background.logmel.shape[1:] != expected:
                raise ModelError(
                    f"The background of {self.name} has another shape than its card says. "
                    "Restore both files."
                )
            return background
        return self._background

    @cached_property
    def _probabilities(self) -> Callable[[np.ndarray], np.ndarray]:
        return batched_predictor(self.network)

    def extract(self, audio: Audio, segments: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Compute the MFCCs of log-mel segments.

        Parameters
        ----------
        audio, starts
            Not used: the log-mel segments suffice.
        segments : np.ndarray [shape=(n, segment_frames, n_mels)]
            Log-mel segments of the song in dB.

        Returns
        -------
        np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
            MFCCs, not standardised.
        """
        return mfcc_from_logmel(segments, self.parameters.n_mfcc)

    def standardise(self, mfcc: np.ndarray) -> np.ndarray:
        """Standardise MFCCs with the mean and scale of the training set.

        Parameters
        ----------
        mfcc : np.ndarray [shape=(..., n_mfcc)]
            MFCCs, not standardised.

        Returns
        -------
        np.ndarray [shape=(..., n_mfcc), dtype=float32]
            ``(mfcc - mean) / scale``, coefficient by coefficient.
        """
        return ((np.asarray(mfcc, dtype=np.float32) - self.mean) / self.scale).astype(np.float32)

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Compute the genre probabilities of segments.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, segment_frames, n_mfcc)]
            MFCCs, not standardised.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`; rows sum to one.

        Raises
        ------
        ModelError
            If the shape of the MFCCs is not the one on the model's card.
        """
        return self._probabilities(self._network_inputs(inputs))

    def _network_inputs(self, inputs: np.ndarray) -> np.ndarray:
        mfcc = np.asarray(inputs, dtype=np.float32)
        expected = (self.parameters.segment_frames, self.parameters.n_mfcc)
        if mfcc.ndim != 3 or mfcc.shape[1:] != expected:
            raise ModelError(
                f"{self.name} expects MFCCs of shape (n, {expected[0]}, {expected[1]}), "
                f"not {mfcc.shape}. Compute them with the parameters on its card."
            )
        return self.standardise(mfcc)[..., np.newaxis]

    def predict_song(self, inputs: np.ndarray, filled: np.ndarray) -> tuple[np.ndarray, float]:
        """Compute the genre probabilities of a song's segments, and the novelty of the song.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, segment_frames, n_mfcc)]
            MFCCs, not standardised.
        filled : np.ndarray [shape=(n,), dtype=int]
            Number of frames of each segment that lie within the song.

        Returns
        -------
        probabilities : np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            As from `predict`.
        novelty : float
            See `core.models.novelty`; NaN if the model has no novelty score.
        """
        return self.predict_songs([(inputs, filled)])[0]

    def predict_songs(
        self, songs: Sequence[tuple[np.ndarray, np.ndarray]]
    ) -> list[tuple[np.ndarray, float]]:
        """Compute genre probabilities and novelty of several songs in common batches.

        Parameters
        ----------
        songs : sequence of (inputs, filled)
            For each song the arguments of `predict_song`.

        Returns
        -------
        list of (probabilities, novelty)
            For each song what `predict_song` returns, up to the rounding of single precision.
        """
        if not songs:
            return []
        joined = np.concatenate([inputs for inputs, _ in songs])
        ends = np.cumsum([len(inputs) for inputs, _ in songs])[:-1]
        if self.novelty_score is None:
            return [(rows, math.nan) for rows in np.split(self.predict(joined), ends)]
        both = (np.split(rows, ends) for rows in self.predict_hidden(joined))
        return [
            (probabilities, self._novelty(inputs, filled, probabilities, hidden))
            for (inputs, filled), probabilities, hidden in zip(songs, *both, strict=True)
        ]

    def _novelty(
        self, inputs: np.ndarray, filled: np.ndarray, probabilities: np.ndarray, hidden: np.ndarray
    ) -> float:
        """Compute the novelty of a song; NaN if it has no segment or the model has no score."""
        if self.novelty_score is None or not len(inputs):
            return math.nan
        description = describe(inputs, self.parameters, filled)
        parts = self.novelty_score.parts(description, hidden, probabilities)
        return float(self.novelty_score.combine(parts))

    def predict_hidden(self, inputs: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute the genre probabilities of segments, and the last hidden layer.

        Parameters
        ----------
        inputs : np.ndarray [shape=(n, segment_frames, n_mfcc)]
            MFCCs, not standardised.

        Returns
        -------
        probabilities : np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            As from `predict`.
        hidden : np.ndarray [shape=(n, units), dtype=float32]
            Input of the layer that computes the logits.
        """
        both = self._with_hidden(self._network_inputs(inputs))
        return both[:, : len(self.genres)], both[:, len(self.genres) :]

    @cached_property
    def _with_hidden(self) -> Callable[[np.ndarray], np.ndarray]:
        import keras

        outputs = [self.network.output, hidden_layer(self.network).input]
        joined = keras.layers.Concatenate()(outputs)
        return batched_predictor(keras.Model(self.network.input, joined))

    def predict_logmel(self, logmel_db: np.ndarray) -> np.ndarray:
        """Compute the genre probabilities of log-mel segments.

        Parameters
        ----------
        logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
            Log-mel segments in dB relative to their song's maximum.

        Returns
        -------
        np.ndarray [shape=(n, 10), dtype=float32, range=[0, 1]]
            Probabilities in the order of `genres`; rows sum to one.
        """
        return self.predict(mfcc_from_logmel(logmel_db, self.parameters.n_mfcc))

    def save_weights(self, path: Path) -> None:
        """Write the network."""
        save_network(self.network, path)


def hidden_layer(network: keras.Model) -> keras.layers.Layer:
    """Find the layer that computes the genres' logits; its input is the last hidden layer.

    Parameters
    ----------
    network : keras.Model
        Network of a spectrogram model, in training or as it is saved.

    Returns
    -------
    keras.layers.Layer
        Dense layer from hidden units to logits, before calibration.
    """
    return network.get_layer("logits")
