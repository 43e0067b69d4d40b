"""Loudness measurement and matching, with a look-ahead peak limiter.

A song reduced to its important regions is often much quieter than the original. `loudness` measures
it by ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio level",
and `match_loudness` raises it to the loudness of the original. A look-ahead limiter then attenuates
peaks that would be too high.

Conventions
-----------
Loudness is in LUFS, differences of loudness in LU, gains and levels in dB; 0 dBFS is an amplitude
of 1. Audio is mono, so a full-scale sine has -3 LUFS. Only the limiter is nonlinear. Log-mel
features are relative to the song's own maximum, so a gain leaves them unchanged. Limiting changes
them, because it attenuates some passages and not others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
import scipy.signal

if TYPE_CHECKING:
    from core.audio.io import Audio

MAX_GAIN_DB = 20.0  # more would bring up the noise of an almost empty excerpt
CEILING_DB = -1.0  # dBFS; headroom for the overshoot of lossy encoders
CEILING = 10 ** (CEILING_DB / 20)

# K-weighting at 48 kHz: a shelf that models the head, and a high-pass; b0 b1 b2 a0 a1 a2.
K_WEIGHTING = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)
K_WEIGHTING_RATE = 48_000  # Hz
OFFSET = -0.691  # LU; compensates the gain of the filters at 997 Hz
STEP_S = 0.1  # seconds from one gating block to the next
BLOCK_STEPS = 4  # gating blocks of 0.4 s, which overlap by 75 %
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU, relative to the loudness of all blocks above the absolute gate

# The limiter computes its gain at control points 1 ms apart; its times are in control points.
POINTS_PER_S = 1_000
LOOK_AHEAD = 5
HOLD = 15  # half a period at 33 Hz, so that bass does not modulate its own gain
RELEASE = 80
OVERSAMPLING = 4  # for true peaks, which can lie between samples
TAPS = 16  # of the interpolation filter, for each oversampled value

CHUNK = 1 << 18  # samples processed at a time, which bounds memory


def loudness(audio: Audio) -> float:
    """Measure integrated loudness (ITU-R BS.1770-4).

    Parameters
    ----------
    audio : Audio
        Audio at any sampling rate. The standard specifies K-weighting at 48 000 Hz; here it
        deviates by at most 0.07 dB at 22 050 Hz and 0.01 dB at 44 100 Hz.

    Returns
    -------
    float
        Loudness in LUFS; -inf if no block is louder than -70 LUFS, as in silence or without any
        samples. Audio shorter than one block of 0.4 s is padded with silence to one block.
        Otherwise only whole blocks count, which leaves out up to 0.1 s at the end.

    See Also
    --------
    match_loudness : Raise an excerpt to a given loudness.
    """
    step = round(STEP_S * audio.sample_rate)
    samples = audio.samples
    if len(samples) < BLOCK_STEPS * step:
        samples = np.pad(samples, (0, BLOCK_STEPS * step - len(samples)))
    samples = samples[: len(samples) // step * step]
    weighting = _k_weighting(audio.sample_rate)
    state = np.zeros((len(weighting), 2))
    energies = []
    size = max(1, CHUNK // step) * step
    for start in range(0, len(samples), size):
        weighted, state = scipy.signal.sosfilt(weighting, samples[start : start + size], zi=state)
        energies.append(np.square(weighted).reshape(-1, step).sum(axis=1))
    blocks = np.lib.stride_tricks.sliding_window_view(np.concatenate(energies), BLOCK_STEPS)
    powers = blocks.mean(axis=1) / step
    powers = powers[powers > 10 ** ((ABSOLUTE_GATE - OFFSET) / 10)]
    if not powers.size:
        return -np.inf
    powers = powers[powers > 10 ** (RELATIVE_GATE / 10) * powers.mean()]
    return float(OFFSET + 10 * np.log10(powers.mean()))


def match_loudness(audio: Audio, target: float) -> Audio:
    """Raise an excerpt to a target loudness, without clipping.

    Parameters
    ----------
    audio : Audio
        Excerpt.
    target : float
        Loudness in LUFS, such as that of the whole song.

    Returns
    -------
    Audio
        Excerpt of the same length, not shifted in time. The gain is the difference to `target`,
        at most `MAX_GAIN_DB` and never an attenuation. An excerpt below the absolute gate counts
        as -70 LUFS, and silence stays silent. (Just above -70 LUFS the match is less exact, because
        the gain lifts further blocks over the gate.) Where the result would exceed `CEILING_DB`,
        including between samples, the limiter attenuates it from 5 ms before the peak to 95 ms
        after it. Elsewhere the result is exactly the gain times the samples.
    """
    missing = target - max(loudness(audio), ABSOLUTE_GATE)
    gain = np.float32(10 ** (np.clip(missing, 0, MAX_GAIN_DB) / 20))
    return replace(audio, samples=_limited(gain * audio.samples, audio.sample_rate))


def _k_weighting(sample_rate: int) -> np.ndarray:
    """Compute the K-weighting filters at another sampling rate, as second-order sections.

    The bilinear transform is inverted at 48 kHz and applied again at `sample_rate`, so the
    underlying analogue filters stay the same.
    """
    ratio = sample_rate / K_WEIGHTING_RATE
    # In both directions z = (1 + x) / (1 - x), where x is s / (2 · rate).
    to_analogue = np.array([[1, 2, 1], [-1, 0, 1], [1, -2, 1]]) * [ratio**2, ratio, 1]
    to_digital = np.array([[1, -2, 1], [1, 0, -1], [1, 2, 1]])
    polynomials = np.reshape(K_WEIGHTING, (-1, 2, 3)) @ to_analogue @ to_digital
    polynomials /= polynomials[:, 1:, :1]
    return polynomials.reshape(-1, 6)


def _limited(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Attenuate peaks above the ceiling.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        Samples of any amplitude.
    sample_rate : int
        Sampling rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Samples of at most `CEILING_DB`; unchanged except near peaks above it.
    """
    spacing = max(1, round(sample_rate / POINTS_PER_S))
    excess_db = 20 * np.log10(np.maximum(_peaks(samples, spacing) / CEILING, 1))
    if not excess_db.any():
        return samples
    # The gain is interpolated between control points, so a peak between two of them needs its
    # reduction at both; the hold provides it at the second.
    gains = (10 ** (-_spread(np.append(excess_db, 0)) / 20)).astype(np.float32)
    position = np.arange(spacing, dtype=np.float32) / spacing
    curve = gains[:-1, np.newaxis] + np.diff(gains)[:, np.newaxis] * position
    return samples * curve.ravel()[: len(samples)]


