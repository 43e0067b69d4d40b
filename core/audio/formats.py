"""Detection of a file's format from its first bytes.

Every format is recognised by a signature, and the decoder is told which one it is. Letting FFmpeg
guess would accept archives as MP3, because valid frame headers occur by chance in any large file,
and playlists as containers.

Conventions
-----------
MPEG audio (ISO/IEC 11172-3), ADTS and LOAS (ISO/IEC 14496-3) and the MPEG transport stream
(ISO/IEC 13818-1) have no signature. Their frames, each of which declares its length, must follow
one another.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import islice
from typing import NamedTuple

from core.audio.containers import SeekableBytes
from core.errors import AudioError

SUPPORTED = "a WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, WebM, MP4, AIFF or AU file"

_SEARCHED = 1 << 20  # bytes in which the first frame must begin
_MOST_TAGS = 16
_CHAIN = 4  # frames in a row; by chance less than once in a million files
_CANDIDATES = 20_000  # possible first frames that are tried

# Signature at the start, FFmpeg's name of the format.
_SIGNATURES = (
    (rb"(?:RIFF|RIFX|RF64)....WAVE", "wav"),
    (rb"RIFF....AVI ", "avi"),
    (rb"riff\x2e\x91\xcf\x11", "w64"),
    (rb"FORM....AIF[FC]", "aiff"),
    (rb"FORM....(?:8SVX|16SV)", "iff"),
    (rb"\.snd", "au"),
    (rb"caff\0", "caf"),
    (rb"\x64\xa3[\x01-\x04]\0|\0[\x01-\x04]\xa3\x64", "ircam"),
    (rb"fLaC", "flac"),
    (rb"OggS", "ogg"),
    (rb"....(?:ftyp|moov|mdat|free|skip|wide|pnot)", "mov"),
    (rb"\x1aE\xdf\xa3", "matroska"),
    (rb"FLV\x01", "flv"),
    (rb"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "asf"),
    (rb"wvpk", "wv"),
    (rb"MAC ", "ape"),
    (rb"MPCK", "mpc8"),
    (rb"MP\+", "mpc"),
    (rb"tBaK", "tak"),
    (rb"TTA1", "tta"),
    (rb"DSD ", "dsf"),
    (rb"#!AMR", "amr"),
    (rb"Creative Voice File\x1a", "voc"),
    (rb"\0\0\x01\xba", "mpeg"),
    (rb"\x0b\x77...[\0-\x57]", "ac3"),
    (rb"\x0b\x77...[\x58-\x87]", "eac3"),
)
_OTHER_CONTENT = (
    (rb"PK(?:\x03\x04|\x05\x06)", "a ZIP archive. Extract it and choose a song in it"),
    (rb"Rar!|7z\xbc\xaf|\x1f\x8b|BZh|\xfd7zXZ", "an archive. Extract it and choose a song in it"),
    (rb"%PDF", "a PDF document. Choose a song"),
    (rb"\x89PNG|\xff\xd8\xff|GIF8|RIFF....WEBP|BM....\0\0", "a picture. Choose a song"),
    (rb"MThd", "a MIDI file, which holds notes and no sound. Export it as WAV first"),
    (
        rb"(?i:#EXTM3U|\[playlist\]|ffconcat|<asx|<\?wpl|\s*<MPD|<\?xml[^>]*>\s*<(?:playlist|MPD))",
        "a playlist. Choose one of the songs that it lists",
    ),
)
# Packets of a transport stream have 188 bytes, and a timestamp or checksum in some.
_TRANSPORT_PACKETS = rb"(?:G.{187}){8}|(?:G.{191}){8}|(?:G.{203}){8}"
_TRANSPORT_SEARCHED = 1 << 13
_KIBPS = {  # of MPEG audio by (is version 1, layer); index 0 is a free format
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


class Frame(NamedTuple):
    """Header of a frame of MPEG audio."""

    length: int  # bytes; 0 if there is no frame
    samples: int = 0
    rate: int = 0  # Hz


class Format(NamedTuple):
    """Format of a file: FFmpeg's name of it, and where its first frame or header begins."""

    name: str
    start: int


