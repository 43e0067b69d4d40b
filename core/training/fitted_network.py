"""A fitted network with the statistics that standardise its input, and its predictions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import scipy.special

from core.data.gtzan import TrackSet
from core.data.segments import Standardisation, segment_mfcc
from core.data.splits import Segments

EVALUATION_BATCH = 256  # segments at a time


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network fitted on one set of segments.

    Parameters
    ----------
    network : keras.Model
        With the chosen weights.
    standardisation : Standardisation
        Of the MFCCs, over the same segments.
    best_epoch : int
        Epoch with the lowest validation loss; the last one without validation.
    history : list of dict
        One row per epoch, see `core.training.fit.Fit.run`.
    """

    network: keras.Model
    standardisation: Standardisation
    best_epoch: int
    history: list[dict[str, Any]]

    def predict(self, tracks: TrackSet, segments: Segments) -> np.ndarray:
        """Compute genre probabilities of segments, ``(n, 10)``, before calibration."""
        return predict(self.network, network_inputs(tracks, segments, self.standardisation))


def network_inputs(tracks: TrackSet, segments: Segments, statistics: Standardisation) -> np.ndarray:
    """Compute the standardised MFCCs of segments, ``(n, segment_frames, n_mfcc, 1)``, float32."""
    mfcc = segment_mfcc(tracks, segments)
    return ((mfcc - statistics.mean) / statistics.scale).astype(np.float32)[..., np.newaxis]


def predict(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Compute genre probabilities with a training network, before calibration.

    Parameters
    ----------
    network : keras.Model
        Network with two outputs, genre logits and tag logits.
    inputs : np.ndarray [shape=(n, segment_frames, n_mfcc, 1)]
        Standardised MFCCs.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64, range=[0, 1]]
        Rows sum to one.
    """
    logits, _ = network.predict(inputs, batch_size=EVALUATION_BATCH, verbose=0)
    return scipy.special.softmax(logits.astype(np.float64), axis=1)
