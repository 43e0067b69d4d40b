"""Is an audio file all there? Compares the length a container declares with the bytes at hand.

Decoders read a half-downloaded WAV or Ogg file without complaint and simply stop early. The
containers themselves know better: RIFF, AIFF, AU and Wave64 declare their size in the first
bytes, MP4 is a chain of boxes that each declare theirs, and the last page of an Ogg stream carries
an end mark (RFC 3533). What a header says is only ever compared, never allocated.
"""

from __future__ import annotations

import io
from typing import Literal, Protocol

# Writers that cannot seek back leave a placeholder where the length belongs: zero, all ones, or
# the largest signed number rounded down a little. None of them says anything about the file.
_PLACEHOLDER_FROM = {4: 0x7FFF_0000, 8: 1 << 62}
_LONGEST_OGG_PAGE = 27 + 255 + 255 * 255  # bytes
_MP4_BOXES = (b"ftyp", b"moov", b"moof", b"mdat", b"free", b"skip", b"wide", b"uuid", b"meta")
_MOST_BOXES = 10_000


class SeekableBytes(Protocol):
    """What is needed of an open file."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to `size` bytes."""

    def seek(self, offset: int, whence: int = 0, /) -> int:
        """Move to a position and return it."""


def file_size(stream: SeekableBytes) -> int:
    """Return the number of bytes in an open file.

    Parameters
    ----------
    stream : SeekableBytes
        Open file. It is left at its start.

    Returns
    -------
    int
        Size in bytes.
    """
    size = stream.seek(0, io.SEEK_END)
    stream.seek(0)
    return size


def is_cut_off(stream: SeekableBytes, *, tolerance: float = 0.01) -> bool:
    """Tell whether the end of a file is missing.

    Parameters
    ----------
    stream : SeekableBytes
        Open file. It is left at its start.
    tolerance : float [range=[0, 1)]
        Share of the file that may be missing: some programs miscount by a few bytes, and the last
        hundredth of a song does not change what is heard.

    Returns
    -------
    bool
        True if the container declares clearly more than there is. False if all is there or the
        container does not say (MP3, FLAC and Matroska do not: their decoders must be asked).
    """
    size = file_size(stream)
    head = stream.read(40)
    if head[:4] == b"OggS":
        cut = not _ends_as_ogg(stream, size)
    else:
        declared = _declared_by_mp4(stream, size) if head[4:8] == b"ftyp" else _declared(head)
        cut = declared * (1 - tolerance) > size
    stream.seek(0)
    return cut


def _declared(head: bytes) -> int:
    """Return the size in bytes that the first 40 bytes announce, 0 if they do not."""
    kind = head[:4]
    if kind == b"RIFF":
        return _length(head[4:8], "little", 8)
    if kind in (b"RIFX", b"FORM"):
        return _length(head[4:8], "big", 8)
    if kind == b".snd":
        return _length(head[8:12], "big", int.from_bytes(head[4:8], "big"))
    if kind == b"RF64" and head[12:16] == b"ds64":
        return _length(head[20:28], "little", 8)
    if kind == b"riff":  # Wave64 counts its own header
        return _length(head[16:24], "little", 0)
    return 0


def _length(field: bytes, order: Literal["little", "big"], before: int) -> int:
    value = int.from_bytes(field, order)
    return before + value if 0 < value < _PLACEHOLDER_FROM.get(len(field), 0) else 0


def _declared_by_mp4(stream: SeekableBytes, size: int) -> int:
    position = 0
    for _ in range(_MOST_BOXES):
        stream.seek(position)
        header = stream.read(16)
        length = int.from_bytes(header[:4], "big")
        if length == 1:  # the real length follows the box's name
            length = int.from_bytes(header[8:], "big")
        # 0 means: up to the end of the file. Tags of other formats, appended, are no boxes.
        if length < 8 or header[4:8] not in _MP4_BOXES:
            break
        position += length
    return position


def _ends_as_ogg(stream: SeekableBytes, size: int) -> bool:
    start = stream.seek(max(size - 2 * _LONGEST_OGG_PAGE, 0))
    tail = stream.read(size - start)
    page = tail.rfind(b"OggS")
    if page < 0 or len(tail) < page + 27:
        return False
    segments = tail[page + 26]
    end = page + 27 + segments + sum(tail[page + 27 : page + 27 + segments])
    return bool(tail[page + 5] & 4) and end <= len(tail)
