"""Mixes of two songs with ground truth: where in the spectrogram the target song sounds.

No one knows which cells of a real song make it jazz. In a mix of a jazz and a metal song it is
known at least where the jazz sounds. The target song is therefore muted outside some seconds or
outside some frequency bands, and mixed with another song that sounds throughout. An explanation of
the target's genre should lie on the cells that the target dominates. The idea is that of mosaics of
images (Arias-Duart, Pares, Garcia-Gasulla & Gimenez-Abalos 2022, "Focus! Rating XAI methods and
finding biases").

Conventions
-----------
Both songs have the same loudness (ITU-R BS.1770-4) *before* one is muted in part, so that the rest
of it keeps its natural level. A cell belongs to the song with the larger power in it, which is the
ideal binary mask at 0 dB (Wang 2005, "On ideal binary mask as the computational goal of auditory
scene analysis"). Cells in which neither song sounds, at the floor of the mix's log-mel spectrogram,
belong to no song. Cells are counted by area: each one counts the same, however loud it is.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from core.audio.io import resample
from core.audio.loudness import loudness
from core.constants import MIN_DURATION_S
from core.errors import AudioError
from core.features.spectrogram import (
    FeatureParameters,
    band_frequencies,
    logmel,
    mel_filterbank,
    split_segments,
    stft,
)
from core.listening.filtering import filter_song

if TYPE_CHECKING:
    from core.audio.io import Audio

FADE_S = 0.02  # of the target, in and out of silence
MIX_LUFS = -20.0  # loudness of each song; has no influence on the features


@dataclass(frozen=True)
class TimeGate:
    """The seconds in which the target song sounds.

    Parameters
    ----------
    start_s, end_s : float
        Beginning and end in seconds from the beginning of the mix; ``start_s < end_s``.
    """

    kind: ClassVar[Literal["seconds"]] = "seconds"
    start_s: float
    end_s: float

    def __post_init__(self) -> None:
        if not self.start_s < self.end_s:
            raise ValueError(
                f"The seconds must end after they begin, not {self.start_s} to {self.end_s}."
            )


@dataclass(frozen=True)
class BandGate:
    """The frequencies at which the target song sounds.

    Parameters
    ----------
    low_hz, high_hz : float
        Lower and upper limit in Hz; ``low_hz < high_hz``.
    """

    kind: ClassVar[Literal["bands"]] = "bands"
    low_hz: float
    high_hz: float

    def __post_init__(self) -> None:
        if not self.low_hz < self.high_hz:
            raise ValueError(
                f"The frequencies must be in ascending order, not {self.low_hz} to {self.high_hz}."
            )


Gate = TimeGate | BandGate


@dataclass(frozen=True, eq=False)
class Mix:
    """A mix of two songs, and the clean parts that it consists of.

    Parameters
    ----------
    audio : Audio
        The mix.
    target, other : Audio
        The two songs as they sound in the mix. They add up to it.
    gate : TimeGate or BandGate
        Where the target sounds.
    """

    audio: Audio
    target: Audio
    other: Audio
    gate: Gate


def mix_songs(target: Audio, other: Audio, gate: Gate, *, level_db: float = 0.0) -> Mix:
    """Mix two songs at equal loudness, the target only in some seconds or frequency bands.

    Parameters
    ----------
    target : Audio
        The song that is muted outside the gate.
    other : Audio
        The song that sounds throughout, at any sampling rate. The longer song is cut to the length
        of the shorter one.
    gate : TimeGate or BandGate
        Where the target sounds. It fades in and out within `FADE_S`, or within one mel band.
    level_db : float
        Loudness of the target relative to the other song in dB, before it is muted in part.

    Returns
    -------
    Mix
        At the target's sampling rate. If the mix would exceed full scale, it is attenuated together
        with both parts.

    Raises
    ------
    AudioError
        If a song is silent or shorter than 0.5 s, or the target is silent within the gate.

    See Also
    --------
    target_cells : The ground truth for explanations of the target's genre.
    """
    other = resample(other, target.sample_rate)
    length = min(len(target.samples), len(other.samples))
    if length < MIN_DURATION_S * target.sample_rate:
        from core.audio.decoding import in_words

        raise AudioError(
            f"A song to mix ({in_words(length / target.sample_rate, 'down')}) is too short. "
            f"Use at least {in_words(MIN_DURATION_S)}."
        )
    target, other = (
        _at_loudness(replace(song, samples=song.samples[:length]), lufs, name)
        for song, lufs, name in (
            (target, MIX_LUFS + level_db, "target"),
            (other, MIX_LUFS, "other"),
        )
    )
    target = _gated(target, gate)
    if loudness(target) == -np.inf:
        raise AudioError(f"The target song is silent in the chosen {gate.kind}. Choose others.")
    both = target.samples + other.samples
    peak = max(1.0, *(float(np.abs(part).max()) for part in (both, target.samples, other.samples)))
    mix = replace(target, samples=both / np.float32(peak), name=f"{target.name} and {other.name}")
    target, other = (
        replace(part, samples=part.samples / np.float32(peak)) for part in (target, other)
    )
    return Mix(mix, target, other, gate)


def target_cells(mix: Mix, parameters: FeatureParameters) -> np.ndarray:
    """Compute the cells that the target song dominates: the ground truth.

    Parameters
    ----------
    mix : Mix
        The mix.
    parameters : FeatureParameters
        Parameters of the explained model's features.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        Cells of the mix's segments in which the target has more power than the other song. Cells at
        the floor of the mix's spectrogram and padding belong to neither.
    """
    of_target, of_other = (
        _mel_power(resample(part, parameters.sample_rate).samples, parameters)
        for part in (mix.target, mix.other)
    )
    levels = logmel(resample(mix.audio, parameters.sample_rate).samples, parameters)
    return _segments((of_target > of_other) & (levels > -parameters.top_db), parameters)


def open_cells(mix: Mix, parameters: FeatureParameters) -> np.ndarray:
    """Compute the cells within the gate, whichever song dominates them.

    Parameters
    ----------
    mix, parameters
        As in `target_cells`.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=bool]
        Cells of the mix's segments whose centres lie in the seconds or bands in which the target
        sounds; none in the padding.
    """
    n_samples = len(resample(mix.audio, parameters.sample_rate).samples)
    n_frames = 1 + n_samples // parameters.hop_length
    return _segments(_open(mix.gate, n_frames, parameters), parameters)


def _open(gate: Gate, n_frames: int, parameters: FeatureParameters) -> np.ndarray:
    """Cells within a gate, ``(frames, n_mels)``."""
    times = np.arange(n_frames) * parameters.hop_length / parameters.sample_rate
    bands = band_frequencies(parameters)
    if isinstance(gate, TimeGate):
        inside = ((times >= gate.start_s) & (times < gate.end_s))[:, np.newaxis]
    else:
        inside = (bands >= gate.low_hz) & (bands < gate.high_hz)
    return np.broadcast_to(inside, (n_frames, len(bands)))


def _gated(song: Audio, gate: Gate) -> Audio:
    """Mute a song outside a gate."""
    if isinstance(gate, TimeGate):
        times = np.arange(len(song.samples)) / song.sample_rate
        inside = np.minimum(times - gate.start_s, gate.end_s - times) / FADE_S
        gains = np.sin(np.pi / 2 * np.clip(inside, 0, 1)) ** 2
        return replace(song, samples=(song.samples * gains).astype(np.float32))
    parameters = FeatureParameters(sample_rate=song.sample_rate)
    n_frames = 1 + len(song.samples) // parameters.hop_length
    cells = _open(gate, n_frames, parameters).astype(np.float32)
    return replace(song, samples=filter_song(song.samples, cells, parameters))


def _at_loudness(song: Audio, target_lufs: float, name: str) -> Audio:
    """Amplify a song to a loudness."""
    current = loudness(song)
    if current == -np.inf:
        raise AudioError(f"The {name} song is silent in this excerpt. Choose another excerpt.")
    gain = np.float32(10 ** ((target_lufs - current) / 20))
    return replace(song, samples=gain * song.samples)


def _mel_power(samples: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    power = np.abs(stft(samples, parameters)) ** 2
    return power @ mel_filterbank(parameters).T


def _segments(cells: np.ndarray, parameters: FeatureParameters) -> np.ndarray:
    """Cut cells of a song into segments, with none in the padding."""
    floor = -parameters.top_db
    return split_segments(np.where(cells, 0.0, floor), parameters) > floor
