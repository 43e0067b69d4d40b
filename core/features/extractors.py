"""Feature extractors: inputs of the models that do not read spectrograms.

An extractor turns a song's segments into feature vectors, one for each segment or a sequence of
them. Sequences keep the order in time, so a model can use it and an explanation can tell which part
of a segment contributed.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from core.audio.io import Audio
from core.constants import SEGMENT_FRAMES
from core.features.descriptors import descriptor_names, segment_descriptors
from core.features.gtzan_table import STABLE, readable_name, song_features, stable_features
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel


@dataclass(frozen=True)
class Extractor:
    """One way to compute a model's inputs.

    Parameters
    ----------
    name : str
        Identifier on model cards (``reads``) and in cache keys; it never changes.
    version : int
        Part of cache keys; increase it whenever the computed features change.
    extract : callable
        Maps the song, its log-mel segments ``(n, segment_frames, n_mels)`` in dB, the first frame
        of each segment ``(n,)`` and the feature parameters to features, ``(n, features)`` or
        ``(n, steps, features)``, float32.
    feature_names : tuple of str
        Names of the features; empty where single features have no meaning of their own.
    segments : int
        Length of the model's input, as a number of three-second segments.
    """

    name: str
    version: int
    extract: Callable[[Audio, np.ndarray, np.ndarray, FeatureParameters], np.ndarray]
    feature_names: tuple[str, ...] = ()
    segments: int = 1

    @property
    def frames(self) -> int:
        """Length of the model's input in spectrogram frames."""
        return self.segments * SEGMENT_FRAMES


def _descriptors(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Compute the descriptors of each segment, ``(n, 111)``."""
    return segment_descriptors(logmel_db, parameters)


def _descriptor_sequence(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Compute the descriptors of every three seconds of longer segments, ``(n, steps, 111)``."""
    count, frames, bands = logmel_db.shape
    parts = logmel_db.reshape(-1, SEGMENT_FRAMES, bands)
    return segment_descriptors(parts, parameters).reshape(count, frames // SEGMENT_FRAMES, -1)


def _table_features(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Compute the features of the public GTZAN table except for the tempo, ``(n, 56)``."""
    length = parameters.segment_frames * parameters.hop_length
    first_samples = starts * parameters.hop_length
    parts = [audio.samples[first : first + length] for first in first_samples]
    return stable_features(np.stack([song_features(part) for part in parts])).astype(np.float32)


def _yamnet_embeddings(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Compute YAMNet's embeddings of each segment, ``(n, 6, 1024)``."""
    from core.features.yamnet import embeddings

    hop = parameters.hop_length
    length = parameters.segment_frames * hop
    return embeddings(audio.samples, audio.sample_rate, starts * hop, length)


def _yamnet_embeddings_and_mfcc(
    audio: Audio, logmel_db: np.ndarray, starts: np.ndarray, parameters: FeatureParameters
) -> np.ndarray:
    """Join YAMNet's embeddings with the MFCCs of the same frames, ``(n, 6, 1024 + 12 · 13)``."""
    embedded = _yamnet_embeddings(audio, logmel_db, starts, parameters)
    mfcc = mfcc_from_logmel(logmel_db, parameters.n_mfcc)
    return np.concatenate([embedded, mfcc.reshape(*embedded.shape[:2], -1)], axis=2)


EXTRACTORS = {
    extractor.name: extractor
    for extractor in (
        Extractor("vectors", 1, _descriptors, descriptor_names()),
        Extractor("sequence", 1, _descriptor_sequence, segments=10),
        Extractor("table", 1, _table_features, tuple(map(readable_name, STABLE)), segments=10),
        Extractor("yamnet", 1, _yamnet_embeddings),
        Extractor("yamnet+mfcc", 1, _yamnet_embeddings_and_mfcc),
    )
}
