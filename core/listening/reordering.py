"""Audio of a segment in another order, cut where its frames meet, and predictions for it.

Conventions
-----------
Frame ``t`` of a song is centred on sample ``t * hop_length``, so it owns the samples that are
nearer to its centre than to any other. The waveform is cut at these edges. Pieces overlap by
`FADE_S` and are crossfaded with constant power. The song keeps its length, and everything outside
the segment stays as it is, apart from half a crossfade.

A window of the spectrogram is longer than a frame. In the audio, frames next to a cut therefore
contain sound from both sides of it, which moving the frames of a spectrogram
(`core.features.frame_order`) avoids. The shorter the chunks, the more the two differ.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from core.audio.io import resample
from core.features.spectrogram import (
    FeatureParameters,
    logmel_from_power,
    mel_filterbank,
    stft,
    stft_frames,
)

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.base import GenreModel

FADE_S = 0.004  # short against a frame of 41 ms, long enough not to click


def reordered_audio(
    audio: Audio, parameters: FeatureParameters, start: int, order: np.ndarray
) -> Audio:
    """Change the order of a segment's frames in a song's waveform.

    Parameters
    ----------
    audio : Audio
        The song, at the sampling rate of the parameters.
    parameters : FeatureParameters
        Parameters of the features.
    start : int
        First frame of the segment in the song.
    order : np.ndarray [shape=(n,), dtype=int]
        Order of the segment's frames, see `core.features.frame_order`. Neighbouring frames that
        stay neighbours are not cut apart.

    Returns
    -------
    Audio
        The song with the segment in the new order, as long as before.

    See Also
    --------
    reversed_audio : Play the segment backwards.
    """
    breaks = np.flatnonzero(np.diff(order) != 1) + 1
    runs = [(int(run[0]), int(run[-1]) + 1) for run in np.split(order, breaks)]
    return _rearranged(audio, parameters, start, len(order), runs, step=1)


def reversed_audio(audio: Audio, parameters: FeatureParameters, start: int, n_frames: int) -> Audio:
    """Reverse a segment in a song's waveform.

    Parameters
    ----------
    audio, parameters, start
        As in `reordered_audio`.
    n_frames : int
        Frames of the segment.

    Returns
    -------
    Audio
        The song with the segment played backwards, as long as before.
    """
    return _rearranged(audio, parameters, start, n_frames, [(0, n_frames)], step=-1)


def segment_audio(audio: Audio, parameters: FeatureParameters, start: int, n_frames: int) -> Audio:
    """Cut a segment out of a song, at the edges of its frames; the song's ends limit it."""
    first, last = (
        min(max(_edge(frame, parameters), 0), len(audio.samples))
        for frame in (start, start + n_frames)
    )
    return replace(audio, samples=audio.samples[first:last])


def _edge(frame: int, parameters: FeatureParameters) -> int:
    """Sample at which a frame begins."""
    return frame * parameters.hop_length - parameters.hop_length // 2


def _rearranged(
    audio: Audio,
    parameters: FeatureParameters,
    start: int,
    n_frames: int,
    runs: list[tuple[int, int]],
    *,
    step: int,
) -> Audio:
    """Put runs of a segment's frames one after the other, crossfaded with each other and the song.

    Parameters
    ----------
    audio, parameters, start, n_frames
        As in `reordered_audio` and `reversed_audio`.
    runs : list of (int, int)
        First frame of each run and the one after its last, counted from the segment's first frame.
    step : {1, -1}
        Whether runs are played forwards or backwards.

    Returns
    -------
    Audio
        The rearranged song.
    """
    half = round(FADE_S * parameters.sample_rate / 2)
    # The first frame of a song begins before its first sample, the last one ends after the last.
    before = half + parameters.hop_length
    samples = np.pad(audio.samples, (before, before))
    edges = [before + _edge(start + frame, parameters) for frame in range(n_frames + 1)]
    first, last = edges[0], edges[-1]
    x = (np.arange(2 * half) + 0.5) / (2 * half)
    rise = np.sin(np.pi / 2 * x)
    segment = np.zeros(last - first + 2 * half)
    place = 0
    for begin, end in runs:
        piece = samples[edges[begin] - half : edges[end] + half][::step].astype(np.float64)
        piece[: 2 * half] *= rise
        piece[len(piece) - 2 * half :] *= rise[::-1]
        segment[place : place + len(piece)] += piece
        place += len(piece) - 2 * half
    # The song fades out where the segment fades in, and the reverse.
    segment[: 2 * half] += samples[first - half : first + half] * rise[::-1]
    segment[-2 * half :] += samples[last - half : last + half] * rise
    result = samples.copy()
    result[first - half : last + half] = np.clip(segment, -1, 1)
    return replace(audio, samples=result[before : before + len(audio.samples)])


def mel_peaks(audio: Audio, parameters: FeatureParameters) -> np.ndarray:
    """Compute the power of the loudest mel cell of each frame of a song, `shape=(frames,)`.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate.
    parameters : FeatureParameters
        Parameters of the features.
    """
    spectrum = stft(resample(audio, parameters.sample_rate).samples, parameters)
    return (np.abs(spectrum) ** 2 @ mel_filterbank(parameters).T).max(axis=1)


def probabilities_within(
    model: GenreModel, audio: Audio, start: int, peaks: np.ndarray
) -> np.ndarray:
    """Predict one segment of a changed song without analysing all of the song again.

    Parameters
    ----------
    model : GenreModel
        The model.
    audio : Audio
        The song after a change of this segment, at any sampling rate.
    start : int
        First frame of the segment.
    peaks : np.ndarray [shape=(frames,)]
        `mel_peaks` of the song before the change.

    Returns
    -------
    np.ndarray [shape=(genres,), range=[0, 1]]
        The probabilities that `core.analysis.analyze` computes for this segment of the changed
        song, up to rounding.
    """
    parameters = model.parameters
    changed = resample(audio, parameters.sample_rate)
    # Frames around the segment have windows that reach into it.
    margin = -(-parameters.n_fft // (2 * parameters.hop_length)) + 1
    stop = min(start + parameters.segment_frames, len(peaks))
    first, last = max(start - margin, 0), min(stop + margin, len(peaks))
    power = np.abs(stft_frames(changed.samples, parameters, first, last - first)) ** 2
    elsewhere = np.concatenate([peaks[:first], peaks[last:], [0.0]])
    inside = (power @ mel_filterbank(parameters).T).max()
    peak = max(float(elsewhere.max()), float(inside))
    levels = logmel_from_power(power[start - first : stop - first], parameters, peak=peak)
    missing = parameters.segment_frames - len(levels)
    padded = np.pad(levels, ((0, missing), (0, 0)), constant_values=-parameters.top_db)
    segment = padded.astype(np.float32)[np.newaxis]
    inputs = model.extract(changed, segment, np.array([start]))
    return model.predict(inputs)[0]
