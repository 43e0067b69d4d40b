"""Loading and saving audio: `load_audio` reads any song as mono samples at 22 050 Hz.

Decoding is streamed in blocks and limited by the decoded duration, not by a file's size or header:
a header only serves to reject a song early. Every failure is an `AudioError` whose message tells
the user what to do.
"""

from __future__ import annotations

import io
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import BinaryIO

import numpy as np
import soundfile
import soxr

from core.audio.source import Source, reason
from core.constants import MAX_DURATION_S, MIN_DURATION_S, SAMPLE_RATE, SILENT_PEAK
from core.errors import AudioError
from core.storage import replacing

FORMATS = ("FLAC", "WAV", "MP3", "OGG")

_BLOCK_SAMPLES = 1 << 18
_LEAST_AUDIBLE = 0.001  # share of the samples
_HOT_PEAK = 10 ** (6 / 20)  # lossy decoders overshoot less; higher peaks mean another scale
_MOST_BYTES_UNSEEKABLE = 1 << 30  # 15 min of 48 kHz stereo with 64 bits take two thirds of it
_NAME_LENGTH = 100


@dataclass(frozen=True, eq=False)
class Audio:
    """Mono audio in memory.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32, range=[-1, 1]]
        Mono samples.
    sample_rate : int > 0
        Sampling rate in Hz.
    name : str
        Name for display: a file name without folder and control characters.

    Attributes
    ----------
    duration_s : float
        Duration in seconds.
    """

    samples: np.ndarray
    sample_rate: int = SAMPLE_RATE
    name: str = "song"

    @property
    def duration_s(self) -> float:
        """Duration in seconds."""
        return len(self.samples) / self.sample_rate


def load_audio(
    file: str | os.PathLike[str] | bytes | bytearray | memoryview | BinaryIO,
    *,
    name: str | None = None,
    max_duration_s: float = MAX_DURATION_S,
    sample_rate: int = SAMPLE_RATE,
) -> Audio:
    """Decode a song, mix it down to mono and resample it.

    Parameters
    ----------
    file : path, bytes or file object
        The song. A file object that can seek is read from its start, whatever its position.
    name : str, optional
        Name of the song, cleaned by `clean_name`; by default the file's own name.
    max_duration_s : float > 0
        Longest accepted duration in seconds.
    sample_rate : int > 0
        Sampling rate of the result in Hz.

    Returns
    -------
    Audio
        Mean of the channels at `sample_rate`. Overshoots of lossy decoders are clipped. If a peak
        is more than 6 dB above full scale (floats on an integer scale), the song is normalised.

    Raises
    ------
    AudioError
        If the file is missing, empty, not audio, without sound, truncated, damaged, longer than
        `max_duration_s`, shorter than 0.5 s or silent, takes too long to decode, or contains NaN,
        infinity or implausibly large values.

    See Also
    --------
    save_audio : Write audio to a file.
    resample : Convert audio to another sampling rate.

    Examples
    --------
    >>> from core import load_audio
    >>> audio = load_audio("examples/slow_harbour.ogg")
    >>> audio.sample_rate, audio.samples.dtype.name, round(audio.duration_s)
    (22050, 'float32', 22)
    """
    if not max_duration_s > 0:
        raise AudioError(f"max_duration_s must be positive, not {max_duration_s!r}.")
    if not sample_rate > 0:
        raise AudioError(f"sample_rate must be positive, not {sample_rate!r}.")
    with ExitStack() as stack:
        # Not above: a process that only draws pages handles `Audio` without the decoders.
        from core.audio.decoding import decode

        source = Source(_opened(file, stack))
        samples = _resampled(decode(source, max_duration_s), sample_rate)
    _check_duration(len(samples) / sample_rate)
    given = name if name is not None else _own_name(file)
    return Audio(_normalised(samples), sample_rate, clean_name(given))


def check_samples(audio: Audio) -> None:
    """Reject audio that cannot be classified; `load_audio` does so itself.

    Parameters
    ----------
    audio : Audio
        Audio of any origin; it may be silent.

    Raises
    ------
    AudioError
        If it is shorter than 0.5 s or contains NaN or infinity.
    """
    _check_duration(audio.duration_s)
    if not np.isfinite(audio.samples).all():
        raise AudioError("The audio contains NaN or infinity. Compute it again.")


