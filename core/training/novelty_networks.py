"""Novelty score and genre sets of a trained network, from the networks of its folds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import scipy.special

from core.data.gtzan import TrackSet
from core.data.segments import segment_mfcc
from core.data.splits import Segments
from core.evaluation.calibration import apply_temperature
from core.models.novelty import describe
from core.models.spectrogram_models import hidden_layer
from core.training.fitted_network import FittedNetwork
from core.training.musicnn_tags import logits_of
from core.training.novelty import HeldOut, SongSet, held_out_songs

BATCH = 256  # segments at a time


def respond(fitted: FittedNetwork, mfcc: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Compute the hidden layer and the predictions of a network for segments.

    Parameters
    ----------
    fitted : FittedNetwork
        Network with two outputs, genre logits and tag logits.
    mfcc : np.ndarray [shape=(n, segment_frames, n_mfcc)]
        MFCCs, not standardised.

    Returns
    -------
    hidden : np.ndarray [shape=(n, units), dtype=float32]
        Last hidden layer.
    probabilities : np.ndarray [shape=(n, genres), dtype=float64]
        Genre probabilities, before calibration.
    """
    statistics = fitted.standardisation
    inputs = ((mfcc - statistics.mean) / statistics.scale).astype(np.float32)[..., np.newaxis]
    layer = hidden_layer(fitted.network)
    network = keras.Model(fitted.network.input, [layer.input, layer.output])
    hidden, logits = network.predict(inputs, batch_size=BATCH, verbose=0)
    return hidden, scipy.special.softmax(logits.astype(np.float64), axis=1)


def song_set(
    fitted: FittedNetwork,
    tracks: TrackSet,
    segments: Segments,
    temperature: float,
    offsets: np.ndarray | float = 0.0,
) -> SongSet:
    """Compute the songs of a set as the novelty score reads them.

    Parameters
    ----------
    fitted : FittedNetwork
        Network.
    tracks : TrackSet
        Tracks.
    segments : Segments
        Segments of the set.
    temperature, offsets
        Calibration of the network, see `core.evaluation.calibration.apply_temperature`.

    Returns
    -------
    SongSet
        The songs of the set; their numbers are those of the tracks.
    """
    mfcc = segment_mfcc(tracks, segments)
    hidden, probabilities = respond(fitted, mfcc)
    return SongSet(
        describe(mfcc, tracks.parameters),
        segments.track,
        hidden,
        apply_temperature(probabilities, temperature, offsets),
        segments.track,
        tracks.labels,
    )


@dataclass(frozen=True, eq=False)
class Fold:
    """Network that was fitted on a part of the songs.

    Parameters
    ----------
    network : FittedNetwork
        Network.
    tracks : TrackSet
        Tracks.
    fitted, rest : Segments
        Segments that it was fitted on, and segments by other artists.
    """

    network: FittedNetwork
    tracks: TrackSet
    fitted: Segments
    rest: Segments


def held_out_of_networks(
    folds: Iterable[Fold], scores: Mapping[str, Any], tags: np.ndarray | None
) -> HeldOut:
    """Collect the songs that networks were not fitted on.

    Parameters
    ----------
    folds : iterable of Fold
        Networks that hold artists out.
    scores : mapping
        `temperature` and `offsets` of the training.
    tags : np.ndarray [shape=(tracks, tags)], optional
        See `song_tags`.

    Returns
    -------
    HeldOut
        The songs of all folds.
    """
    calibration = scores["temperature"], np.array(scores["offsets"])
    pairs = (
        (
            song_set(fold.network, fold.tracks, fold.fitted, *calibration),
            song_set(fold.network, fold.tracks, fold.rest, *calibration),
        )
        for fold in folds
    )
    return held_out_songs(pairs, tags)


def song_tags(taggrams: np.ndarray | None) -> np.ndarray | None:
    """Mean tag logits of each track, ``(tracks, tags)``; NaN for tracks without tags."""
    return None if taggrams is None else logits_of(taggrams).mean(axis=1)
