"""How three seconds of a song become 13 numbers a frame: every step with what is left to hear.

Conventions
-----------
Arrays are frames first. Levels are in dB relative to the loudest cell of the three seconds; the
networks' features are relative to the loudest of the whole song, which is the same picture, only
brighter or darker.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from core.features.inversion import audio_from_magnitudes, audio_from_mel, audio_from_mfcc
from core.features.spectrogram import logmel_from_power, mel_filterbank, mfcc_from_logmel, stft

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.features.spectrogram import FeatureParameters

LEAST_POWER = 1e-10  # before a logarithm


@dataclass(frozen=True, eq=False)
class Stage:
    """What is left of a sound after a step.

    Parameters
    ----------
    name : str
        ``"waveform"``, ``"stft"``, ``"mel"``, ``"db"``, ``"dct"`` or ``"mfcc"``.
    values : np.ndarray [shape=(frames, rows) or (samples,)]
        Samples of the waveform; levels of the STFT in dB; power of the mel bands as a share of the
        largest; levels of the mel bands in dB; all coefficients of their DCT; the first of them.
    values_per_second : int
        How many numbers describe a second of sound now.
    audio : Audio
        The sound made from nothing but these numbers.
    """

    name: str
    values: np.ndarray
    values_per_second: int
    audio: Audio


def stages(audio: Audio, start_s: float, parameters: FeatureParameters) -> list[Stage]:
    """Return the steps from a waveform to MFCCs for one segment's length of a song.

    Parameters
    ----------
    audio : Audio
        The song.
    start_s : float
        Where the three seconds begin; what the song lacks of them is silence.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    list of Stage
        In the order of the steps.
    """
    frames, hop = parameters.segment_frames, parameters.hop_length
    start = round(start_s * audio.sample_rate)
    samples = audio.samples[start : start + frames * hop]
    samples = np.pad(samples, (0, frames * hop - len(samples)))
    magnitudes = np.abs(stft(samples, parameters))[:frames]
    power = magnitudes.astype(np.float64) ** 2
    mel = power @ mel_filterbank(parameters).T
    levels = logmel_from_power(power, parameters)
    coefficients = scipy.fft.dct(levels, norm="ortho", axis=-1)
    mfcc = mfcc_from_logmel(levels, parameters.n_mfcc)
    loudest = max(power.max(), LEAST_POWER)
    decibels = 10 * np.log10(np.maximum(power / loudest, 10 ** (-parameters.top_db / 10)))
    rate = audio.sample_rate / hop
    floored = np.where(levels > -parameters.top_db, 10 ** (levels / 10), 0)
    from_levels = audio_from_mel(floored, parameters)
    return [
        Stage("waveform", samples, audio.sample_rate, replace(audio, samples=samples)),
        Stage(
            "stft",
            decibels,
            round(rate * magnitudes.shape[1]),
            audio_from_magnitudes(magnitudes, parameters),
        ),
        Stage(
            "mel",
            mel / max(mel.max(), LEAST_POWER),
            round(rate * parameters.n_mels),
            audio_from_mel(mel, parameters),
        ),
        Stage("db", levels, round(rate * parameters.n_mels), from_levels),
        Stage("dct", coefficients, round(rate * parameters.n_mels), from_levels),
        Stage("mfcc", mfcc, round(rate * parameters.n_mfcc), audio_from_mfcc(mfcc, parameters)),
    ]
