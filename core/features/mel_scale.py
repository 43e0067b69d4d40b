"""Slaney's mel scale and filter bank, equal to librosa's, for processes that do not load librosa.

A page needs the frequencies of mel bands for its axes; librosa takes seconds to load and 100 MB.
The scale is that of Slaney's Auditory Toolbox (1998): linear below 1 kHz, logarithmic above.
"""

from __future__ import annotations

import numpy as np

LINEAR_HZ = 200.0 / 3  # width of a mel below the corner
CORNER_HZ = 1_000.0
LOG_STEP = np.log(6.4) / 27.0  # natural logarithm of the ratio of two frequencies a mel apart


def mel_frequencies(n_mels: int, highest_hz: float) -> np.ndarray:
    """Compute frequencies from 0 Hz that are evenly spaced on the mel scale.

    Parameters
    ----------
    n_mels : int > 1
        Number of frequencies.
    highest_hz : float
        The last one in Hz, at least 1 kHz.

    Returns
    -------
    np.ndarray [shape=(n_mels,), dtype=float64]
        Frequencies in Hz, ascending.
    """
    corner = CORNER_HZ / LINEAR_HZ
    highest = corner + np.log(highest_hz / CORNER_HZ) / LOG_STEP
    mels = np.linspace(0.0, highest, n_mels)
    frequencies = LINEAR_HZ * mels
    above = mels >= corner
    frequencies[above] = CORNER_HZ * np.exp(LOG_STEP * (mels[above] - corner))
    return frequencies


def triangular_filters(sample_rate: int, n_fft: int, n_mels: int) -> np.ndarray:
    """Compute triangular filters on the mel scale, each with the same area.

    Parameters
    ----------
    sample_rate : int
        Sampling rate in Hz.
    n_fft : int
        Window length of the STFT in samples.
    n_mels : int
        Number of filters, from 0 Hz to half the sampling rate.

    Returns
    -------
    np.ndarray [shape=(n_mels, 1 + n_fft / 2), dtype=float32]
        As ``librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)``.
    """
    edges = mel_frequencies(n_mels + 2, sample_rate / 2)
    widths = np.diff(edges)
    ramps = np.subtract.outer(edges, np.fft.rfftfreq(n_fft, 1 / sample_rate))
    rising, falling = -ramps[:-2] / widths[:-1, np.newaxis], ramps[2:] / widths[1:, np.newaxis]
    filters = np.maximum(0, np.minimum(rising, falling)).astype(np.float32)
    filters *= (2 / (edges[2:] - edges[:-2]))[:, np.newaxis]
    return filters
