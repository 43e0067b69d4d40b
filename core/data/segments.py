"""Segments of training tracks as arrays, and the statistics that standardise them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from core.data.gtzan import TrackSet
from core.data.splits import Segments
from core.features.spectrogram import mfcc_from_logmel


@dataclass(frozen=True)
class Standardisation:
    """Mean and scale of each coefficient on the training side, shapes ``(n_mfcc,)``."""

    mean: np.ndarray
    scale: np.ndarray


def segment_logmel(tracks: TrackSet, segments: Segments) -> np.ndarray:
    """Return the log-mel segments, shape ``(n, segment_frames, n_mels)``, in dB."""
    length = tracks.parameters.segment_frames
    cuts = np.empty((len(segments), length, tracks.parameters.n_mels), dtype=np.float32)
    for index, (track, start) in enumerate(zip(segments.track, segments.start, strict=True)):
        cuts[index] = tracks.logmel(track)[start : start + length]
    return cuts


def segment_mfcc(tracks: TrackSet, segments: Segments) -> np.ndarray:
    """Return the MFCCs of segments, shape ``(n, segment_frames, n_mfcc)``, not standardised."""
    parts = [
        mfcc_from_logmel(segment_logmel(tracks, segments.where(rows)), tracks.parameters.n_mfcc)
        for rows in np.array_split(np.arange(len(segments)), max(1, len(segments) // 500))
    ]
    return np.concatenate(parts)


def standardisation(tracks: TrackSet, segments: Segments) -> Standardisation:
    """Return the statistics of a training side.

    Parameters
    ----------
    tracks : TrackSet
        The tracks.
    segments : Segments
        Training side of the split.

    Returns
    -------
    Standardisation
        Over all frames of the segments.
    """
    mfcc = segment_mfcc(tracks, segments).reshape(-1, tracks.parameters.n_mfcc)
    return Standardisation(mfcc.mean(axis=0), mfcc.std(axis=0))
