"""Synthetic explanations: given or random evidence, without a model."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import scipy.ndimage

from core.audio.io import Audio
from core.constants import GENRES
from core.explanation.explain import Explanation
from core.features.spectrogram import (
    FeatureParameters,
    logmel,
    mfcc_from_logmel,
    segment_starts,
    split_segments,
)


def synthetic_explanation(
    audio: Audio,
    *,
    evidence: np.ndarray | None = None,
    seed: int = 0,
    segments: Sequence[int] | None = None,
) -> Explanation:
    """Build an explanation of a song's segments with given or random evidence.

    Parameters
    ----------
    audio : Audio
        Song.
    evidence : np.ndarray [shape=(n_mels,) or (n, segment_frames, n_mels)], optional
        SHAP values of the mel bands, all of them audible; smoothed noise by default.
    seed : int
        Seed of the noise.
    segments : sequence of int, optional
        Indices of the explained segments, all by default.

    Returns
    -------
    Explanation
        Explanation whose MFCC view is zero.
    """
    parameters = FeatureParameters()
    spectrogram = logmel(audio.samples, parameters)
    starts = segment_starts(len(spectrogram), parameters)
    chosen = np.arange(len(starts)) if segments is None else np.asarray(segments)
    cells = split_segments(spectrogram, parameters)[chosen]
    if evidence is None:
        noise = np.random.RandomState(seed).standard_normal(cells.shape)
        evidence = scipy.ndimage.gaussian_filter(noise, (0, 2, 4))
    evidence = np.broadcast_to(evidence, cells.shape).astype(np.float32)
    mfcc = mfcc_from_logmel(cells)
    starts_s = starts[chosen] * parameters.hop_length / parameters.sample_rate
    return Explanation(
        target="jazz",
        model="made up",
        genres=GENRES,
        parameters=parameters,
        segments=chosen,
        starts=starts[chosen],
        starts_s=starts_s,
        ends_s=np.minimum(starts_s + parameters.segment_s, audio.duration_s),
        filled=np.minimum(len(spectrogram) - starts[chosen], parameters.segment_frames),
        mfcc_values=mfcc,
        logmel=cells,
        mfcc=np.zeros_like(mfcc),
        mel=evidence,
        audible=evidence,
        perturbation=np.zeros_like(evidence),
        base_value=np.full(len(chosen), 0.1),
        prediction=np.full(len(chosen), 0.1),
        audio=audio,
    )