def identify(source: SeekableBytes) -> Format:
    """Detect the format of a file.

    Parameters
    ----------
    source : SeekableBytes
        Open file.

    Returns
    -------
    Format
        The format; `start` is after ID3 and APE tags and zeros.

    Raises
    ------
    AudioError
        If the file is in no supported format.
    """
    start = _after_tags(source)
    source.seek(start)
    head = source.read(_SEARCHED)
    for signature, name in _SIGNATURES:
        if re.match(signature, head, re.DOTALL):
            return Format(name, start)
    for signature, content in _OTHER_CONTENT:
        if re.match(signature, head, re.DOTALL):
            raise AudioError(f"The file is not audio but {content}.")
    for position in (start, 0) if start else (0,):  # 0: the size of a tag may be wrong
        source.seek(position)
        found = _first_frames(source.read(_SEARCHED))
        if found:
            return Format(found.name, position + found.start)
    raise AudioError(f"The file is not audio in a supported format. Choose {SUPPORTED}.")


def mpeg_frame(data: bytes, position: int) -> Frame:
    """Parse the header of a frame of MPEG audio.

    Parameters
    ----------
    data : bytes
        Part of a file.
    position : int
        Position of the header in it.

    Returns
    -------
    Frame
        Its length is 0 if there is no valid header, or if its bit rate is free.
    """
    header = data[position : position + 4]
    if len(header) < 4 or header[0] != 0xFF or header[1] < 0xE0:
        return Frame(0)
    version, layer = header[1] >> 3 & 3, 4 - (header[1] >> 1 & 3)
    bits, rate_index = header[2] >> 4, header[2] >> 2 & 3
    if version == 1 or layer == 4 or bits in (0, 15) or rate_index == 3:
        return Frame(0)
    full = version == 3
    rate = (44_100, 48_000, 32_000)[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    bit_rate = 1_000 * _KIBPS[full, layer][bits]
    padding = header[2] >> 1 & 1
    if layer == 1:
        return Frame((12 * bit_rate // rate + padding) * 4, 384, rate)
    samples = 576 if layer == 3 and not full else 1_152
    return Frame(samples // 8 * bit_rate // rate + padding, samples, rate)


def _after_tags(source: SeekableBytes) -> int:
    """Find the position after the tags and zeros at the start of a file."""
    position = 0
    for _ in range(_MOST_TAGS):
        source.seek(position)
        head = source.read(32)
        if head[:3] == b"ID3" and len(head) >= 10:
            length = 0
            for byte in head[6:10]:  # seven bits each (ID3v2)
                length = length << 7 | byte & 0x7F
            position += 10 + length + (10 if head[5] & 0x10 else 0)
        elif head[:8] == b"APETAGEX" and len(head) == 32:
            position += 32 + int.from_bytes(head[12:16], "little")
        else:
            break
    source.seek(position)
    head = source.read(_SEARCHED)
    zeros = len(head) - len(head.lstrip(b"\0"))
    # The first bytes of several formats are zero, but at most three of them.
    return position + (zeros if zeros > 3 else 0)


def _first_frames(head: bytes) -> Format | None:
    """Find the first frames in a row of a format without a signature."""
    packets = re.search(_TRANSPORT_PACKETS, head[:_TRANSPORT_SEARCHED], re.DOTALL)
    if packets:
        return Format("mpegts", packets.start())
    found = [
        Format(name, position)
        for name, sync, length_at in _CHAINED
        if (position := _first_chain(head, sync, length_at)) is not None
    ]
    return min(found, key=lambda format: format.start, default=None)


def _first_chain(head: bytes, sync: bytes, length_at: Callable[[bytes, int], int]) -> int | None:
    """Find the first of several frames in a row; fewer are enough at the end of the file."""
    for match in islice(re.finditer(sync, head, re.DOTALL), _CANDIDATES):
        position = match.start()
        count = 0
        while count < _CHAIN and position < len(head) and (length := length_at(head, position)):
            position, count = position + length, count + 1
        if (count == _CHAIN and position < len(head)) or (count > 1 and position == len(head)):
            return match.start()
    return None


def _adts_length(data: bytes, position: int) -> int:
    header = data[position : position + 6]
    if len(header) < 6 or header[0] != 0xFF or header[1] & 0xF6 != 0xF0:
        return 0
    length = int.from_bytes(header[3:6], "big") >> 5 & 0x1FFF
    return length if length > 7 and header[2] >> 2 & 15 < 13 else 0


def _loas_length(data: bytes, position: int) -> int:
    header = int.from_bytes(data[position : position + 3], "big")
    return 3 + (header & 0x1FFF) if header >> 13 == 0x2B7 else 0


_CHAINED = (
    ("mp3", rb"\xff[\xe2-\xff]", lambda data, position: mpeg_frame(data, position).length),
    ("aac", rb"\xff[\xf0\xf1\xf8\xf9]", _adts_length),
    ("loas", rb"\x56[\xe0-\xff]", _loas_length),
)
