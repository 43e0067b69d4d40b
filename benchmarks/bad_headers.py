"""Audio files whose headers lie: lengths, rates, channels, sizes and counts.

`files` yields them for `benchmarks.bad_files`.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterator

Song = Callable[..., bytes]
_EXTREMES = (0, 1, 0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFFE, 0xFFFF_FFFF)


def files(song: Song) -> Iterator[tuple[str, Callable[[], bytes]]]:
    """List files with lying headers.

    Parameters
    ----------
    song : callable
        Encodes a tone: `benchmarks.bad_files.song`.

    Yields
    ------
    name : str
        The lie.
    make : callable
        Makes the file.
    """
    # Offset, size and byte order of fields in a WAV, AIFF, AU, CAF, W64 and FLAC header.
    fields: dict[str, tuple[tuple[str, str], int, int, str, tuple[int, ...]]] = {
        "WAV size": (("WAV", "PCM_16"), 4, 4, "little", _EXTREMES),
        "WAV fmt size": (("WAV", "PCM_16"), 16, 4, "little", (0, 2, 17, 65_536, 0xFFFF_FFFF)),
        "WAV codec": (
            ("WAV", "PCM_16"),
            20,
            2,
            "little",
            (0, 2, 3, 6, 17, 0x31, 0x50, 0x55, 0xFF, 0xFFFE, 0xFFFF),
        ),
        "WAV channels": (("WAV", "PCM_16"), 22, 2, "little", (0, 3, 255, 1_024, 65_535)),
        "WAV rate": (("WAV", "PCM_16"), 24, 4, "little", (*_EXTREMES, 999, 1_000_001)),
        "WAV block": (("WAV", "PCM_16"), 32, 2, "little", (0, 1, 3, 65_535)),
        "WAV bits": (("WAV", "PCM_16"), 34, 2, "little", (0, 1, 7, 33, 65_535)),
        "WAV data size": (("WAV", "PCM_16"), 40, 4, "little", (*_EXTREMES, 48_000, 10_000_000)),
        "AIFF size": (("AIFF", "PCM_16"), 4, 4, "big", _EXTREMES),
        "AIFF channels": (("AIFF", "PCM_16"), 20, 2, "big", (0, 255, 65_535)),
        "AIFF frames": (("AIFF", "PCM_16"), 22, 4, "big", _EXTREMES),
        "AIFF bits": (("AIFF", "PCM_16"), 26, 2, "big", (0, 1, 64, 65_535)),
        "AIFF rate": (("AIFF", "PCM_16"), 28, 4, "big", _EXTREMES),
        "AU data offset": (("AU", "PCM_16"), 4, 4, "big", (*_EXTREMES, 1_000)),
        "AU size": (("AU", "PCM_16"), 8, 4, "big", (*_EXTREMES, 48_000)),
        "AU codec": (("AU", "PCM_16"), 12, 4, "big", (0, 1, 7, 23, 99, 0xFFFF_FFFF)),
        "AU rate": (("AU", "PCM_16"), 16, 4, "big", _EXTREMES),
        "AU channels": (("AU", "PCM_16"), 20, 4, "big", (0, 255, 65_536, 0xFFFF_FFFF)),
        "CAF channels": (("CAF", "PCM_16"), 44, 4, "big", (0, 255, 0xFFFF_FFFF)),
        "W64 size": (("W64", "PCM_16"), 16, 8, "little", (0, 1, 1 << 40, (1 << 64) - 1)),
        "FLAC rate, channels, bits and frames": (
            ("FLAC", "PCM_16"),
            18,
            8,
            "big",
            (
                0,
                1,
                (1 << 64) - 1,
                1 << 63,
                0x0BB8_0370_0000_0000,
                0x0BB8_0370_0000_1000,
                0x0BB8_037F_FFFF_FFFF,
                0x0BB8_0FF0_0000_BB80,
            ),
        ),
        "ID3 size": (("MP3", "MPEG_LAYER_III"), 6, 4, "big", (0x7F7F_7F7F,)),
        "Ogg granule": (("OGG", "VORBIS"), 6, 8, "little", (0, 1 << 62, (1 << 64) - 1)),
        "Matroska size": (("webm", "libopus"), 4, 1, "big", (0, 0x80, 0xFF)),
    }
    for name, (kind, at, size, order, values) in fields.items():
        for value in values:
            yield f"{name} {value}", _lie(song, kind, at, value.to_bytes(size, order))  # type: ignore[arg-type]
    for mark in (b"Xing", b"Info"):
        for value in (*_EXTREMES, 10, 30_000):
            yield (
                f"{mark.decode()} frames {value}",
                _after(song, ("MP3", "MPEG_LAYER_III"), mark, 8, value.to_bytes(4, "big")),
            )
    # Version and flags come first in these boxes.
    for box, at in (
        ("mdhd", 16),
        ("mdhd", 20),
        ("tkhd", 24),
        ("mvhd", 20),
        ("stts", 8),
        ("stts", 12),
        ("stts", 16),
        ("stsc", 8),
        ("stsc", 16),
        ("stsz", 8),
        ("stsz", 12),
        ("stsz", 16),
        ("stco", 8),
        ("stco", 12),
        ("elst", 8),
        ("elst", 12),
        ("elst", 16),
        ("stsd", 8),
        ("mp4a", 20),
        ("mp4a", 28),
        ("esds", 4),
        ("mdat", -4),
        ("moov", -4),
        ("trak", -4),
    ):
        for value in (0, 1, 500, 0x7FFF_FFFF, 0xFFFF_FFFF):
            yield (
                f"M4A {box} + {at}: {value}",
                _after(song, ("mp4", "aac"), box.encode(), at, value.to_bytes(4, "big")),
            )
    for seconds in (0.0, 1.0, 1e9, 1e300, float("nan"), float("inf"), -1.0):
        yield (
            f"WebM duration {seconds}",
            _after(song, ("webm", "libopus"), b"\x44\x89\x88", 3, struct.pack(">d", seconds)),
        )
        yield f"CAF rate {seconds}", _lie(song, ("CAF", "PCM_16"), 20, struct.pack(">d", seconds))


def _lie(song: Song, kind: tuple[str, str], at: int, value: bytes) -> Callable[[], bytes]:
    def make() -> bytes:
        content = song(*kind)
        return content[:at] + value + content[at + len(value) :]

    return make


def _after(
    song: Song, kind: tuple[str, str], mark: bytes, at: int, value: bytes
) -> Callable[[], bytes]:
    """Change a field at a distance from a mark; without the mark the file stays intact."""

    def make() -> bytes:
        content = song(*kind)
        found = content.find(mark)
        if found < 0:
            return content
        return content[: found + at] + value + content[found + at + len(value) :]

    return make


def png(pixels: int) -> bytes:
    """Make a black square PNG picture, which compresses to almost nothing."""
    packer = zlib.compressobj()
    rows = [packer.compress(bytes(1 + 3 * pixels)) for _ in range(pixels)]

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    header = struct.pack(">IIBBBBB", pixels, pixels, 8, 2, 0, 0, 0)
    parts = [b"\x89PNG\r\n\x1a\n", chunk(b"IHDR", header)]
    parts += [chunk(b"IDAT", b"".join(rows) + packer.flush()), chunk(b"IEND", b"")]
    return b"".join(parts)


def with_cover(song: Song, pixels: int) -> bytes:
    """Put a picture into the tag of an MP3 file.

    Parameters
    ----------
    song : callable
        Encodes a tone.
    pixels : int > 0
        Width and height.

    Returns
    -------
    bytes
        MP3 file with an ID3 tag.
    """
    body = b"\0image/png\0\3\0" + png(pixels)
    frame = b"APIC" + len(body).to_bytes(4, "big") + bytes(2) + body
    sizes = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    return b"ID3\3\0\0" + sizes + frame + song("MP3", "MPEG_LAYER_III")


def mp3_frame(number: int) -> bytes:
    """Make a frame of silent MPEG audio whose sampling rate depends on its number."""
    rate = number % 3
    length = 144 * 32_000 // (44_100, 48_000, 32_000)[rate]
    return bytes((0xFF, 0xFB, 0x10 | rate << 2, 0xC0)) + bytes(length - 4)
