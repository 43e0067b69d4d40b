"""Decoding: from the bytes of a file to blocks of mono samples, up to a maximum duration.

libsndfile decodes files whose exact length it knows. FFmpeg (PyAV) decodes all others: M4A, WebM,
FLAC streams without a length, and MP3 files without a Xing or VBRI header. For such MP3 files
libsndfile would estimate the length from the first frame's bit rate and silently stop there, which
can be less than halfway through a variable-bit-rate file.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cache
from itertools import islice
from typing import BinaryIO

import av
import numpy as np
import soundfile
from av.audio.plane import AudioPlane

from core.audio.containers import file_size, is_truncated
from core.audio.mixdown import mixed_to_mono
from core.errors import AudioError

SILENT_PEAK = 10 ** (-90 / 20)  # one step of a 16-bit file: dither rather than music

_BLOCK_SAMPLES = 1 << 18  # samples of all channels decoded at a time
_LOWEST_HZ, _HIGHEST_HZ = 1_000, 1_000_000  # telephony uses 8 000, the fastest converters 768 000
_UNKNOWN_FRAMES = 1 << 62  # libsndfile reports the largest 64-bit integer for an unknown length
_SOUNDFILE_FORMATS = frozenset(
    ("AIFF", "AU", "CAF", "FLAC", "IRCAM", "MP3", "OGG", "RF64", "SVX", "W64", "WAV", "WAVEX")
)
# Containers that hold their own data. FFmpeg also treats playlists (HLS, DASH, concat) as
# containers, and an uploaded one would make it open other files and URLs.
_AV_CONTAINERS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,loas,matroska,mov,mp2,mp3,mpc,mpc8,mpeg,"
    "mpegts,ogg,tak,tta,voc,w64,wav,wv"
)
_AV_SAMPLES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
_MISSING_S = 0.25  # may be missing at the end, or a hundredth of the song if that is more
_MOST_PACKETS = 500_000  # read to measure a song that is too long: a few hours
_BAD_PACKETS = 0.05  # tolerated share of damaged packets: about one click a second

_REMEDY = "Use the complete file, or convert it to WAV or MP3 first."
_DECODER_ERRORS = (
    soundfile.SoundFileError,
    av.FFmpegError,
    OSError,
    ValueError,
    TypeError,
    RuntimeError,
    MemoryError,
)


class Source:
    """Open file that records read errors until the decoder has finished.

    Decoders call it from C, where an exception would be printed and lost. It has no `name`
    attribute, so that decoders cannot choose a format by the file's name.

    Parameters
    ----------
    stream : BinaryIO
        Open binary file that can seek.
    """

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._failure: Exception | None = None

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes; no bytes after an error."""
        try:
            block = self._stream.read(size)
        except (OSError, ValueError) as error:
            self._failure = error
            return b""
        if not isinstance(block, bytes | bytearray | memoryview):
            self._failure = TypeError("it was opened in text mode")
            return b""
        return bytes(block)

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it; stay at the current one if the position is invalid."""
        try:
            self._stream.seek(offset, whence)
        except (OSError, ValueError) as error:
            if self._stream.closed:
                self._failure = error
                return 0
        return self._stream.tell()

    def tell(self) -> int:
        """Return the current position."""
        return self._stream.tell()

    def raise_failure(self) -> None:
        """Raise the first read error as an `AudioError`, if there was one.

        Raises
        ------
        AudioError
            If reading the file failed, whatever its content.
        """
        if self._failure is not None:
            message = f"The file cannot be read ({self._failure}). Copy it again and retry."
            raise AudioError(message) from self._failure


@dataclass
class _Decoder:
    """Blocks of samples [shape=(n, channels)] with their rate, and the duration in the header."""

    blocks: Iterator[tuple[np.ndarray, int]]
    announced_s: float | None
    rest: Iterator[float]  # end times of the packets not yet decoded, in seconds


def in_words(seconds: float) -> str:
    """Format a duration for a sentence, such as ``16 min 40 s``.

    Parameters
    ----------
    seconds : float >= 0
        Duration in seconds.

    Returns
    -------
    str
        Rounded to hundredths of a second below 1 s, to tenths below 1 min, else to seconds.
    """
    if seconds < 59.95:
        return f"{seconds:.2f} s" if seconds < 1 else f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
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
        If the content is not audio, contains no audio stream, is truncated or damaged, exceeds
        `max_duration_s`, or contains NaN or infinity.
    """
    if file_size(source) == 0:
        source.raise_failure()
        raise AudioError("The file is empty. Choose another one.")
    truncated = is_truncated(source)
    seconds, peak, peak_mixed = 0.0, 0.0, 0.0
    with ExitStack() as stack:
        decoder = _with_soundfile(source, stack) or _with_av(source, stack, truncated)
        if decoder.announced_s is not None and decoder.announced_s > max_duration_s:
            raise _too_long(in_words(decoder.announced_s), max_duration_s)
        try:
            for block, rate in decoder.blocks:
                _check_rate(rate)
                seconds += len(block) / rate
                if seconds > max_duration_s + 1e-6:  # the sum's own rounding
                    raise _too_long(_length(decoder, max_duration_s), max_duration_s)
                with np.errstate(over="ignore", invalid="ignore"):  # checked in the next line
                    mixed = mixed_to_mono(block)
                if not np.isfinite(mixed).all():
                    raise AudioError(
                        "The recording contains values that are not numbers (NaN or infinite). "
                        "Export it again from the program that created it."
                    )
                peak = max(peak, float(np.abs(block).max(initial=0)))
                peak_mixed = max(peak_mixed, float(np.abs(mixed).max(initial=0)))
                yield mixed, rate
        except AudioError:
            raise
        except _DECODER_ERRORS as error:
            source.raise_failure()
            raise AudioError(f"The recording is damaged or truncated. {_REMEDY}") from error
    source.raise_failure()
    _check_complete(seconds, decoder.announced_s, truncated)
    if peak_mixed < SILENT_PEAK <= peak:
        raise AudioError(
            "The channels cancel each other out when mixed to mono. Use a single channel."
        )


