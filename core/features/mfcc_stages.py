"""Stages of MFCC computation, each with its values and the audio that can be resynthesised.

Conventions
-----------
Arrays are frames first. Levels are in dB relative to the loudest cell of the segment. The networks'
features are relative to the loudest cell of the whole song instead, which shifts all levels above
the floor by a constant.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import scipy.fft

from core.features.inversion import audio_from_magnitudes, audio_from_mel, audio_from_mfcc
from core.features.spectrogram import (
    band_frequencies,
    logmel_from_power,
    mel_filterbank,
    mfcc_from_logmel,
    stft,
)

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.features.spectrogram import FeatureParameters

MIN_POWER = 1e-10  # avoids the logarithm of zero


@dataclass(frozen=True, eq=False)
class Stage:
    """One stage between the waveform and the MFCCs.

    Parameters
    ----------
    name : str
        ``"waveform"``, ``"stft"``, ``"mel"``, ``"db"``, ``"dct"`` or ``"mfcc"``.
    values : np.ndarray [shape=(frames, rows) or (samples,)]
        In the order of these names: samples; STFT levels in dB; power of the mel bands relative to
        the largest; mel levels in dB; all DCT coefficients; the first `n_mfcc` of them.
    values_per_second : int
        Data rate: numbers for each second of audio.
    audio : Audio
        Audio resynthesised from these values alone.
    frequencies : np.ndarray [shape=(rows,)], optional
        Frequency of each row in Hz, ascending, if rows are frequencies.
    """

    name: str
    values: np.ndarray
    values_per_second: int
    audio: Audio
    frequencies: np.ndarray | None = None


def stages(audio: Audio, start_s: float, parameters: FeatureParameters) -> list[Stage]:
    """Compute all stages from the waveform to the MFCCs for one segment of a song.

    Parameters
    ----------
    audio : Audio
        Song, at the sampling rate of `parameters`.
    start_s : float
        Start of the segment in seconds; beyond the end of the song it is padded with silence.
    parameters : FeatureParameters
        Feature parameters.

    Returns
    -------
    list of Stage
        From ``"waveform"`` to ``"mfcc"``.
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
    loudest = max(power.max(), MIN_POWER)
    decibels = 10 * np.log10(np.maximum(power / loudest, 10 ** (-parameters.top_db / 10)))
    rate = audio.sample_rate / hop
    floored = np.where(levels > -parameters.top_db, 10 ** (levels / 10), 0)
    from_levels = audio_from_mel(floored, parameters)
    bands = band_frequencies(parameters)
    return [
        Stage("waveform", samples, audio.sample_rate, replace(audio, samples=samples)),
        Stage(
            "stft",
            decibels,
            round(rate * magnitudes.shape[1]),
            audio_from_magnitudes(magnitudes, parameters),
            np.linspace(0, audio.sample_rate / 2, magnitudes.shape[1]),
        ),
        Stage(
            "mel",
            mel / max(mel.max(), MIN_POWER),
            round(rate * parameters.n_mels),
            audio_from_mel(mel, parameters),
            bands,
        ),
        Stage("db", levels, round(rate * parameters.n_mels), from_levels, bands),
        Stage("dct", coefficients, round(rate * parameters.n_mels), from_levels),
        Stage("mfcc", mfcc, round(rate * parameters.n_mfcc), audio_from_mfcc(mfcc, parameters)),
    ]
