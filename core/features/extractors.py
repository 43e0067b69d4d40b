"""What models read that see no spectrogram: numbers about a segment, or about its moments.

A reader turns a song's segments into arrays of numbers. Those of moments read several short
stretches of a segment one after the other, so that a model can hear their order, and so that an
explanation can say which of them counted.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.audio.io import Audio
from core.constants import SEGMENT_FRAMES
from core.features.descriptors import names as vector_names
from core.features.descriptors import segment_descriptors
from core.features.gtzan_table import STABLE, readable_name, song_features, stable_features
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel


@dataclass(frozen=True)
class Extractor:
    """How a model reads.

    Parameters
    ----------
    read : callable
        From the song, its log-mel segments ``(n, segment_frames, n_mels)``, the first frame of
        each and the feature parameters to numbers ``(n, features)``, or ``(n, moments, features)``.
    features : tuple of str
        Names of the numbers; empty where they have none.
    moments : int
        Stretches of a segment that are read one after the other, or one.
    segments : int
        Three-second segments that are heard at a time.
    """

    read: Callable[[Audio, np.ndarray, np.ndarray, FeatureParameters], np.ndarray]
    features: tuple[str, ...] = ()
    moments: int = 1
    segments: int = 1

    @property
    def frames(self) -> int:
        """Frames that are heard at a time."""
        return self.segments * SEGMENT_FRAMES


def _vectors(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    return segment_descriptors(logmel_db, parameters)


def _sequence(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    count, frames, bands = logmel_db.shape
    parts = logmel_db.reshape(-1, SEGMENT_FRAMES, bands)
    return segment_descriptors(parts, parameters).reshape(count, frames // SEGMENT_FRAMES, -1)


def _table(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    length = parameters.segment_frames * parameters.hop_length
    begins = starts * parameters.hop_length
    parts = [audio.samples[begin : begin + length] for begin in begins]
    return stable_features(np.stack([song_features(part) for part in parts])).astype(np.float32)


def _embeddings(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    from core.features.yamnet import embeddings

    hop = parameters.hop_length
    length = parameters.segment_frames * hop
    return embeddings(audio.samples, audio.sample_rate, starts * hop, length)


def _combined(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    heard = _embeddings(audio, logmel_db, starts, parameters)
    mfcc = mfcc_from_logmel(logmel_db, parameters.n_mfcc)
    return np.concatenate([heard, mfcc.reshape(*heard.shape[:2], -1)], axis=2)


DESCRIPTORS = Extractor(_vectors, vector_names())
EXTRACTORS = {
    "vectors": DESCRIPTORS,
    "sequence": Extractor(_sequence, moments=10, segments=10),
    "table": Extractor(_table, tuple(map(readable_name, STABLE)), segments=10),
    "yamnet": Extractor(_embeddings, moments=6),
    "yamnet+mfcc": Extractor(_combined, moments=6),
}