def _length(decoder: _Decoder, max_duration_s: float) -> str:
    """Describe the length of a song found too long while decoding, without decoding the rest."""
    try:
        end_s = max(islice(decoder.rest, _MOST_PACKETS), default=0.0)
    except _DECODER_ERRORS:
        end_s = 0.0
    return in_words(end_s) if end_s > max_duration_s else f"more than {in_words(max_duration_s)}"


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


def _check_complete(seconds: float, announced_s: float | None, truncated: bool) -> None:
    announced = announced_s or 0.0
    if announced - seconds > max(_MISSING_S, 0.01 * announced):
        raise AudioError(
            f"The file is truncated: it contains only {in_words(seconds)} of "
            f"{in_words(announced)}. {_REMEDY}"
        )
    if truncated:
        where = f"after {in_words(seconds)}" if seconds else "before its end"
        raise AudioError(f"The file is truncated {where}. {_REMEDY}")
    if seconds == 0:
        raise AudioError("The file contains no audio. Choose another one.")


def _with_soundfile(source: Source, stack: ExitStack) -> _Decoder | None:
    """Open with libsndfile; None if that fails or the length is unknown."""
    mp3_frames = _mp3_frames(source)
    source.seek(0)
    try:
        file = stack.enter_context(soundfile.SoundFile(source))
    except _DECODER_ERRORS:
        return None
    if file.format not in _SOUNDFILE_FORMATS or not _length_is_known(file, mp3_frames):
        return None
    _check_rate(file.samplerate)

    def blocks() -> Iterator[tuple[np.ndarray, int]]:
        size = max(_BLOCK_SAMPLES // file.channels, 1)
        while len(block := file.read(size, dtype="float32", always_2d=True)):
            yield block, file.samplerate

    return _Decoder(blocks(), file.frames / file.samplerate, rest=iter(()))


def _mp3_frames(source: Source) -> int | None:
    """Parse the frame count from the Xing, Info or VBRI header of an MP3 file, if it has one."""
    source.seek(0)
    head = source.read(10)
    while head[:3] == b"ID3" and len(head) == 10:
        length = 0
        for byte in head[6:]:  # seven bits each (ID3v2)
            length = length << 7 | byte & 0x7F
        source.seek(length, 1)
        head = source.read(10)
    head += source.read(4_096)
    for mark, at in ((b"Xing", 8), (b"Info", 8), (b"VBRI", 14)):
        found = head.find(mark)
        if found >= 0:
            return int.from_bytes(head[found + at : found + at + 4], "big")
    return None


def _length_is_known(file: soundfile.SoundFile, mp3_frames: int | None) -> bool:
    """Test whether libsndfile's length is exact rather than unknown or an estimate."""
    if file.format != "MP3":
        return file.frames < _UNKNOWN_FRAMES
    samples = (mp3_frames or 0) * (1_152 if file.samplerate >= 32_000 else 576)
    return abs(file.frames - samples) < 10_000  # padding added by encoder and decoder


@cache
def _audio_codecs() -> str:
    """Names of FFmpeg's audio decoders, separated by commas.

    Without this limit FFmpeg also decodes cover art while it opens a file: four pictures of 16 000
    by 16 000 pixels, which compress to 3 MB, would take 3 GB of memory.
    """

    def is_audio(name: str) -> bool:
        try:
            return av.Codec(name, "r").type == "audio"
        except ValueError:  # an encoder
            return False

    return ",".join(name for name in sorted(av.codecs_available) if is_audio(name))


def _with_av(source: Source, stack: ExitStack, truncated: bool) -> _Decoder:
    """Open with FFmpeg."""
    source.seek(0)
    try:
        # Tags are never shown, and may be in any encoding.
        container = stack.enter_context(
            av.open(
                source,
                options={"format_whitelist": _AV_CONTAINERS, "codec_whitelist": _audio_codecs()},
                metadata_errors="replace",
            )
        )
        streams = container.streams
    except _DECODER_ERRORS as error:
        source.raise_failure()
        if truncated:
            raise AudioError(f"The file is truncated before its end. {_REMEDY}") from error
        raise AudioError(
            "The file is not audio in a supported format. Choose a WAV, MP3, FLAC, Ogg, Opus, M4A, "
            "AAC, WebM, MP4, AIFF or AU file."
        ) from error
    if not streams.audio:
        content = "video but no sound" if streams.video else "no audio"
        raise AudioError(f"The file contains {content}. Choose one with an audio track.")
    stream = streams.audio[0]
    announced_s = None
    if "mov" in container.format.name and stream.duration and stream.time_base:
        announced_s = float(stream.duration * stream.time_base)
    if "matroska" in container.format.name and container.duration and not streams.video:
        announced_s = container.duration / av.time_base  # with video: the longer of both
    ends = (
        float((packet.pts + (packet.duration or 0)) * packet.time_base)
        for packet in container.demux(stream)
        if packet.pts is not None
    )
    return _Decoder(_av_blocks(container, stream), announced_s, rest=ends)


def _av_blocks(
    container: av.container.InputContainer, stream: av.AudioStream
) -> Iterator[tuple[np.ndarray, int]]:
    """Join decoded frames (about 20 ms each) into blocks of one rate and channel count."""
    pending: list[np.ndarray] = []
    size, kind = 0, (0, 0)
    for frame in _av_frames(container, stream):
        samples = _av_samples(frame)
        its_kind = (samples.shape[1], frame.sample_rate)
        if pending and (its_kind != kind or size >= _BLOCK_SAMPLES):
            yield np.concatenate(pending), kind[1]
            pending, size = [], 0
        pending.append(samples)
        size, kind = size + samples.size, its_kind
    if pending:
        yield np.concatenate(pending), kind[1]


def _av_frames(
    container: av.container.InputContainer, stream: av.AudioStream
) -> Iterator[av.AudioFrame]:
    """Decode packet by packet, skipping a few damaged ones."""
    packets = bad = 0
    for packet in container.demux(stream):
        packets += 1
        try:
            yield from packet.decode()
        except av.InvalidDataError as error:
            bad, damage = bad + 1, error
    if bad > max(_BAD_PACKETS * packets, 1):
        raise damage


def _av_samples(frame: av.AudioFrame) -> np.ndarray:
    """Convert a frame to samples [shape=(n, channels)] with full scale 1."""
    kind = np.dtype(_AV_SAMPLES[frame.format.name.removesuffix("p")])
    channels = frame.layout.nb_channels
    planes, interleaved = (channels, 1) if frame.format.is_planar else (1, channels)
    shape = (frame.samples, interleaved)
    values = np.concatenate(
        [
            # `frame.planes` reads past the frame's list of planes beyond eight channels, and a
            # plane's buffer may be longer than its samples.
            np.frombuffer(AudioPlane(frame, index), kind, count=math.prod(shape)).reshape(shape)
            for index in range(planes)
        ],
        axis=1,
    )
    if kind.kind == "f":
        return values
    full_scale = 2.0 ** (8 * kind.itemsize - 1)
    return values / full_scale - (1.0 if kind.kind == "u" else 0.0)
