"""Audio of the important regions of a song, and of everything else, with the original phase.

Conventions
-----------
A region is a set of cells of the log-mel spectrogram, frames first. `keep` is the share of each
segment's cells that counts as important; only frames within the song count. A cell is one mel band
high and one hop long. A frequency bin belongs to the bands whose centres surround it, a sample to
the nearest frame. The whole song is filtered by one overlap-add (Allen & Rabiner 1977, "A unified
approach to short-time Fourier analysis and synthesis"). Its step is much finer than a frame, so
gains fade in and out and nothing clicks, not even at the borders of segments.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import scipy.fft
import scipy.signal
import soxr

from core.audio.io import resample
from core.constants import DEFAULT_KEEP
from core.explanation.masks import Share, importance_mask
from core.features.spectrogram import FeatureParameters, segment_starts

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.explanation.explain import Explanation

Mode = Literal["keep", "remove"]

OVERLAP = 4  # filter windows over each sample
ROUNDING = 2.0**-22  # amplitude of the rounding error of a difference in single precision
BLOCK = 1_024  # filter windows at a time: bounds memory, whatever the song's length


def listen(
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = DEFAULT_KEEP,
    mode: Mode = "keep",
    of: Share = "area",
    ranking: np.ndarray | None = None,
) -> Audio:
    """Keep only the important regions of a song, or remove them.

    Parameters
    ----------
    audio, explanation, keep, of, ranking
        As in `divide`.
    mode : {"keep", "remove"}
        Whether to return the important regions or everything else.

    Returns
    -------
    Audio
        One of the two parts of `divide`, as long as the song and at its sampling rate.

    Raises
    ------
    ValueError
        If `keep` is not a share, `mode` or `of` is unknown, or the explanation belongs to another
        song.

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
        raise ValueError(f"mode must be 'keep' or 'remove', not {mode!r}.")
    kept, rest = divide(audio, explanation, keep=keep, of=of, ranking=ranking)
    return kept if mode == "keep" else rest


def divide(
    audio: Audio,
    explanation: Explanation,
    *,
    keep: float | np.ndarray = DEFAULT_KEEP,
    of: Share = "area",
    ranking: np.ndarray | None = None,
    progress: Callable[[], None] = lambda: None,
) -> tuple[Audio, Audio]:
    """Divide a song into its important regions and everything else.

    Parameters
    ----------
    audio : Audio
        The explained song. If its sampling rate differs from the model's, the important regions are
        filtered at the model's rate and resampled back. Frequencies above the model's range belong
        to everything else.
    explanation : Explanation
        The song's explanation. Parts of the song that it does not cover (other segments, a
        remainder after the last one) belong to everything else.
    keep : float or np.ndarray [shape=(n,)], range=[0, 1]
        Share of each segment's time-frequency area (mel scale) that counts as important.
    of, ranking
        As in `importance_mask`.
    progress : callable, optional
        Called several times a second during filtering. An exception that it raises ends the
        computation.

    Returns
    -------
    kept, rest : Audio
        Both are as long as the song, have its sampling rate and stay within [-1, 1]. They add up to
        the song. If one of them exceeds full scale, both are attenuated by the same factor, and so
        is their sum.

    Raises
    ------
    ValueError
        If `keep` is not a share, `of` is unknown, or the explanation belongs to another song.
    """
    mask = importance_mask(explanation, keep=keep, of=of, ranking=ranking)
    return divide_by_mask(audio, explanation, mask, progress=progress)


