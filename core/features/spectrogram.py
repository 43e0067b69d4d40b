"""Spectral features: STFT, log-mel spectrograms, MFCCs and three-second segments.

Conventions
-----------
Spectrograms are *frames first*: ``(..., frames, bins)``. A log-mel value is in dB relative to the
loudest mel cell of the whole song, in ``[-top_db, 0]``. An MFCC frame consists of the first
`n_mfcc` coefficients of the orthonormal DCT-II of a log-mel frame, as in ``librosa.feature.mfcc``.
This transform is *linear*, so SHAP values can be mapped from one to the other.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import scipy.fft
import scipy.signal
import scipy.sparse

from core.constants import (
    HOP_LENGTH,
    N_FFT,
    N_MELS,
    N_MFCC,
    SAMPLE_RATE,
    SEGMENT_FRAMES,
    TOP_DB,
)
from core.features.mel_scale import triangular_filters

_FRAMES_AT_A_TIME = 32  # their spectra stay in the processor's cache


@dataclass(frozen=True)
class FeatureParameters:
    """Parameters of feature extraction, stored on every model card.

    Parameters
    ----------
    sample_rate : int
        Sampling rate in Hz.
    n_fft, hop_length : int
        Window length and hop length of the centred Hann STFT, in samples.
    n_mels, n_mfcc : int
        Number of mel bands and of cepstral coefficients.
    top_db : float
        Range of the log-mel spectrogram in dB below the song's maximum.
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
        """Build parameters for another hop length, with segments of about three seconds.

        Parameters
        ----------
        hop_length : int
            Hop length of the STFT in samples. 512 gives 130 frames a segment, 915 gives 72.

        Returns
        -------
        FeatureParameters
            Default parameters except for `hop_length` and `segment_frames`.
        """
        if hop_length == HOP_LENGTH:
            return cls()
        return cls(hop_length=hop_length, segment_frames=1 + 3 * SAMPLE_RATE // hop_length)

    @property
    def segment_s(self) -> float:
        """Length of a segment in seconds."""
        return self.segment_frames * self.hop_length / self.sample_rate

    def to_json(self) -> dict[str, Any]:
        """Convert to a JSON-ready dictionary."""
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FeatureParameters:
        """Build from a dictionary made by `to_json`."""
        return cls(**values)


@lru_cache(maxsize=8)
def mel_filterbank(parameters: FeatureParameters) -> np.ndarray:
    """Compute the mel filter bank.

    Parameters
    ----------
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n_mels, 1 + n_fft / 2), dtype=float32, read-only]
        Triangular filters with Slaney's mel scale and area normalisation.
    """
    bank = triangular_filters(parameters.sample_rate, parameters.n_fft, parameters.n_mels)
    bank.setflags(write=False)
    return bank


@lru_cache(maxsize=8)
def _sparse_filterbank(parameters: FeatureParameters) -> scipy.sparse.csr_array:
    """Mel filter bank without its zeros: a bin belongs to two of 128 bands."""
    return scipy.sparse.csr_array(mel_filterbank(parameters))


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
    """Compute the first rows of the orthonormal DCT-II: ``mfcc = logmel @ dct_matrix().T``.

    Parameters
    ----------
    n_mfcc, n_mels : int
        Number of rows and length of the transform.

    Returns
    -------
    np.ndarray [shape=(n_mfcc, n_mels), dtype=float32, read-only]
        Orthonormal rows.
    """
    matrix = scipy.fft.dct(np.eye(n_mels), type=2, norm="ortho", axis=0)[:n_mfcc]
    matrix = matrix.astype(np.float32)
    matrix.setflags(write=False)
    return matrix


def stft_frames(
    samples: np.ndarray, parameters: FeatureParameters, first: int, count: int
) -> np.ndarray:
    """Compute a range of frames of a song's complex spectrogram.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Mono samples of the whole song at ``parameters.sample_rate``.
    parameters : FeatureParameters
        Feature parameters.
    first, count : int
        Index of the first frame and number of frames.

    Returns
    -------
    np.ndarray [shape=(count, 1 + n_fft / 2), dtype=complex64]
        ``stft(samples, parameters)[first : first + count]``, up to rounding.

    See Also
    --------
    stft : Compute all frames.
    """
    half = parameters.n_fft // 2
    start = first * parameters.hop_length - half
    stop = (first + count - 1) * parameters.hop_length + half
    available = np.asarray(samples[max(start, 0) : max(stop, 0)], dtype=np.float32)
    before = max(0, -start)
    import librosa

    spectrum = librosa.stft(
        np.pad(available, (before, stop - start - before - len(available))),
        n_fft=parameters.n_fft,
        hop_length=parameters.hop_length,
        center=False,
    )
    return spectrum.T


def stft(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute the complex spectrogram of a song.

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

    See Also
    --------
    stft_frames : Compute some frames only.
    """
    import librosa

    spectrum = librosa.stft(
        np.asarray(samples, dtype=np.float32),
        n_fft=parameters.n_fft,
        hop_length=parameters.hop_length,
    )
    return spectrum.T


def power_spectrogram(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute the power spectrogram of a song, in half the time that its complex values take.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Mono samples at ``parameters.sample_rate``.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(1 + n // hop_length, 1 + n_fft / 2), dtype=float32, non-negative]
        ``abs(stft(samples, parameters)) ** 2``. Single precision changes a log-mel value by less
        than 0.002 dB, near the floor, and by 0.0001 dB elsewhere.

    See Also
    --------
    stft : Compute the complex spectrogram.
    """
    size = parameters.n_fft
    padded = np.pad(np.asarray(samples, dtype=np.float32), size // 2)
    frames = np.lib.stride_tricks.sliding_window_view(padded, size)[:: parameters.hop_length]
    window = scipy.signal.get_window("hann", size).astype(np.float32)
    power = np.empty((len(frames), 1 + size // 2), dtype=np.float32)
    for start in range(0, len(frames), _FRAMES_AT_A_TIME):
        part = slice(start, start + _FRAMES_AT_A_TIME)
        spectrum = scipy.fft.rfft(frames[part] * window)
        np.square(spectrum.real, out=power[part])
        power[part] += np.square(spectrum.imag)
    return power


def logmel_from_power(
    power: np.ndarray, parameters: FeatureParameters, *, peak: float | None = None
) -> np.ndarray:
    """Convert a power spectrogram to a log-mel spectrogram relative to its own maximum.

    Parameters
    ----------
    power : np.ndarray [shape=(frames, 1 + n_fft / 2), non-negative]
        Power spectrogram of the whole song, or of a part of it if `peak` is given.
    parameters : FeatureParameters
        Feature parameters.
    peak : float, optional
        Power of the loudest mel cell of the whole song; by default that of `power`.

    Returns
    -------
    np.ndarray [shape=(frames, n_mels), dtype=float32, range=[-top_db, 0]]
        ``librosa.power_to_db(mel, ref=np.max, top_db=top_db)``. A silent song is at the floor
        everywhere.

    See Also
    --------
    logmel : Compute a log-mel spectrogram from samples.
    """
    mel = np.ascontiguousarray((_sparse_filterbank(parameters) @ power.T).T)
    peak = float(mel.max()) if peak is None else peak
    if not peak > 0:
        return np.full(mel.shape, -parameters.top_db, dtype=np.float32)
    # Normalised first: power_to_db has an absolute floor (1e-10), which would cut off the lower
    # part of a quiet recording. Its own `top_db` would refer to the maximum of a part.
    import librosa

    decibels = librosa.power_to_db(mel / peak, ref=1.0, amin=1e-10, top_db=None)
    return np.maximum(decibels, -parameters.top_db).astype(np.float32)


def logmel(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute the log-mel spectrogram of a song.

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
    return logmel_from_power(power_spectrogram(samples, parameters), parameters)


def mfcc_from_logmel(logmel_db: np.ndarray, n_mfcc: int = N_MFCC) -> np.ndarray:
    """Compute the MFCCs of log-mel frames.

    Parameters
    ----------
    logmel_db : np.ndarray [shape=(..., frames, n_mels)]
        Log-mel spectrogram in dB.
    n_mfcc : int
        Number of coefficients.

    Returns
    -------
    np.ndarray [shape=(..., frames, n_mfcc), dtype=float32]
        First `n_mfcc` coefficients of the orthonormal DCT-II of every frame, not standardised.

    See Also
    --------
    core.features.inversion.audio_from_mfcc : Resynthesise audio from MFCCs.

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
    """Compute the first frame of each segment of a song.

    Parameters
    ----------
    n_frames : int
        Number of frames in the song.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=int]
        Multiples of `segment_frames`. An incomplete last segment counts if it is at least half
        full. A song shorter than one segment has exactly one.
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
        Consecutive segments; an incomplete last one is padded with silence (``-top_db``).

    See Also
    --------
    segment_starts : First frame of each segment.
    """
    starts = segment_starts(len(spectrogram), parameters)
    length = parameters.segment_frames
    missing = max(int(starts[-1]) + length - len(spectrogram), 0)
    padded = np.pad(spectrogram, ((0, missing), (0, 0)), constant_values=-parameters.top_db)
    return np.stack([padded[start : start + length] for start in starts]).astype(np.float32)
