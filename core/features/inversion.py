"""Feature inversion: audio resynthesised from MFCCs, mel spectrograms or STFT magnitudes.

This illustrates the networks' input rather than explaining a prediction: 13 MFCCs keep only the
broad shape of the spectrum, without pitch. The magnitudes are a least-squares estimate. The phase
is estimated by the algorithm of Griffin & Lim (1984, "Signal estimation from modified short-time
Fourier transform"). Both come from librosa.
"""

from __future__ import annotations

import numpy as np

from core.audio.io import Audio
from core.features.spectrogram import FeatureParameters

ITERATIONS = 32
PEAK = 0.5  # of full scale


def audio_from_mfcc(mfcc: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Resynthesise audio from MFCCs.

    Parameters
    ----------
    mfcc : np.ndarray [shape=(frames, n_mfcc)]
        MFCCs of consecutive frames, not standardised.
    parameters : FeatureParameters
        Parameters that they were computed with.

    Returns
    -------
    Audio
        ``frames * hop_length`` samples with a peak of 0.5; silent where the MFCCs describe only
        the floor of the spectrogram. The result is deterministic.

    Raises
    ------
    ValueError
        If `mfcc` does not have shape ``(frames, n_mfcc)`` with at least one frame.

    See Also
    --------
    core.features.spectrogram.mfcc_from_logmel : Compute MFCCs.
    """
    mfcc = np.asarray(mfcc, dtype=np.float32)
    if mfcc.ndim != 2 or mfcc.shape[1] != parameters.n_mfcc or not len(mfcc):
        raise ValueError(
            f"mfcc must have shape (frames, {parameters.n_mfcc}) and at least one frame, "
            f"not {mfcc.shape}."
        )
    import librosa

    mel = librosa.feature.inverse.mfcc_to_mel(mfcc.T, n_mels=parameters.n_mels)
    mel[mel < 10 ** ((1 - parameters.top_db) / 10)] = 0  # within 1 dB of the floor
    return audio_from_mel(mel.T, parameters)


def audio_from_mel(power: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Resynthesise audio from a mel power spectrogram.

    Parameters
    ----------
    power : np.ndarray [shape=(frames, n_mels), non-negative]
        Power of each mel band.
    parameters : FeatureParameters
        Parameters that it was computed with.

    Returns
    -------
    Audio
        Result of `audio_from_magnitudes` for a least-squares estimate of the STFT magnitudes.
    """
    import librosa

    magnitudes = librosa.feature.inverse.mel_to_stft(
        power.T, sr=parameters.sample_rate, n_fft=parameters.n_fft
    )
    return audio_from_magnitudes(magnitudes.T, parameters)


def audio_from_magnitudes(magnitudes: np.ndarray, parameters: FeatureParameters) -> Audio:
    """Resynthesise audio from STFT magnitudes, with a phase estimated by Griffin & Lim.

    Parameters
    ----------
    magnitudes : np.ndarray [shape=(frames, 1 + n_fft / 2), non-negative]
        Magnitude of each frequency bin.
    parameters : FeatureParameters
        Parameters that they were computed with.

    Returns
    -------
    Audio
        ``frames * hop_length`` samples with a peak of 0.5, or silence.
    """
    import librosa

    # n centred frames span n - 1 hops.
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
