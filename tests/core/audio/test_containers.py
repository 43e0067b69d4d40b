"""Truncated files are detected by the size that their container declares."""

from __future__ import annotations

import io

import pytest

from core.audio.containers import file_size, is_truncated
from tests.core.audio.encoded import av_bytes, file_bytes, tone

DECLARING = [
    ("WAV", "PCM_16"),
    ("AIFF", "PCM_16"),
    ("AU", "PCM_16"),
    ("W64", "PCM_16"),
    ("RF64", "PCM_16"),
    ("OGG", "VORBIS"),
]


def truncated(content: bytes) -> bool:
    return is_truncated(io.BytesIO(content))


def test_the_size_of_a_file_is_measured_from_any_position() -> None:
    stream = io.BytesIO(b"12345")
    stream.seek(3)
    assert file_size(stream) == 5
    assert stream.tell() == 0


@pytest.mark.parametrize(("container", "encoding"), DECLARING)
def test_half_a_file_is_truncated_and_a_whole_one_is_not(container: str, encoding: str) -> None:
    content = file_bytes(tone(), 48_000, container, encoding)
    assert not truncated(content)
    assert truncated(content[: len(content) // 2])


@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+empty_moov"}])
def test_half_an_mp4_file_is_truncated_and_a_whole_one_is_not(options: dict[str, str]) -> None:
    content = av_bytes(tone()[:, None], 48_000, "mp4", "aac", options=options)
    assert not truncated(content)
    assert truncated(content[: len(content) // 2])


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU"])
def test_a_missing_hundredth_is_tolerated_and_two_are_not(container: str) -> None:
    content = file_bytes(tone(), 48_000, container, "PCM_16")
    assert not truncated(content[: round(0.992 * len(content))])
    assert truncated(content[: round(0.98 * len(content))])


@pytest.mark.parametrize("placeholder", [0, 0xFFFF_FFFF, 0x7FFF_FFFF, 0x7FFF_F000])
def test_a_placeholder_of_a_streaming_writer_is_not_a_length(placeholder: int) -> None:
    content = file_bytes(tone(), 48_000, "WAV", "PCM_16")
    streamed = content[:4] + placeholder.to_bytes(4, "little") + content[8:]
    assert not truncated(streamed)


def test_containers_that_declare_no_size_are_left_to_their_decoders() -> None:
    for container, encoding in (("MP3", "MPEG_LAYER_III"), ("FLAC", "PCM_16")):
        content = file_bytes(tone(), 48_000, container, encoding)
        assert not truncated(content[: len(content) // 2])


def test_a_declared_size_of_many_gigabytes_allocates_no_memory() -> None:
    boxes = b"\0\0\0\1mdat" + (1 << 60).to_bytes(8, "big")
    assert truncated(b"\0\0\0\x10ftypM4A \0\0\0\0" + boxes)


def test_a_box_of_length_zero_ends_the_search() -> None:
    assert not truncated(b"\0\0\0\x08ftyp" + b"\0\0\0\0free" * 3)