def clean_name(name: str) -> str:
    """Reduce a file name from an untrusted source to one that is safe to show and to store.

    Parameters
    ----------
    name : str
        Any text, such as a path of any operating system.

    Returns
    -------
    str
        File name without folder and without control, formatting or unpaired surrogate characters,
        at most 100 characters long (a suffix is kept); "song" if nothing is left.
    """
    base = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    printable = "".join(
        " " if c.isspace() else c
        for c in base
        if c.isspace() or not unicodedata.category(c).startswith("C")
    )
    tidy = " ".join(printable.split())
    if len(tidy) > _NAME_LENGTH:
        stem, dot, suffix = tidy.rpartition(".")
        suffix = dot + suffix if stem and len(suffix) <= 8 else ""
        tidy = tidy[: _NAME_LENGTH - len(suffix)].rstrip() + suffix
    return tidy if tidy.strip(". ") else "song"


def encode_audio(audio: Audio, format: str = "FLAC") -> bytes:
    """Encode audio as a file in memory.

    Parameters
    ----------
    audio : Audio
        Audio to encode; samples beyond [-1, 1] are clipped.
    format : {"FLAC", "WAV", "MP3", "OGG"}
        File format. FLAC and WAV have 16 bits, so every sample is exact to half a step of 1/32 768;
        OGG contains Vorbis.

    Returns
    -------
    bytes
        Content of the file.

    Raises
    ------
    AudioError
        If the format is unknown or does not support this sampling rate, or if a sample is NaN or
        infinite.
    """
    kind = format.upper()
    if kind not in FORMATS:
        raise AudioError(f"Unknown audio format {format!r}. Choose one of: {', '.join(FORMATS)}.")
    samples = np.asarray(audio.samples, dtype=np.float32)
    if not np.isfinite(samples).all():
        raise AudioError("The audio contains NaN or infinity and cannot be written.")
    if kind in ("FLAC", "WAV"):
        # Rounded here, because libsndfile truncates, which adds a constant offset of half a step.
        samples = np.clip(np.rint(samples * 32_768.0), -32_768, 32_767).astype(np.int16)
        subtype = "PCM_16"
    else:
        samples = np.clip(samples, -1, 1)
        subtype = "VORBIS" if kind == "OGG" else "MPEG_LAYER_III"
    buffer = io.BytesIO()
    try:
        with soundfile.SoundFile(buffer, "w", audio.sample_rate, 1, subtype, format=kind) as file:
            # In blocks, because the Vorbis encoder puts each write on the stack.
            for start in range(0, len(samples), _BLOCK_SAMPLES):
                file.write(samples[start : start + _BLOCK_SAMPLES])
    except soundfile.SoundFileError as error:
        raise AudioError(
            f"{kind} does not support {audio.sample_rate} Hz. Choose FLAC or resample the audio."
        ) from error
    return buffer.getvalue()


def save_audio(audio: Audio, path: str | os.PathLike[str]) -> None:
    """Write audio to a file, completely or not at all.

    Parameters
    ----------
    audio : Audio
        Audio to write; samples beyond [-1, 1] are clipped.
    path : path
        Destination. Its suffix (.flac, .wav, .mp3 or .ogg) determines the format.

    Raises
    ------
    AudioError
        If the suffix is unknown, the format does not support this sampling rate, a sample is NaN
        or infinite, or the file cannot be written.

    See Also
    --------
    encode_audio : Encode audio in memory.

    Examples
    --------
    >>> from pathlib import Path
    >>> from tempfile import mkdtemp
    >>> from core import load_audio, save_audio
    >>> file = Path(mkdtemp()) / "copy.wav"
    >>> save_audio(load_audio("examples/slow_harbour.ogg"), file)
    >>> load_audio(file).name
    'copy.wav'
    """
    content = encode_audio(audio, Path(path).suffix.removeprefix("."))
    try:
        with replacing(Path(path)) as temporary:
            temporary.write_bytes(content)
    except OSError as error:
        raise AudioError(f"{path} cannot be written: {error.strerror or error}.") from error