def _spread(excess_db: np.ndarray) -> np.ndarray:
    """Compute a smooth gain reduction that covers every peak.

    Each peak contributes an envelope of rise, hold and release, scaled by its excess. The reduction
    is the maximum over all envelopes, so it suffices for every peak.

    Parameters
    ----------
    excess_db : np.ndarray [shape=(points,), range=[0, inf)]
        Reduction needed in dB between each control point and the next.

    Returns
    -------
    np.ndarray [shape=(points,)]
        Reduction in dB, at least `excess_db`; 0 beyond the envelopes of all peaks.
    """
    rise = scipy.signal.windows.hann(2 * LOOK_AHEAD + 1)[1:LOOK_AHEAD]
    release = scipy.signal.windows.hann(2 * RELEASE + 1)[RELEASE + 1 : -1]
    reduction_db = excess_db.copy()
    for ahead, share in enumerate(rise[::-1], start=1):
        np.maximum(reduction_db[:-ahead], share * excess_db[ahead:], out=reduction_db[:-ahead])
    for behind, share in enumerate(np.append(np.ones(HOLD), release), start=1):
        np.maximum(reduction_db[behind:], share * excess_db[:-behind], out=reduction_db[behind:])
    return reduction_db


def _peaks(samples: np.ndarray, spacing: int) -> np.ndarray:
    """Measure the true peak, including values between samples, in blocks of equal length.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        Samples of any amplitude.
    spacing : int > 0
        Samples in a block.

    Returns
    -------
    np.ndarray [shape=(1 + n // spacing,), dtype=float32]
        Amplitudes; the last block is padded with silence. Values between samples are skipped where
        none can reach the ceiling, and are underestimated close to the Nyquist frequency.
    """
    # Interpolation with a windowed sinc.
    distance = (
        np.arange(TAPS)[:, np.newaxis] + 1 - TAPS // 2 - np.arange(1, OVERSAMPLING) / OVERSAMPLING
    )
    kernels = (np.sinc(distance) * np.cos(np.pi * distance / TAPS) ** 2).astype(np.float32)
    interpolation = np.hstack([scipy.linalg.convolution_matrix(k, spacing) for k in kernels.T])
    harmless = CEILING / np.abs(kernels).sum(axis=0).max()
    before, after = TAPS // 2 - 1, TAPS // 2  # samples that an interpolated value depends on
    peaks = np.empty(1 + len(samples) // spacing, dtype=np.float32)
    padded = np.pad(samples, (before, len(peaks) * spacing - len(samples) + after))
    rows = max(1, CHUNK // spacing)
    for first in range(0, len(peaks), rows):
        part = peaks[first : first + rows]
        around = padded[first * spacing :][: len(part) * spacing + TAPS - 1]
        amplitudes = np.abs(around)
        part[:] = amplitudes[before:-after].reshape(-1, spacing).max(axis=1)
        if amplitudes.max() >= harmless:
            windows = np.lib.stride_tricks.sliding_window_view(around, len(interpolation))
            between = windows[::spacing] @ interpolation
            np.maximum(part, np.abs(between).max(axis=1), out=part)
    return peaks
