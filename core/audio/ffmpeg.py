"""Decoding with FFmpeg (PyAV): all formats except uncompressed ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack
from functools import cache

import av
import numpy as np
from av.audio.plane import AudioPlane

from core.audio.formats import mpeg_frame
from core.audio.source import Source
from core.errors import AudioError

# FFmpeg's formats that hold their own data. Playlists (HLS, DASH, concat) are formats too, and an
# uploaded one would make it open other files and URLs.
FORMATS = (
    "aac,ac3,aiff,amr,ape,asf,au,avi,caf,dsf,eac3,flac,flv,loas,matroska,mov,mp3,mpc,mpc8,mpeg,"
    "mpegts,ogg,tak,tta,voc,w64,wav,wv"
)
ERRORS = (
    av.FFmpegError,
    OSError,
    ValueError,
    TypeError,
    LookupError,
    ArithmeticError,
    RuntimeError,
    MemoryError,
)

_OPTIONS = {
    "format_whitelist": FORMATS,
    "protocol_whitelist": "none",  # the file is already open, and no other one may be
    "max_streams": "64",
}
# Formats whose header declares the number of samples. Others estimate it, or count video as well.
_COUNTING = frozenset(("ape", "flac", "mov", "mpc8", "ogg", "tak", "tta", "wv"))
_SAMPLES = {"u8": "u1", "s16": "i2", "s32": "i4", "s64": "i8", "flt": "f4", "dbl": "f8"}
_BLOCK_SAMPLES = 1 << 18  # samples of all channels in a block
_PACKETS_PER_CHECK = 16  # asking for the time takes as long as decoding a tenth of a packet
_BAD_PACKETS = 0.05  # tolerated share of damaged packets: about one click a second


class Recording:
    """Audio track of an open file.

    Parameters
    ----------
    source : Source
        The file.
    format : str
        One of `FORMATS`.
    stack : ExitStack
        Closes the file.

    Attributes
    ----------
    announced_s : float or None
        Duration in seconds by the header, if it declares one.
    end : int or None
        Position in the file where the last packet ends, if it is known and nothing but audio
        could follow.

    Raises
    ------
    AudioError
        If there is no audio track.
    """

    def __init__(self, source: Source, format: str, stack: ExitStack) -> None:
        frames = _mp3_frames_s(source) if format == "mp3" else None
        source.seek(0)
        self._source = source
        self._container = stack.enter_context(
            # Tags are never shown, and may be in any encoding.
            av.open(
                source,
                format=format,
                options=_OPTIONS | {"codec_whitelist": _audio_codecs()},
                metadata_errors="replace",
            )
        )
        streams = self._container.streams
        if not streams.audio:
            content = "video but no sound" if streams.video else "no audio"
            raise AudioError(f"The file contains {content}. Choose one with an audio track.")
        self._stream = stream = streams.audio[0]
        self.end: int | None = None
        self._alone = len(streams) == 1
        self.announced_s = frames
        if format in _COUNTING and stream.duration and stream.time_base:
            self.announced_s = float(stream.duration * stream.time_base)
        if format == "matroska" and self._container.duration and not streams.video:
            self.announced_s = self._container.duration / av.time_base

    def blocks(self) -> Iterator[tuple[np.ndarray, int]]:
        """Decode, joining frames (about 20 ms each) into blocks of one rate and channel count.

        Yields
        ------
        block : np.ndarray [shape=(n, channels)]
            Samples with full scale 1.
        rate : int
            Sampling rate in Hz.
        """
        fifo, kind = av.AudioFifo(), None
        for frame in self._frames():
            its_kind = (frame.format.name, frame.layout.nb_channels, frame.sample_rate)
            if its_kind != kind:
                yield from _rest(fifo)
                fifo, kind = av.AudioFifo(), its_kind
            frame.pts = None  # otherwise frames would have to follow each other without a gap
            fifo.write(frame)
            if fifo.samples * frame.layout.nb_channels >= _BLOCK_SAMPLES:
                yield from _rest(fifo)
        yield from _rest(fifo)

    def ends_s(self) -> Iterator[float]:
        """Yield the end times in seconds of the packets that have not been decoded yet."""
        for packet in self._packets():
            if packet.pts is not None:
                yield float((packet.pts + (packet.duration or 0)) * packet.time_base)

    def _frames(self) -> Iterator[av.AudioFrame]:
        """Decode packet by packet, skipping a few damaged ones."""
        packets = bad = 0
        for packet in self._packets():
            packets += 1
            try:
                yield from packet.decode()
            except av.InvalidDataError:
                bad += 1
        if bad > max(_BAD_PACKETS * packets, 1):
            # Not the last packet's error: kept here, it would keep this frame and its memory alive.
            raise ValueError(f"{bad} of {packets} packets are damaged")

    def _packets(self) -> Iterator[av.Packet]:
        try:
            for number, packet in enumerate(self._container.demux(self._stream)):
                if number % _PACKETS_PER_CHECK == 0:
                    self._source.check_time()
                if self._alone and packet.pos is not None and packet.size:
                    self.end = packet.pos + packet.size
                yield packet
        except IndexError:
            # PyAV's bookkeeping at the end, if a transport stream announced a stream late.
            return


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


def _mp3_frames_s(source: Source) -> float | None:
    """Duration in seconds by the Xing, Info or VBRI header of an MP3 file, if it has one."""
    source.seek(0)
    head = source.read(4_096)
    frame = mpeg_frame(head, 0)
    for mark, at in ((b"Xing", 8), (b"Info", 8), (b"VBRI", 14)):
        found = head.find(mark, 0, frame.length)
        if found >= 0:
            count = int.from_bytes(head[found + at : found + at + 4], "big")
            has_count = mark == b"VBRI" or head[found + 7] & 1
            return count * frame.samples / frame.rate if has_count else None
    return None


def _rest(fifo: av.AudioFifo) -> Iterator[tuple[np.ndarray, int]]:
    """Yield everything in a FIFO as one block, if there is anything."""
    frame = fifo.read() if fifo.samples else None
    if frame is not None:
        yield _samples(frame), frame.sample_rate


def _samples(frame: av.AudioFrame) -> np.ndarray:
    """Convert a frame to samples [shape=(n, channels)] with full scale 1."""
    kind = np.dtype(_SAMPLES[frame.format.name.removesuffix("p")])
    channels = frame.layout.nb_channels
    planes, interleaved = (channels, 1) if frame.format.is_planar else (1, channels)
    values = np.stack(
        [
            # `frame.planes` reads past the frame's list of planes beyond eight channels, and a
            # plane's buffer may be longer than its samples.
            np.frombuffer(AudioPlane(frame, index), kind, count=frame.samples * interleaved)
            for index in range(planes)
        ]
    )
    # Planar channels stay contiguous, which makes adding them up faster.
    values = values.T if frame.format.is_planar else values.reshape(frame.samples, channels)
    if kind.kind == "f":
        return values
    full_scale = 2.0 ** (8 * kind.itemsize - 1)
    return values / full_scale - (1.0 if kind.kind == "u" else 0.0)
