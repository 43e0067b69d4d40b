"""Excerpts of a song at a level that is pleasant to hear: measure loudness, raise it, limit peaks.

A song of which only some regions are left is often much quieter than the song. Its loudness is
measured after ITU-R BS.1770-4, "Algorithms to measure audio programme loudness and true-peak audio
level", and raised towards the song's. Peaks that would then be too high are turned down by a
limiter that looks ahead.

Conventions
-----------
Loudness is in LUFS, its differences in LU, gains and levels in dB; 0 dBFS is an amplitude of 1.
Sounds are mono, so a sine of full scale has -3 LUFS. The limiter is the only part that is not
linear: features are measured against a sound's own maximum, so a gain does not change them, while
limiting does, as it turns down some moments and not others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.linalg
import scipy.signal

if TYPE_CHECKING:
    from core.audio.io import Audio

MAX_GAIN_DB = 20.0  # beyond it the noise in an almost empty excerpt would be all that is heard
CEILING_DB = -1.0  # dBFS: room for what a lossy encoder adds
CEILING = 10 ** (CEILING_DB / 20)

# The standard's two filters, a shelf for the head and a high-pass, at 48 kHz: b0 b1 b2 a0 a1 a2.
K_WEIGHTING = (
    (1.53512485958697, -2.69169618940638, 1.19839281085285, 1, -1.69065929318241, 0.73248077421585),
    (1.0, -2.0, 1.0, 1.0, -1.99004745483398, 0.99007225036621),
)
K_WEIGHTING_RATE = 48_000  # Hz
OFFSET = -0.691  # LU: makes up for the filters' gain at 997 Hz
STEP_S = 0.1  # seconds from one gating block to the next
BLOCK_STEPS = 4  # 0.4 s blocks, which overlap by 75 %
ABSOLUTE_GATE = -70.0  # LUFS
RELATIVE_GATE = -10.0  # LU below what passes the absolute gate

# Control points of the limiter's gain are about a millisecond apart; times are counted in them.
POINTS_PER_S = 1_000
LOOK_AHEAD = 5
HOLD = 15  # half a period of 33 Hz, so that bass does not modulate its own gain
RELEASE = 80
OVERSAMPLING = 4  # values for each sample in which a peak between samples is looked for
TAPS = 16  # of the interpolation, for each of these values

CHUNK = 1 << 18  # samples at a time: bounds memory, whatever the song's length


def loudness(audio: Audio) -> float:
    """Measure the integrated loudness of a sound (ITU-R BS.1770-4).

    Parameters
    ----------
    audio : Audio
        The sound, at any sampling rate. At 22 050 Hz the weighting is within 0.07 dB of what the
        standard gives at 48 000 Hz, at 44 100 Hz within 0.01 dB.

    Returns
    -------
    float
        Loudness in LUFS; -inf if nothing is louder than -70 LUFS, as in silence or in no samples
        at all. A sound shorter than a block of 0.4 s is measured as one block, the rest of which
        is silent. Otherwise only whole blocks count, so up to 0.1 s at the end do not.
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


def match_loudness(audio: Audio, wanted: float) -> Audio:
    """Raise an excerpt to the loudness of its song, without overloading.

    Parameters
    ----------
    audio : Audio
        The excerpt.
    wanted : float
        The loudness of its song in LUFS.

    Returns
    -------
    Audio
        As long as the excerpt, no sample moved in time. The gain is what the excerpt's loudness
        lacks, at most `MAX_GAIN_DB` and never an attenuation; an excerpt too quiet to have a
        loudness counts as -70 LUFS, and silence stays silence. (Blocks that the gain lifts over
        -70 LUFS make it less exact for excerpts near that.) Where the result would exceed
        `CEILING_DB`, between samples also, it is turned down, from 5 ms before the peak to 95 ms
        after it, and remains so much quieter than the song; everywhere else it is exactly the gain
        times the samples.
    """
    missing = wanted - max(loudness(audio), ABSOLUTE_GATE)
    gain = np.float32(10 ** (np.clip(missing, 0, MAX_GAIN_DB) / 20))
    return replace(audio, samples=_limited(gain * audio.samples, audio.sample_rate))


def _k_weighting(sample_rate: int) -> np.ndarray:
    """Return the standard's filters at another rate, as second-order sections.

    The bilinear transform is undone at 48 kHz and done again at this rate, which keeps the analogue
    filters behind them.
    """
    ratio = sample_rate / K_WEIGHTING_RATE
    # Both ways z = (1 + x) / (1 - x); x is the analogue frequency over twice the rate.
    to_analogue = np.array([[1, 2, 1], [-1, 0, 1], [1, -2, 1]]) * [ratio**2, ratio, 1]
    to_digital = np.array([[1, -2, 1], [1, 0, -1], [1, 2, 1]])
    polynomials = np.reshape(K_WEIGHTING, (-1, 2, 3)) @ to_analogue @ to_digital
    polynomials /= polynomials[:, 1:, :1]
    return polynomials.reshape(-1, 6)


def _limited(samples: np.ndarray, sample_rate: int) -> np.ndarray:
    """Turn down what exceeds the ceiling.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        Samples of any amplitude.
    sample_rate : int
        Sampling rate in Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        Samples of at most `CEILING_DB`; unchanged where nothing near exceeds it.
    """
    spacing = max(1, round(sample_rate / POINTS_PER_S))
    excess_db = 20 * np.log10(np.maximum(_peaks(samples, spacing) / CEILING, 1))
    if not excess_db.any():
        return samples
    # A stretch lies between its own point and the next, which the hold makes as low at least.
    gains = (10 ** (-_spread(np.append(excess_db, 0)) / 20)).astype(np.float32)
    position = np.arange(spacing, dtype=np.float32) / spacing
    curve = gains[:-1, np.newaxis] + np.diff(gains)[:, np.newaxis] * position
    return samples * curve.ravel()[: len(samples)]


def _spread(excess_db: np.ndarray) -> np.ndarray:
    """Return the least reduction that meets every peak and moves along a smooth curve.

    Every peak calls for the same course: a rise ahead of it, a hold, a release. Of all courses the
    greatest reduction counts, so what one peak needs is never lost to another.

    Parameters
    ----------
    excess_db : np.ndarray [shape=(points,), range=[0, inf)]
        Needed reduction in dB, at each point and up to the next.

    Returns
    -------
    np.ndarray [shape=(points,)]
        Reduction in dB, at least as great; 0 out of the reach of any peak.
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
    """Return the greatest amplitude in each stretch of a sound, between its samples also.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        The sound.
    spacing : int > 0
        Samples in a stretch.

    Returns
    -------
    np.ndarray [shape=(1 + n // spacing,), dtype=float32]
        Amplitudes; after the sound there is silence. Values between samples are left out where
        none can reach the ceiling, and fall short of the truth for sounds close to half the
        sampling rate.
    """
    # Each value between two samples is a sum of those around it, by a windowed sinc.
    distance = (
        np.arange(TAPS)[:, np.newaxis] + 1 - TAPS // 2 - np.arange(1, OVERSAMPLING) / OVERSAMPLING
    )
    kernels = (np.sinc(distance) * np.cos(np.pi * distance / TAPS) ** 2).astype(np.float32)
    interpolation = np.hstack([scipy.linalg.convolution_matrix(k, spacing) for k in kernels.T])
    harmless = CEILING / np.abs(kernels).sum(axis=0).max()
    before, after = TAPS // 2 - 1, TAPS // 2  # samples that a value between two others reaches
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
