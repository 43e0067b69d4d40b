"""From samples to what the networks read: STFT, log-mel, MFCC and three-second segments.

Conventions
-----------
Spectrograms are *frames first*: ``(..., frames, bins)``. A log-mel value is in dB relative to the
loudest mel cell of the whole song, in ``[-top_db, 0]``. An MFCC frame is the orthonormal DCT-II of
a log-mel frame (its first `n_mfcc` rows), as in ``librosa.feature.mfcc``; it is a *linear* image
of the frame, which is what lets an explanation travel between the two.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import librosa
import numpy as np
import scipy.fft

from core.constants import (
    HOP_LENGTH,
    N_FFT,
    N_MELS,
    N_MFCC,
    SAMPLE_RATE,
    SEGMENT_FRAMES,
    TOP_DB,
)


@dataclass(frozen=True)
class FeatureParameters:
    """How a model's features are computed; every model card carries one.

    Parameters
    ----------
    sample_rate : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Window and step of the centred Hann STFT, in samples.
    n_mels, n_mfcc : int
        Number of mel bands and of cepstral coefficients.
    top_db : float
        Depth of the log-mel spectrogram in dB below the song's maximum.
    segment_frames : int
        Frames in one segment.
    """

    sample_rate: int = SAMPLE_RATE
    n_fft: int = N_FFT
    hop_length: int = HOP_LENGTH
    n_mels: int = N_MELS
    n_mfcc: int = N_MFCC
    top_db: float = TOP_DB
    segment_frames: int = SEGMENT_FRAMES

    @classmethod
    def for_hop_length(cls, hop_length: int) -> FeatureParameters:
        """Return the parameters for another step: segments stay about three seconds long.

        Parameters
        ----------
        hop_length : int
            Step of the STFT in samples. 512 gives 130 frames a segment, 915 gives 72.

        Returns
        -------
        FeatureParameters
            The shared numbers with this step.
        """
        if hop_length == HOP_LENGTH:
            return cls()
        return cls(hop_length=hop_length, segment_frames=1 + 3 * SAMPLE_RATE // hop_length)

    @property
    def segment_s(self) -> float:
        """Length of a segment in seconds."""
        return self.segment_frames * self.hop_length / self.sample_rate

    def to_json(self) -> dict[str, Any]:
        """Return the parameters as a JSON-ready dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FeatureParameters:
        """Build from the dictionary that `to_json` returned."""
        return cls(**values)


@lru_cache(maxsize=8)
def mel_filterbank(parameters: FeatureParameters) -> np.ndarray:
    """Return the mel filter bank.

    Parameters
    ----------
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n_mels, 1 + n_fft / 2), dtype=float32, read-only]
        Triangular filters, Slaney's scale and area normalisation.
    """
    bank = librosa.filters.mel(
        sr=parameters.sample_rate, n_fft=parameters.n_fft, n_mels=parameters.n_mels
    ).astype(np.float32)
    bank.setflags(write=False)
    return bank


@lru_cache(maxsize=8)
def band_frequencies(parameters: FeatureParameters) -> np.ndarray:
    """Compute the centre frequency of each mel band: the mean of its bins, weighted by its filter.

    Parameters
    ----------
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n_mels,), dtype=float64, read-only]
        Frequencies in Hz, ascending.
    """
    bank = mel_filterbank(parameters)
    bins = np.arange(bank.shape[1]) * parameters.sample_rate / parameters.n_fft
    centres = (bank @ bins) / bank.sum(axis=1)
    centres.setflags(write=False)
    return centres


@lru_cache(maxsize=8)
def dct_matrix(n_mfcc: int = N_MFCC, n_mels: int = N_MELS) -> np.ndarray:
    """Return the first rows of the orthonormal DCT-II: ``mfcc = logmel @ dct_matrix().T``.

    Parameters
    ----------
    n_mfcc, n_mels : int
        Rows kept and length of the transform.

    Returns
    -------
    np.ndarray [shape=(n_mfcc, n_mels), dtype=float32, read-only]
        Rows are orthonormal.
    """
    matrix = scipy.fft.dct(np.eye(n_mels), type=2, norm="ortho", axis=0)[:n_mfcc]
    matrix = matrix.astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def stft_frames(
    samples: np.ndarray, parameters: FeatureParameters, first: int, count: int
) -> np.ndarray:
    """Return some frames of a song's complex spectrogram, without computing the others.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        The whole song.
    parameters : FeatureParameters
        Feature parameters.
    first, count : int
        The first frame and their number.

    Returns
    -------
    np.ndarray [shape=(count, 1 + n_fft / 2), dtype=complex64]
        The same frames as those of `stft`.
    """
    half = parameters.n_fft // 2
    start = first * parameters.hop_length - half
    stop = (first + count - 1) * parameters.hop_length + half
    heard = np.asarray(samples[max(start, 0) : max(stop, 0)], dtype=np.float32)
    before = max(0, -start)
    spectrum = librosa.stft(
        np.pad(heard, (before, stop - start - before - len(heard))),
        n_fft=parameters.n_fft,
        hop_length=parameters.hop_length,
        center=False,
    )
    return spectrum.T


