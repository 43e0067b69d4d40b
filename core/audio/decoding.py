"""Decoding: from the bytes of a file to blocks of mono samples, up to a maximum duration.

libsndfile decodes uncompressed formats and Ogg, FFmpeg (PyAV) all others and what libsndfile does
not support. FFmpeg decodes MP3, FLAC and other streams to their end, even if the header declares
less, and so do chained recordings. Where a decoder stops earlier, the rest of the file is checked.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice
from typing import Literal

import numpy as np
import soundfile

from core.audio import ffmpeg
from core.audio.containers import continues, file_size, is_chained_ogg, is_truncated
from core.audio.formats import identify
from core.audio.mixdown import mixed_to_mono
from core.audio.source import Source
from core.constants import SILENT_PEAK
from core.errors import AudioError

_BLOCK_SAMPLES = 1 << 18  # samples of all channels decoded at a time
_LOWEST_HZ, _HIGHEST_HZ = 1_000, 1_000_000  # telephony uses 8 000, the fastest converters 768 000
_HEADER = 4_096  # bytes in which the codec of a WAV file is declared
_UNKNOWN_FRAMES = 1 << 62  # libsndfile reports the largest 64-bit integer for an unknown length
_LARGEST = 2.0**33  # floats on the scale of 32-bit integers reach 2 ** 31
_LONGEST_S = 24 * 3_600  # what declares more is damaged,
_LEAST_BITS_PER_S = 1_000  # and so may be what declares more seconds for its size
_UNCOMPRESSED = ("wav", "w64", "aiff", "au", "caf", "iff", "ircam")
_MISSING_S = 0.25  # may be missing at the end, or a hundredth of the song if that is more
_MOST_PACKETS = 500_000  # read to measure a song that is too long: a few hours

_ROUNDING: dict[str, Callable[[float], int]] = {
    "nearest": round,
    "down": math.floor,
    "up": math.ceil,
}
_REMEDY = "Use the complete file, or convert it to WAV or MP3 first."
_ERRORS = (soundfile.SoundFileError, *ffmpeg.ERRORS)


@dataclass
class _Decoder:
    """Blocks of samples [shape=(n, channels)] with their rate, and the duration in the header."""

    blocks: Iterator[tuple[np.ndarray, int]]
    announced_s: float | None
    rest: Iterator[float]  # end times of the packets not yet decoded, in seconds
    end: Callable[[], int | None]  # position in the file where the decoded audio ends, if known


def in_words(seconds: float, rounding: Literal["nearest", "down", "up"] = "nearest") -> str:
    """Format a duration for a sentence, such as ``16 min 40 s``.

    Parameters
    ----------
    seconds : float >= 0
        Duration in seconds.
    rounding : {"nearest", "down", "up"}
        How to round. What is too short is rounded down, and what is too long up, so that a sentence
        never says that 0.50 s are less than 0.50 s.

    Returns
    -------
    str
        Rounded to hundredths of a second below 1 s, to tenths below 1 min, else to seconds.
    """
    digits = 2 if seconds < 1 else 1 if seconds < 59.95 else 0
    scaled = round(seconds * 10**digits, 6)  # the error of a sum is no reason to round up
    whole = _ROUNDING[rounding](scaled)
    if digits and whole < 60 * 10**digits:
        return f"{whole / 10**digits:.{digits}f} s"
    minutes, rest = divmod(whole // 10**digits, 60)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (rest, "s"))
    return " ".join(f"{value} {unit}" for value, unit in parts if value)


def decode(source: Source, max_duration_s: float) -> Iterator[tuple[np.ndarray, int]]:
    """Decode a song block by block.

    Parameters
    ----------
    source : Source
        Open file.
    max_duration_s : float > 0
        Decoding stops with an error beyond this many seconds.

    Yields
    ------
    block : np.ndarray [shape=(n,), dtype=float32, finite]
        Mean of the channels. Full scale is 1, but lossy decoders overshoot.
    rate : int
        Sampling rate of this block in Hz. It may change within a file.

    Raises
    ------
    AudioError
        If the content is not audio, contains no audio stream, is truncated or damaged, continues
        after the end that its header declares, exceeds `max_duration_s`, takes too long to decode,
        or contains NaN, infinity or implausibly large values.
    """
    if file_size(source) == 0:
        source.raise_failure()
        raise AudioError("The file is empty. Choose another one.")
    try:
        format, start = identify(source)
    except AudioError:
        source.raise_failure()  # what could not be read has no format either
        raise
    source.begin_at(start)
    size = file_size(source)
    truncated = is_truncated(source)
    seconds, peak, peak_mixed = 0.0, 0.0, 0.0
    with ExitStack() as stack:
        decoder = _opened(source, format, stack, truncated)
        announced_s = decoder.announced_s or 0.0
        plausible = announced_s < min(_LONGEST_S, 8 * size / _LEAST_BITS_PER_S)
        if announced_s > max_duration_s and plausible:
            raise _too_long(_beyond(announced_s, max_duration_s), max_duration_s)
        try:
            for block, rate in decoder.blocks:
                source.check_time()
                _check_rate(rate)
                seconds += len(block) / rate
                source.extend_time(len(block) / rate)
                if seconds > max_duration_s + 1e-6:  # the sum's own rounding
                    raise _too_long(_length(decoder, max_duration_s), max_duration_s)
                with np.errstate(over="ignore", invalid="ignore"):  # checked in the next line
                    mixed = mixed_to_mono(block)
                block_peak = float(np.abs(block).max(initial=0))
                _check_values(mixed, block_peak)
                peak = max(peak, block_peak)
                peak_mixed = max(peak_mixed, float(np.abs(mixed).max(initial=0)))
                yield mixed, rate
        except AudioError:
            raise
        except _ERRORS as error:
            source.raise_failure()
            raise AudioError(f"The recording is damaged or truncated. {_REMEDY}") from error
        source.raise_failure()
        _check_complete(seconds, announced_s, truncated, plausible=plausible)
        if continues(source, format, size, decoder.end()):
            raise AudioError(
                "The file continues after the end that its header declares. "
                "Export the song again as a single recording."
            )
    if peak_mixed < SILENT_PEAK <= peak:
        raise AudioError(
            "The channels cancel each other out when mixed to mono. Use a single channel."
        )


def _length(decoder: _Decoder, max_duration_s: float) -> str:
    """Describe the length of a song found too long while decoding, without decoding the rest."""
    try:
        end_s = max(islice(decoder.rest, _MOST_PACKETS), default=0.0)
    except (AudioError, *_ERRORS):
        end_s = 0.0
    if max_duration_s < end_s < _LONGEST_S:
        return _beyond(end_s, max_duration_s)
    return f"more than {in_words(max_duration_s)}"


def _beyond(seconds: float, limit_s: float) -> str:
    """Format a duration so that it reads as longer than a limit."""
    words = in_words(seconds)
    return words if words != in_words(limit_s) else in_words(seconds, "up")


def _too_long(length: str, max_duration_s: float) -> AudioError:
    return AudioError(
        f"The song is {length} long; the limit is {in_words(max_duration_s)}. "
        "Use a shorter excerpt."
    )


def _check_rate(rate: int) -> None:
    if not _LOWEST_HZ <= rate <= _HIGHEST_HZ:
        raise AudioError(
            f"The file declares an implausible sampling rate ({rate} Hz). Convert it to 44.1 kHz."
        )


def _check_values(mixed: np.ndarray, peak: float) -> None:
    if not np.isfinite(mixed).all():
        raise AudioError(
            "The recording contains values that are not numbers (NaN or infinite). "
            "Export it again from the program that created it."
        )
    if peak > _LARGEST:
        raise AudioError(
            f"The recording contains implausibly large values ({peak:.0e} times full scale). "
            "Export it again from the program that created it."
        )


def _check_complete(
    seconds: float, announced_s: float, truncated: bool, *, plausible: bool
) -> None:
    missing = announced_s - seconds > max(_MISSING_S, 0.01 * announced_s)
    if missing and not plausible:
        raise AudioError(
            f"The file is damaged: its header declares an implausible length. {_REMEDY}"
        )
    if missing:
        raise AudioError(
            f"The file is truncated: it contains only {in_words(seconds)} of "
            f"{in_words(announced_s)}. {_REMEDY}"
        )
    if truncated:
        where = f"after {in_words(seconds)}" if seconds else "before its end"
        raise AudioError(f"The file is truncated {where}. {_REMEDY}")
    if seconds == 0:
        raise AudioError("The file contains no audio. Choose another one.")


def _opened(source: Source, format: str, stack: ExitStack, truncated: bool) -> _Decoder:
    """Open a file with the decoder for its format."""
    if format in _UNCOMPRESSED or (format == "ogg" and not is_chained_ogg(source)):
        decoder = _with_soundfile(source, stack)
        if decoder is not None:
            return decoder
    try:
        if format not in ffmpeg.FORMATS.split(","):
            raise ValueError(format)
        recording = ffmpeg.Recording(source, format, stack)
    except AudioError:
        raise
    except _ERRORS as error:
        source.raise_failure()
        if truncated:
            raise AudioError(f"The file is truncated before its end. {_REMEDY}") from error
        raise AudioError(
            "The file cannot be decoded: it is damaged or uses an unsupported codec. Convert it to "
            "WAV or MP3 first."
        ) from error
    return _Decoder(
        recording.blocks(), recording.announced_s, recording.ends_s(), lambda: recording.end
    )


def _with_soundfile(source: Source, stack: ExitStack) -> _Decoder | None:
    """Open with libsndfile; None if that fails or would use its MP3 decoder, which prints."""
    source.seek(0)
    if re.search(rb"fmt ....[\x50\x55]\0", source.read(_HEADER), re.DOTALL):
        return None
    source.seek(0)
    try:
        file = stack.enter_context(soundfile.SoundFile(source))
    except _ERRORS:
        return None
    if file.frames >= _UNKNOWN_FRAMES:
        return None
    _check_rate(file.samplerate)

    def blocks() -> Iterator[tuple[np.ndarray, int]]:
        size = max(_BLOCK_SAMPLES // file.channels, 1)
        while len(block := file.read(size, dtype="float32", always_2d=True)):
            yield block, file.samplerate

    return _Decoder(blocks(), file.frames / file.samplerate, iter(()), source.tell)
