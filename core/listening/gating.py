"""Gating: a segment with some of its time steps muted, and the model's prediction for it.

Models of a sequence of time steps have no evidence in frequency, so their explanations cannot
filter a song. Time steps are muted with short fades instead, and the model predicts again.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.audio.io import Audio, resample
from core.features.spectrogram import logmel, split_segments
from core.models.feature_models import FeatureModel

FADE_S = 0.01  # in and out of silence


@dataclass(frozen=True, eq=False)
class GatedSegment:
    """Audio of a gated segment, and the model's prediction for it.

    Parameters
    ----------
    audio : Audio
        As long as the segment, at the song's sampling rate.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        Genre probabilities of the gated segment within its song.
    """

    audio: Audio
    probabilities: np.ndarray


def gate_time_steps(
    audio: Audio, model: FeatureModel, segment: int, kept: np.ndarray
) -> GatedSegment:
    """Mute some time steps of a segment, and predict its genre again.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate.
    model : FeatureModel
        A model of time steps.
    segment : int
        Number of the segment, counted from 0.
    kept : np.ndarray [shape=(steps,), dtype=bool]
        Time steps to keep.

    Returns
    -------
    GatedSegment
        The segment with silence in the other time steps. Everything outside it is unchanged.
    """
    parameters = model.parameters
    # Samples of a segment at the audio's own rate; a whole number at the model's.
    scale = audio.sample_rate / parameters.sample_rate
    size = parameters.segment_frames * parameters.hop_length * scale
    start = round(segment * size)
    stop = min(round((segment + 1) * size), len(audio.samples))
    edges = np.linspace(0, round((segment + 1) * size) - start, len(kept) + 1).round().astype(int)
    gain = np.repeat(kept.astype(np.float32), np.diff(edges))[: stop - start]
    fade = max(1, round(FADE_S * audio.sample_rate))
    # A moving mean turns each step into a ramp. Padding repeats the gain at the segment's edges.
    padded = np.pad(gain, fade, mode="edge")
    gain = np.convolve(padded, np.full(2 * fade + 1, 1 / (2 * fade + 1)), mode="valid")
    samples = audio.samples.copy()
    samples[start:stop] *= gain
    gated = resample(replace(audio, samples=samples), parameters.sample_rate)
    cells = split_segments(logmel(gated.samples, parameters), parameters)[segment : segment + 1]
    first_frame = np.array([segment * parameters.segment_frames])
    probabilities = model.predict(model.extract(gated, cells, first_frame))[0]
    return GatedSegment(replace(audio, samples=samples[start:stop]), probabilities)