def _opened(file: object, stack: ExitStack) -> BinaryIO:
    """Open a path, bytes or a file object as a binary file that can seek."""
    if isinstance(file, bytes | bytearray | memoryview):
        return io.BytesIO(file)
    if isinstance(file, str | os.PathLike):
        try:
            stream: BinaryIO = stack.enter_context(open(file, "rb"))  # noqa: SIM115
        except FileNotFoundError as error:
            raise AudioError("The file does not exist. Check its name and folder.") from error
        except IsADirectoryError as error:
            raise AudioError("This is a folder. Choose one audio file in it.") from error
        except (OSError, ValueError) as error:
            raise AudioError(
                f"The file cannot be opened ({reason(error)}). Check its name."
            ) from error
    elif hasattr(file, "read"):
        stream = file  # type: ignore[assignment]
    else:
        raise AudioError(
            f"A song must be a path, bytes or a file object, not {type(file).__name__}."
        )
    try:
        seekable = stream.seekable() if hasattr(stream, "seekable") else hasattr(stream, "seek")
        return stream if seekable else _spooled(stream, stack)
    except (OSError, ValueError, TypeError) as error:
        raise AudioError(f"The file cannot be read ({reason(error)}). Check the file.") from error


def _spooled(stream: BinaryIO, stack: ExitStack) -> BinaryIO:
    """Copy a stream to a temporary file, in memory up to 16 MiB."""
    spool = stack.enter_context(tempfile.SpooledTemporaryFile(max_size=1 << 24))  # noqa: SIM115
    size = 0
    while block := stream.read(1 << 16):
        size += len(block)
        if size > _MOST_BYTES_UNSEEKABLE:
            raise AudioError("The stream is longer than 1 GiB. Save an excerpt of it as a file.")
        spool.write(block)
    return spool  # type: ignore[return-value]


def _own_name(file: object) -> str:
    """Look up the name of a path or file object; empty if it has none."""
    if isinstance(file, str | os.PathLike):
        return os.fspath(file)
    own = getattr(file, "name", "")
    return own if isinstance(own, str) else ""


def resample(audio: Audio, sample_rate: int) -> Audio:
    """Convert audio to another sampling rate.

    Parameters
    ----------
    audio : Audio
        Audio at any sampling rate.
    sample_rate : int > 0
        Sampling rate of the result in Hz.

    Returns
    -------
    Audio
        Resampled audio, clipped to [-1, 1]; `audio` itself if it has that rate already.
    """
    if audio.sample_rate == sample_rate:
        return audio
    samples = soxr.resample(audio.samples, audio.sample_rate, sample_rate)
    return replace(audio, samples=np.clip(samples, -1, 1), sample_rate=sample_rate)


def _resampled(blocks: Iterator[tuple[np.ndarray, int]], sample_rate: int) -> np.ndarray:
    """Resample blocks to one rate; every run of equal rates keeps its duration, rounded up."""
    # Grows in place, unlike a list of arrays, which would be copied in the end: a long song takes
    # 80 MB.
    samples = bytearray()
    size = np.dtype(np.float32).itemsize
    for rate, run in groupby(blocks, key=lambda pair: pair[1]):
        if rate == sample_rate:
            for block, _ in run:
                samples += block.data
            continue
        resampler = soxr.ResampleStream(rate, sample_rate, 1)
        before, n_in = len(samples), 0
        for block, _ in run:
            samples += resampler.resample_chunk(block).data
            n_in += len(block)
        samples += resampler.resample_chunk(np.zeros(0, np.float32), last=True).data
        end = before + -(-n_in * sample_rate // rate) * size
        samples += bytes(max(end - len(samples), 0))
        del samples[end:]
    return np.frombuffer(samples, np.float32)


def _check_duration(duration_s: float) -> None:
    if duration_s < MIN_DURATION_S:
        from core.audio.decoding import in_words

        raise AudioError(
            f"The recording ({in_words(duration_s, 'down')}) is too short to classify. "
            f"Use at least {in_words(MIN_DURATION_S)}."
        )


def _normalised(samples: np.ndarray) -> np.ndarray:
    """Bring samples into [-1, 1], see `load_audio`, and reject silence."""
    peak = max(float(samples.max()), -float(samples.min()))
    if peak < SILENT_PEAK:
        raise AudioError("The recording is silent. Choose another one.")
    # In place, because a long song takes 80 MB.
    if peak > _HOT_PEAK:
        samples /= np.float32(peak)
        if np.count_nonzero(np.abs(samples) > SILENT_PEAK) < _LEAST_AUDIBLE * len(samples):
            raise AudioError(
                f"The recording is damaged: it is silent next to a few very large values "
                f"({peak:.0e} times full scale). Export it again from the program that created it."
            )
    return np.clip(samples, -1, 1, out=samples)
