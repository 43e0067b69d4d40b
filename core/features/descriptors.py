"""Segment descriptors: 111 summary statistics of a log-mel segment.

These are the usual inputs of random forests and support vector machines in genre classification,
computed from a mel spectrogram: MFCCs and the spectral centroid, bandwidth, roll-off, flatness,
contrast and energy (as defined by `librosa.feature`, but on mel bands instead of STFT bins). Three
seconds are too short for a tempo estimate. The autocorrelation of the onset strength (spectral
flux) describes the rhythm instead.
"""

from __future__ import annotations

import numpy as np

from core.features.spectrogram import FeatureParameters, band_frequencies, mfcc_from_logmel

COEFFICIENTS = 20
ROLL_OFF = 0.85  # share of the power below the roll-off frequency
CONTRASTS = 6  # frequency ranges of equal width in mel bands
EXTREME = 0.2  # share of a range's bands that form its peak, and its valley
STATISTICS = ("mean", "variance", "change")  # change: mean absolute difference between frames
LAGS = tuple(number / 12 for number in range(1, 18))  # seconds
MIN_VARIANCE = 1e-6  # of the onset strength
SHAPES = ("centroid", "bandwidth", "roll-off", "flatness", "energy")


def descriptor_names() -> tuple[str, ...]:
    """List the names of the 111 descriptors, in the order of `segment_descriptors`."""
    frames = [f"MFCC {number}" for number in range(1, COEFFICIENTS + 1)]
    frames += [*SHAPES, *(f"contrast {number}" for number in range(1, CONTRASTS + 1))]
    statistics = [f"{name}, {statistic}" for statistic in STATISTICS for name in frames]
    return (*statistics, "onsets, variance", *(f"onsets, lag {lag:.2f} s" for lag in LAGS))


def _onsets(levels: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute log variance and autocorrelation of the onset strength, ``(n, 1 + lags)``."""
    strength = np.maximum(np.diff(levels, axis=1), 0).mean(axis=-1)
    strength -= strength.mean(axis=1, keepdims=True)
    frames = strength.shape[1]
    variance = (strength**2).mean(axis=1) + MIN_VARIANCE
    lags = [round(lag * parameters.sample_rate / parameters.hop_length) for lag in LAGS]
    lagged = [(strength[:, lag:] * strength[:, : frames - lag]).mean(axis=1) for lag in lags]
    return np.stack([np.log(variance), *(value / variance for value in lagged)], axis=1)


def segment_descriptors(logmel_db: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute the descriptors of log-mel segments.

    Parameters
    ----------
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
        Log-mel segments in dB.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    np.ndarray [shape=(n, 111), dtype=float32]
        Descriptors in the order of `descriptor_names`; frequencies in kHz, levels in dB.
    """
    levels = np.asarray(logmel_db, dtype=np.float32)
    power = 10 ** (levels / 10)
    total = power.sum(axis=-1)
    frequencies = (band_frequencies(parameters) / 1000).astype(np.float32)
    centroid = power @ frequencies / total
    distance = np.square(frequencies - centroid[..., np.newaxis])
    bandwidth = np.sqrt((power * distance).sum(axis=-1) / total)
    below = np.cumsum(power, axis=-1) < ROLL_OFF * total[..., np.newaxis]
    edge = frequencies[np.minimum(below.sum(axis=-1), len(frequencies) - 1)]
    energy = 10 * np.log10(total)
    flatness = levels.mean(axis=-1) - 10 * np.log10(power.mean(axis=-1))
    contrasts = []
    for bands in np.array_split(levels, CONTRASTS, axis=-1):
        ordered = np.sort(bands, axis=-1)
        count = max(1, round(EXTREME * bands.shape[-1]))
        contrasts.append(ordered[..., -count:].mean(axis=-1) - ordered[..., :count].mean(axis=-1))
    frames = np.concatenate(
        [
            mfcc_from_logmel(levels, COEFFICIENTS),
            np.stack([centroid, bandwidth, edge, flatness, energy, *contrasts], axis=-1),
        ],
        axis=-1,
    )
    change = np.abs(np.diff(frames, axis=1)).mean(axis=1)
    parts = [frames.mean(axis=1), frames.var(axis=1), change, _onsets(levels, parameters)]
    return np.concatenate(parts, axis=-1).astype(np.float32)
