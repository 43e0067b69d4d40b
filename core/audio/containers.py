"""Detection of truncated audio files, from the size that their container declares.

Decoders read a partially downloaded WAV or Ogg file without an error and simply stop early. The
container reveals it: RIFF, AIFF, AU and Wave64 declare their size in the first bytes, MP4 is a
sequence of boxes that each declare theirs, and the last page of an Ogg stream carries an
end-of-stream flag (RFC 3533). A declared size is only ever compared, and no memory is allocated
for it.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from typing import Literal, Protocol

# Writers that cannot seek back leave a placeholder in the length field: zero, all ones, or
# slightly less than the largest signed integer. None of them is a length.
_PLACEHOLDER_FROM = {4: 0x7FFF_0000, 8: 1 << 62}
_LONGEST_OGG_PAGE = 27 + 255 + 255 * 255  # bytes
_MP4_BOXES = (b"ftyp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta")
_MOST_BOXES = 10_000
_BLOCK = 1 << 20
# Formats that are decoded to the end that their header declares.
_DECLARING = frozenset(
    ("wav", "w64", "aiff", "au", "caf", "iff", "ircam", "flv", "tta", "voc", "dsf", "ape", "mpc")
)
_UNREAD = 4_096  # bytes after the audio that need no explanation, or a hundredth of the file
_CHUNK = rb"[ -~\xa9]{4}"  # identifier of a chunk, as in RIFF and IFF files
_TAG = rb"TAG|ID3|APETAGEX|LYRICSBEGIN"
_RECORDING = rb"RIFF|RIFX|RF64|FORM|\.snd|caff|riff|fLaC|OggS|TTA1|Crea|MAC "


class SeekableBytes(Protocol):
    """Open binary file that can seek."""

    def read(self, size: int = -1, /) -> bytes:
        """Read up to `size` bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it."""


def file_size(stream: SeekableBytes) -> int:
    """Measure an open file.

    Parameters
    ----------
    stream : SeekableBytes
        Open file; afterwards its position is the start.

    Returns
    -------
    int
        Size in bytes.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return size


def is_truncated(stream: SeekableBytes, *, tolerance: float = 0.01) -> bool:
    """Test whether the end of a file is missing.

    Parameters
    ----------
    stream : SeekableBytes
        Open file; afterwards its position is the start.
    tolerance : float [range=[0, 1)]
        Share of the file that may be missing. Some programs miscount by a few bytes, and losing
        the last hundredth of a song is harmless.

    Returns
    -------
    bool
        True if the container declares a size that the file clearly falls short of. False if the
        file is complete, or if the container declares no size (MP3, FLAC and Matroska: truncation
        only shows when they are decoded).
    """
    size = file_size(stream)
    head = stream.read(40)
    if head[:4] == b"OggS":
        truncated = not _ends_as_ogg(stream, size)
    else:
        declared = _declared_by_mp4(stream) if head[4:8] == b"ftyp" else _declared(head)
        truncated = declared * (1 - tolerance) > size
    stream.seek(0)
    return truncated


def is_chained_ogg(stream: SeekableBytes) -> bool:
    """Test whether several recordings follow one another in an Ogg file.

    Parameters
    ----------
    stream : SeekableBytes
        Open file; afterwards its position is the start.

    Returns
    -------
    bool
        True if a stream begins after the first page of another one's data (RFC 3533, section 4).
    """
    stream.seek(0)
    chained = began = False
    overlap = b""
    while not chained and (block := stream.read(_BLOCK)):
        for page in re.finditer(rb"OggS\0([\0-\7])", overlap + block):
            is_first = bool(page[1][0] & 2)
            chained |= is_first and began
            began |= not is_first
        overlap = block[-5:]
    stream.seek(0)
    return chained


def continues(stream: SeekableBytes, format: str, size: int, end: int | None) -> bool:
    """Test whether a file contains more audio than its header declares.

    Parameters
    ----------
    stream : SeekableBytes
        Open file whose audio has been decoded.
    format : str
        Format, see `core.audio.formats.identify`.
    size : int
        Size in bytes.
    end : int or None
        Position where the decoded audio ends, if it is known.

    Returns
    -------
    bool
        True if much of the file follows and is neither a chunk nor a tag, as after a header that
        declares too little or between chained recordings. False for formats that are decoded to
        their end whatever their header declares.
    """
    if format == "mov":
        return sum(kind == b"moov" for kind, _ in _boxes(stream)) > 1
    if format not in _DECLARING or end is None:
        return False
    stream.seek(0)
    head = stream.read(40)
    if format in ("w64", "iff"):  # libsndfile decodes them to the end of the file
        end = min(end, _declared(head) or end)
    stream.seek(end)
    rest = stream.read(_BLOCK)
    # The second of two recordings begins like the first, perhaps after chunks or tags.
    again = re.escape(head[:4]) + rb".{4}" + re.escape(head[8:12])
    if re.search(again, rest, re.DOTALL):
        return True
    if size - end <= max(_UNREAD, 0.01 * size):
        return False
    if not rest.strip(b"\0"):
        return False  # padding
    rest = rest.removeprefix(b"\0")  # chunks begin at even positions
    is_chunk = re.match(_CHUNK, rest) and not re.match(_RECORDING, rest)
    return not is_chunk and not re.match(_TAG, rest)


def _declared(head: bytes) -> int:
    """Parse the file size in bytes from the first 40 bytes; 0 if they do not declare it."""
    kind = head[:4]
    if kind == b"RIFF":
        return _length(head[4:8], "little", 8)
    if kind in (b"RIFX", b"FORM"):
        return _length(head[4:8], "big", 8)
    if kind == b".snd":
        return _length(head[8:12], "big", int.from_bytes(head[4:8], "big"))
    if kind == b"RF64" and head[12:16] == b"ds64":
        return _length(head[20:28], "little", 8)
    if kind == b"riff":  # Wave64: the declared size includes the header
        return _length(head[16:24], "little", 0)
    return 0


def _length(field: bytes, order: Literal["little", "big"], before: int) -> int:
    """Parse a length field and add the bytes before its data; 0 for a placeholder."""
    value = int.from_bytes(field, order)
    return before + value if 0 < value < _PLACEHOLDER_FROM.get(len(field), 0) else 0


def _declared_by_mp4(stream: SeekableBytes) -> int:
    """Find the position where the last top-level box of an MP4 file ends."""
    return max((end for _, end in _boxes(stream)), default=0)


def _boxes(stream: SeekableBytes) -> Iterator[tuple[bytes, int]]:
    """Follow the top-level boxes of an MP4 file: their types, and the positions where they end."""
    position = 0
    for _ in range(_MOST_BOXES):
        stream.seek(position)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:  # a 64-bit length follows the box's type
            length = int.from_bytes(header[8:], "big")
        # 0 means "up to the end of the file". Anything appended, such as tags, is not a box.
        if length < 8 or header[4:8] not in _MP4_BOXES:
            break
        position += length
        yield header[4:8], position


def _ends_as_ogg(stream: SeekableBytes, size: int) -> bool:
    """Test whether the last Ogg page is complete and marked as the end of the stream."""
    start = stream.seek(max(size - 2 * _LONGEST_OGG_PAGE, 0))
    tail = stream.read(size - start)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return False
    segments = tail[page + 26]
    end = page + 27 + segments + sum(tail[page + 27 : page + 27 + segments])
    return bool(tail[page + 5] & 4) and end <= len(tail)
