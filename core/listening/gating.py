"""The closest thing to hear of a model that knows only when: its moments alone, and without them.

Such a model cannot say which frequencies counted, so nothing is filtered. A segment is heard with
all but some moments silenced, with short fades, and the model is asked again about that sound.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from core.audio.io import Audio
from core.features.spectrogram import logmel, split_segments
from core.models.feature_models import FeatureModel

FADE_S = 0.01  # in and out of silence


@dataclass(frozen=True, eq=False)
class GatedSegment:
    """What is heard of a segment, and what the model says of it.

    Parameters
    ----------
    audio : Audio
        As long as the segment.
    probabilities : np.ndarray [shape=(10,), range=[0, 1]]
        The model's answer to the segment within its song, heard like this.
    """

    audio: Audio
    probabilities: np.ndarray


def gate_moments(audio: Audio, model: FeatureModel, segment: int, kept: np.ndarray) -> GatedSegment:
    """Silence some moments of a segment, and ask the model again.

    Parameters
    ----------
    audio : Audio
        The song.
    model : FeatureModel
        A model that reads moments.
    segment : int
        Which of the song's segments.
    kept : np.ndarray [shape=(moments,), dtype=bool]
        Moments that stay.

    Returns
    -------
    GatedSegment
        The segment with silence where a moment is not kept. The rest of the song is as it was.
    """
    parameters = model.parameters
    length = parameters.segment_frames * parameters.hop_length
    start = segment * length
    stop = min(start + length, len(audio.samples))
    edges = np.linspace(0, length, len(kept) + 1).round().astype(int)
    gain = np.repeat(kept.astype(np.float32), np.diff(edges))[: stop - start]
    fade = max(1, round(FADE_S * audio.sample_rate))
    # A moving mean turns each step into a ramp; outside the segment it goes on as at its edge.
    padded = np.pad(gain, fade, mode="edge")
    gain = np.convolve(padded, np.full(2 * fade + 1, 1 / (2 * fade + 1)), mode="valid")
    samples = audio.samples.copy()
    samples[start:stop] *= gain
    changed = replace(audio, samples=samples)
    cells = split_segments(logmel(samples, parameters), parameters)[segment : segment + 1]
    places = np.array([segment * parameters.segment_frames])
    answer = model.predict(model.extract(changed, cells, places))[0]
    return GatedSegment(replace(audio, samples=samples[start:stop]), answer)
