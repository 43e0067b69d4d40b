"""Onset strength: how much the level of the mel bands rises from one frame to the next."""

from __future__ import annotations

import numpy as np

from core.features.spectrogram import FeatureParameters


def onset_strength(logmel_db: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Compute the onset-strength envelope of a segment or song: librosa's spectral flux.

    Parameters
    ----------
    logmel_db : np.ndarray [shape=(frames, n_mels)]
        Log-mel spectrogram in dB.
    parameters : FeatureParameters
        Its parameters.

    Returns
    -------
    np.ndarray [shape=(frames,), dtype=float64, non-negative]
        Mean rise of the bands in dB since the frame before. An onset is assigned to the frame on
        which it falls, to within one frame.
    """
    import librosa

    return librosa.onset.onset_strength(
        S=np.asarray(logmel_db, dtype=np.float64).T,
        sr=parameters.sample_rate,
        hop_length=parameters.hop_length,
        # By default, librosa delays the envelope by half a window. It does so for windows of many
        # hops, which an onset reaches long before their centres; ours span little more than two.
        center=False,
    )