def divide_by_mask(
    audio: Audio,
    explanation: Explanation,
    mask: np.ndarray,
    *,
    progress: Callable[[], None] = lambda: None,
) -> tuple[Audio, Audio]:
    """Divide a song into the cells of a mask and everything else.

    Parameters
    ----------
    audio, explanation, progress
        As in `divide`.
    mask : np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        The important cells of the explained segments, as `importance_mask` returns them.

    Returns
    -------
    kept, rest : Audio
        As in `divide`.

    Raises
    ------
    ValueError
        If the explanation belongs to another song.
    """
    parameters = explanation.parameters
    samples = resample(audio, parameters.sample_rate).samples
    n_frames = 1 + len(samples) // parameters.hop_length
    # Resampling can shorten a song by one sample, and so by one frame.
    if (explanation.starts + explanation.filled).max() > n_frames + 1:
        raise ValueError("The explanation belongs to another song. Explain this song first.")
    important = np.zeros((n_frames, parameters.n_mels), dtype=np.float32)
    for start, frames, cells in zip(explanation.starts, explanation.filled, mask, strict=True):
        stop = min(start + frames, n_frames)
        important[start:stop] = cells[: stop - start]
    kept = filter_song(samples, important, parameters, progress)
    if audio.sample_rate != parameters.sample_rate:
        kept = soxr.resample(kept, parameters.sample_rate, audio.sample_rate)
        missing = len(audio.samples) - len(kept)
        kept = np.pad(kept, (0, max(missing, 0)))[: len(audio.samples)]
    rest = audio.samples - kept
    # A model would respond to rounding errors where nothing else is left.
    rest[np.abs(rest) <= ROUNDING] = 0
    # Without the other part, a peak that it had cancelled can exceed full scale.
    peak = max(1.0, np.abs(kept).max(), np.abs(rest).max())
    return replace(audio, samples=kept / peak), replace(audio, samples=rest / peak)


def passage(audio: Audio, explanation: Explanation) -> tuple[Audio, Explanation]:
    """Cut the explained segments out of a song, as a shorter song with its own explanation.

    Parameters
    ----------
    audio : Audio
        The song, at any sampling rate.
    explanation : Explanation
        Explanation of consecutive segments of the song.

    Returns
    -------
    audio : Audio
        From the first frame of the first segment to the last frame of the last one. If this is the
        song's last segment, the remainder of the song follows.
    explanation : Explanation
        The same values; segments, frames and times count from the beginning of the passage.
    """
    parameters = explanation.parameters
    first = int(explanation.starts[0])
    end = int(explanation.starts[-1]) + parameters.segment_frames
    n_samples = -(-len(audio.samples) * parameters.sample_rate // audio.sample_rate)
    last = segment_starts(1 + n_samples // parameters.hop_length, parameters)[-1]
    # Samples of a frame at the audio's own rate; a whole number at the model's.
    hop = parameters.hop_length * audio.sample_rate / parameters.sample_rate
    stop = None if explanation.starts[-1] >= last else round(end * hop) - 1
    cut = replace(audio, samples=audio.samples[round(first * hop) : stop])
    start_s = first * parameters.hop_length / parameters.sample_rate
    return cut, replace(
        explanation,
        segments=explanation.segments - explanation.segments[0],
        starts=explanation.starts - first,
        starts_s=explanation.starts_s - start_s,
        ends_s=explanation.ends_s - start_s,
        audio=None if explanation.audio is None else cut,
    )


@lru_cache(maxsize=8)
def _bin_bands(parameters: FeatureParameters) -> np.ndarray:
    """Compute the share of each band in each bin, ``(n_mels, bins)``; the columns sum to one.

    Between the centres of two bands the share moves linearly from one to the other. An edge
    therefore fades over one band, and a bin is silent unless a neighbouring band is kept.
    """
    import librosa

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
    """Apply a gain to each cell of a song by one continuous overlap-add.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        The song at ``parameters.sample_rate``.
    mask : np.ndarray [shape=(frames, n_mels), range=[0, 1]]
        Gains in amplitude. Those of the last frame apply to the end of the song.
    parameters : FeatureParameters
        Parameters of the features.
    progress : callable, optional
        Called once for every 24 s of a song at 22 050 Hz.

    Returns
    -------
    np.ndarray [shape=(n,), dtype=float32]
        The filtered song with its original phase.
    """
    n_fft = parameters.n_fft
    step = n_fft // OVERLAP
    window = scipy.signal.get_window("hann", n_fft).astype(np.float32)
    shares = _bin_bands(parameters)
    count = len(samples) // step + OVERLAP  # number of windows that touch the song
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