def stft(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Return the complex spectrogram of a song.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Mono samples at ``parameters.sample_rate``.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(1 + n // hop_length, 1 + n_fft / 2), dtype=complex64]
        Centred, Hann-windowed STFT, frames first.
    """
    spectrum = librosa.stft(
        np.asarray(samples, dtype=np.float32),
        n_fft=parameters.n_fft,
        hop_length=parameters.hop_length,
    )
    return spectrum.T


def logmel_from_power(power: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Turn a power spectrogram into log-mel dB relative to its own maximum.

    Parameters
    ----------
    power : np.ndarray [shape=(frames, 1 + n_fft / 2), non-negative]
        Power spectrogram of the whole song.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(frames, n_mels), dtype=float32, range=[-top_db, 0]]
        ``librosa.power_to_db(mel, ref=np.max, top_db=top_db)``. A song without any energy is at
        the floor everywhere.
    """
    mel = power @ mel_filterbank(parameters).T
    if not mel.max() > 0:
        return np.full(mel.shape, -parameters.top_db, dtype=np.float32)
    # The peak is brought to 1 first: power_to_db's own floor (1e-10) is an absolute level, and a
    # quiet recording must not lose its lower 80 dB to it.
    decibels = librosa.power_to_db(mel / mel.max(), ref=1.0, amin=1e-10, top_db=parameters.top_db)
    return decibels.astype(np.float32)


def logmel(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Return the log-mel spectrogram of a song.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Mono samples at ``parameters.sample_rate``.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(1 + n // hop_length, n_mels), dtype=float32, range=[-top_db, 0]]
        dB relative to the song's loudest mel cell.
    """
    return logmel_from_power(np.abs(stft(samples, parameters)) ** 2, parameters)


def mfcc_from_logmel(logmel_db: np.ndarray, n_mfcc: int = N_MFCC) -> np.ndarray:
    """Return the MFCCs of log-mel frames.

    Parameters
    ----------
    logmel_db : np.ndarray [shape=(..., frames, n_mels)]
        Log-mel spectrogram in dB.
    n_mfcc : int
        Number of coefficients.

    Returns
    -------
    np.ndarray [shape=(..., frames, n_mfcc), dtype=float32]
        Orthonormal DCT-II of every frame, first `n_mfcc` coefficients, not standardised.

    Examples
    --------
    >>> import numpy as np
    >>> from core import mfcc_from_logmel
    >>> logmel_db = np.full((72, 128), -40.0)
    >>> mfcc_from_logmel(logmel_db).shape
    (72, 13)
    """
    values = np.asarray(logmel_db, dtype=np.float32)
    return values @ dct_matrix(n_mfcc, values.shape[-1]).T


def segment_starts(n_frames: int, parameters: FeatureParameters) -> np.ndarray:
    """Return the first frame of every segment of a song.

    Parameters
    ----------
    n_frames : int
        Frames in the song.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int]
        Multiples of `segment_frames`. The last, incomplete segment is there if it is at least half
        full; a song shorter than one segment has exactly one.
    """
    length = parameters.segment_frames
    full, rest = divmod(n_frames, length)
    count = full + (1 if 2 * rest >= length else 0)
    return np.arange(max(count, 1)) * length


def split_segments(spectrogram: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Slice a song's log-mel spectrogram into segments.

    Parameters
    ----------
    spectrogram : np.ndarray [shape=(frames, n_mels)]
        Log-mel spectrogram of the whole song in dB.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Consecutive segments; what is missing from the last one is silence (``-top_db``).
    """
    starts = segment_starts(len(spectrogram), parameters)
    length = parameters.segment_frames
    missing = max(int(starts[-1]) + length - len(spectrogram), 0)
    padded = np.pad(spectrogram, ((0, missing), (0, 0)), constant_values=-parameters.top_db)
    return np.stack([padded[start : start + length] for start in starts]).astype(np.float32)
