"""From an explanation to sound: the regions that speak for a genre, with the song's own phase.

Conventions
-----------
A region is a set of cells of the log-mel spectrogram, frames first. `keep` is the share of each
segment's cells, over the frames that the song fills, that counts as important. A cell is one mel
band high and one hop long; a frequency bin belongs to the bands whose centres it lies between, a
moment to the nearest frame. The song is filtered as a whole by one overlap-add (Allen & Rabiner
1977, "A unified approach to short-time Fourier analysis and synthesis"), with a step much finer
than a frame, so that gains fade and nothing clicks, not even where segments meet.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import librosa
import numpy as np
import scipy.fft
import scipy.signal

from core.explanation.masks import Share, importance_mask
from core.features.spectrogram import FeatureParameters, segment_starts

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.explain import Explanation

Mode = Literal["keep", "remove"]

OVERLAP = 4  # filter windows over each sample
ROUNDING = 2.0**-22  # amplitude of what single precision leaves of a difference
BLOCK = 1_024  # filter windows at a time: bounds memory, whatever the song's length


def listen(
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = 0.2,
    mode: Mode = "keep",
    of: Share = "area",
    ranking: np.ndarray | None = None,
) -> Audio:
    """Return the song with nothing but its important regions, or with everything but them.

    Parameters
    ----------
    audio, explanation, keep, of, ranking
        As in `divide`.
    mode : {"keep", "remove"}
        Whether the important regions are all that is left, or all that is missing.

    Returns
    -------
    Audio
        As long as the song, within [-1, 1]: one of the two parts of `divide`.

    Raises
    ------
    ValueError
        If `keep` is not a share, `mode` or `of` is unknown, or the explanation is not of this song.

    Examples
    --------
    >>> from core import explain, listen, load_audio, load_model
    >>> audio = load_audio("examples/slow_harbour.ogg")
    >>> explanation = explain(audio, load_model("cnn"))
    >>> important = listen(audio, explanation, keep=0.2)
    >>> important.samples.shape == audio.samples.shape
    True
    """
    if mode not in get_args(Mode):
        raise ValueError(f"mode={mode!r} is unknown; choose 'keep' or 'remove'.")
    kept, rest = divide(audio, explanation, keep=keep, of=of, ranking=ranking)
    return kept if mode == "keep" else rest


def divide(
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = 0.2,
    of: Share = "area",
    ranking: np.ndarray | None = None,
    progress: Callable[[], None] = lambda: None,
) -> tuple[Audio, Audio]:
    """Divide a song into its important regions and everything else.

    Parameters
    ----------
    audio : Audio
        The song that was explained.
    explanation : Explanation
        Its explanation. What it does not cover (other segments, a remainder after the last one)
        is not important.
    keep : float or np.ndarray [shape=(n,)], range=[0, 1]
        Share of each segment's time-frequency area (mel scale) that counts as important.
    of, ranking
        As in `importance_mask`.
    progress : callable, optional
        Called several times a second while the song is filtered; an exception that it raises ends
        the work.

    Returns
    -------
    kept, rest : Audio
        As long as the song, within [-1, 1]. They add up to the song; where one of them would exceed
        full scale, both are turned down by the same factor, and so is their sum.

    Raises
    ------
    ValueError
        If `keep` is not a share, `of` is unknown, or the explanation is not of this song.
    """
    parameters = explanation.parameters
    n_frames = 1 + len(audio.samples) // parameters.hop_length
    important = np.zeros((n_frames, parameters.n_mels), dtype=np.float32)
    masks = importance_mask(explanation, keep=keep, of=of, ranking=ranking)
    starts = segment_starts(n_frames, parameters)
    if explanation.segments.max() >= len(starts):
        raise ValueError("The explanation has segments that the song lacks; explain this song.")
    for start, frames, mask in zip(
        starts[explanation.segments], explanation.filled, masks, strict=True
    ):
        important[start : start + frames] = mask[:frames]
    kept = filter_song(audio.samples, important, parameters, progress)
    rest = audio.samples - kept
    rest[np.abs(rest) <= ROUNDING] = 0  # or a model would hear it where nothing else is left
    # Taking parts away can raise a peak that they had cancelled.
    peak = max(1.0, np.abs(kept).max(), np.abs(rest).max())
    return replace(audio, samples=kept / peak), replace(audio, samples=rest / peak)


def passage(
    audio: Audio, explanation: Explanation, first: int, count: int
) -> tuple[Audio, Explanation]:
    """Return a passage of a song as a song of its own, with its explanation.

    Parameters
    ----------
    audio : Audio
        The song.
    explanation : Explanation
        Its explanation, of all its segments.
    first, count : int
        The first segment of the passage and their number; fewer if the song ends before.

    Returns
    -------
    audio : Audio
        From the first to the last segment's frames; a remainder after the song's last segment
        belongs to a passage that reaches it.
    explanation : Explanation
        Of these segments, counted from the passage's own beginning.
    """
    parameters = explanation.parameters
    part = explanation[first : first + count]
    size = parameters.segment_frames * parameters.hop_length
    start = first * size
    stop = None if first + count >= len(explanation) else start + len(part) * size - 1
    start_s = start / parameters.sample_rate
    return replace(audio, samples=audio.samples[start:stop]), replace(
        part,
        segments=part.segments - first,
        starts_s=part.starts_s - start_s,
        ends_s=part.ends_s - start_s,
    )


@lru_cache(maxsize=8)
def _bin_bands(parameters: FeatureParameters) -> np.ndarray:
    """Return the share of each band in each bin, ``(n_mels, bins)``: the columns sum to one.

    Between the centres of two bands the share moves evenly from one to the other: an edge fades
    over one band, and a bin is silent unless a band next to it is kept.
    """
    frequencies = librosa.fft_frequencies(sr=parameters.sample_rate, n_fft=parameters.n_fft)
    edges = librosa.mel_frequencies(parameters.n_mels + 2, fmax=parameters.sample_rate / 2)
    first, second = librosa.hz_to_mel(edges[1:3])
    position = (librosa.hz_to_mel(frequencies) - first) / (second - first)
    distance = np.abs(
        np.clip(position, 0, parameters.n_mels - 1) - np.arange(parameters.n_mels)[:, np.newaxis]
    )
    shares = np.maximum(1 - distance, 0).astype(np.float32)
    shares.setflags(write=False)
    return shares


def filter_song(
    samples: np.ndarray,
    mask: np.ndarray,
    parameters: FeatureParameters,
    progress: Callable[[], None] = lambda: None,
) -> np.ndarray:
    """Apply a gain to each cell of a song, by one continuous overlap-add.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        The song.
    mask : np.ndarray [shape=(frames, n_mels), range=[0, 1]]
        Gains in amplitude; the last frame's hold to the end of the song.
    parameters : FeatureParameters
        Feature parameters.
    progress : callable, optional
        Called before every 24 s of a song at 22 050 Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        The song with its own phase.
    """
    n_fft = parameters.n_fft
    step = n_fft // OVERLAP
    window = scipy.signal.get_window("hann", n_fft).astype(np.float32)
    shares = _bin_bands(parameters)
    count = len(samples) // step + OVERLAP  # as many windows as touch the song
    padded = np.pad(samples, (n_fft - step, count * step - len(samples)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, n_fft)[::step]
    # The first window ends with the first step of the song; frames are centred on their time.
    centres = np.arange(count) * step + step - n_fft // 2
    frames = np.clip(np.rint(centres / parameters.hop_length).astype(int), 0, len(mask) - 1)
    output = np.zeros((count + OVERLAP - 1, step), dtype=np.float32)
    for start in range(0, count, BLOCK):
        progress()
        gains = mask[frames[start : start + BLOCK]] @ shares
        spectrum = scipy.fft.rfft(windows[start : start + BLOCK] * window)
        parts = scipy.fft.irfft(spectrum * gains, n_fft) * window
        for shift in range(OVERLAP):
            output[start + shift : start + shift + len(parts)] += parts[
                :, shift * step : (shift + 1) * step
            ]
    # Squared Hann windows at this step add up to a constant.
    output /= np.sum(window.astype(np.float64) ** 2) / step
    return output.ravel()[n_fft - step :][: len(samples)].astype(np.float32)
