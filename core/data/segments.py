"""Segments of training tracks as arrays, and the statistics that standardise their MFCCs."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.gtzan import TrackSet
from core.data.splits import Segments
from core.features.spectrogram import mfcc_from_logmel

BATCH = 500  # segments whose log-mel spectrograms are in memory at a time


@dataclass(frozen=True)
class Standardisation:
    """Mean and scale of each MFCC over a training set.

    Parameters
    ----------
    mean, scale : np.ndarray [shape=(n_mfcc,), dtype=float32]
        Mean and standard deviation.
    """

    mean: np.ndarray
    scale: np.ndarray

    def to_json(self) -> dict[str, list[float]]:
        """Convert to the entry `standardisation` of a model card."""
        return {
            "mean": [float(value) for value in self.mean],
            "scale": [float(value) for value in self.scale],
        }


def segment_logmel(tracks: TrackSet, segments: Segments) -> np.ndarray:
    """Cut segments out of the log-mel spectrograms of their tracks.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    segments : Segments
        Segments of these tracks; each must lie within its track.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, range=[-80, 0]]
        dB relative to the maximum of the track.
    """
    length = tracks.parameters.segment_frames
    logmel = np.empty((len(segments), length, tracks.parameters.n_mels), dtype=np.float32)
    for index, (track, start) in enumerate(zip(segments.track, segments.start, strict=True)):
        logmel[index] = tracks.logmel(track)[start : start + length]
    return logmel


def segment_mfcc(tracks: TrackSet, segments: Segments) -> np.ndarray:
    """Compute the MFCCs of segments.

    Parameters
    ----------
    tracks, segments
        As in `segment_logmel`.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mfcc), dtype=float32]
        MFCCs, not standardised.
    """
    batches = np.array_split(np.arange(len(segments)), max(1, len(segments) // BATCH))
    return np.concatenate(
        [
            mfcc_from_logmel(
                segment_logmel(tracks, segments.where(batch)), tracks.parameters.n_mfcc
            )
            for batch in batches
        ]
    )


def standardisation(tracks: TrackSet, segments: Segments) -> Standardisation:
    """Compute mean and scale of the MFCCs over a training set.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    segments : Segments
        Segments of the training set.

    Returns
    -------
    Standardisation
        Over all frames of the segments.
    """
    mfcc = segment_mfcc(tracks, segments).reshape(-1, tracks.parameters.n_mfcc)
    return Standardisation(mfcc.mean(axis=0), mfcc.std(axis=0))
