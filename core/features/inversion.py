"""What the network is given, as sound: thirteen MFCCs turned back into audio, with invented phase.

This is an exhibit, not an explanation: it lets one hear how little of a song the MFCCs keep (the
broad shape of the spectrum, no pitch). The magnitudes are a least-squares guess and the phase is
Griffin & Lim's (1984, "Signal estimation from modified short-time Fourier transform"), both by
librosa.
"""

from __future__ import annotations

import librosa
import numpy as np

from core.audio.io import Audio
from core.features.spectrogram import FeatureParameters

ITERATIONS = 32
PEAK = 0.5  # of full scale


def audio_from_mfcc(mfcc: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Turn the MFCCs of a segment into sound.

    Parameters
    ----------
    mfcc : np.ndarray [shape=(frames, n_mfcc)]
        MFCCs in the order of time, not standardised.
    parameters : FeatureParameters
        How they were computed.

    Returns
    -------
    Audio
        ``frames * hop_length`` samples with a peak of 0.5; silence where the MFCCs hold only the
        floor of the spectrogram. The same MFCCs always sound the same.

    Raises
    ------
    ValueError
        If the array does not have the shape of MFCCs.
    """
    mfcc = np.asarray(mfcc, dtype=np.float32)
    if mfcc.ndim != 2 or mfcc.shape[1] != parameters.n_mfcc or not len(mfcc):
        raise ValueError(f"MFCCs have shape (frames, {parameters.n_mfcc}), not {mfcc.shape}.")
    mel = librosa.feature.inverse.mfcc_to_mel(mfcc.T, n_mels=parameters.n_mels)
    mel[mel < 10 ** ((1 - parameters.top_db) / 10)] = 0  # within 1 dB of the floor
    return audio_from_mel(mel.T, parameters)


def audio_from_mel(power: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Turn a mel spectrogram into sound.

    Parameters
    ----------
    power : np.ndarray [shape=(frames, n_mels), non-negative]
        Power of each band.
    parameters : FeatureParameters
        How it was computed.

    Returns
    -------
    Audio
        As `audio_from_magnitudes` makes it of a least-squares guess of the magnitudes.
    """
    magnitudes = librosa.feature.inverse.mel_to_stft(
        power.T, sr=parameters.sample_rate, n_fft=parameters.n_fft
    )
    return audio_from_magnitudes(magnitudes.T, parameters)


def audio_from_magnitudes(magnitudes: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Turn a spectrogram that has lost its phase into sound.

    Parameters
    ----------
    magnitudes : np.ndarray [shape=(frames, 1 + n_fft / 2), non-negative]
        Magnitude of each frequency bin.
    parameters : FeatureParameters
        How they were computed.

    Returns
    -------
    Audio
        ``frames * hop_length`` samples with a peak of 0.5, or silence.
    """
    # Centred frames span one hop less than there are frames.
    samples = librosa.griffinlim(
        np.pad(magnitudes.T, ((0, 0), (0, 1)), mode="edge"),
        n_iter=ITERATIONS,
        hop_length=parameters.hop_length,
        length=len(magnitudes) * parameters.hop_length,
        random_state=0,
    )
    peak = np.abs(samples).max()
    if peak > 0:
        samples *= PEAK / peak
    return Audio(samples=samples.astype(np.float32), sample_rate=parameters.sample_rate)
