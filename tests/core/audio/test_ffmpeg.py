"""FFmpeg decodes one audio track of a container that is told to it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import ExitStack

import av
import numpy as np
import pytest

from core.audio.ffmpeg import FORMATS, Recording
from core.audio.source import Source
from tests.core.audio.encoded import av_bytes, file_bytes, tone

STEREO = np.stack([tone(), tone()], axis=1)


def opened(content: bytes, format: str, stack: ExitStack) -> Recording:
    return Recording(Source(io.BytesIO(content)), format, stack)


@pytest.mark.parametrize(
    ("content", "format", "announced_s"),
    [
        (file_bytes(STEREO, 48_000, "FLAC", "PCM_16"), "flac", 2.0),
        (file_bytes(STEREO, 48_000, "MP3", "MPEG_LAYER_III"), "mp3", 2.0),
        (av_bytes(STEREO, 48_000, "mp4", "aac"), "mov", 2.0),
        (av_bytes(STEREO, 48_000, "wv", "wavpack"), "wv", 2.0),
        (av_bytes(STEREO, 48_000, "adts", "aac"), "aac", None),
    ],
)
def test_only_headers_that_count_samples_announce_a_duration(
    content: bytes, format: str, announced_s: float | None
) -> None:
    with ExitStack() as stack:
        recording = opened(content, format, stack)
        assert recording.announced_s == pytest.approx(announced_s, abs=0.1)
        samples = np.concatenate([block for block, _ in recording.blocks()])
        assert samples.shape == (pytest.approx(96_000, abs=4_000), 2)


def test_the_end_of_the_audio_is_known_and_tags_are_beyond_it() -> None:
    content = av_bytes(STEREO, 48_000, "tta", "tta")
    with ExitStack() as stack:
        recording = opened(content + b"TAG" + bytes(125), "tta", stack)
        assert sum(len(block) for block, _ in recording.blocks()) == 96_000
        assert recording.end is not None
        assert len(content) - 100 < recording.end <= len(content)


def test_formats_that_name_other_files_are_not_opened() -> None:
    assert not {"hls", "concat", "dash", "sdp", "image2", "applehttp"} & set(FORMATS.split(","))
    with ExitStack() as stack, pytest.raises((ValueError, av.FFmpegError)):
        opened(b"ffconcat version 1.0\nfile '/etc/passwd'\n", "concat", stack)


def test_an_index_error_at_the_end_of_a_transport_stream_is_no_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """PyAV raises it after the last packet if a damaged stream announced a track late."""

    class Late:
        def __init__(self, container: av.container.InputContainer) -> None:
            self._container = container

        def demux(self, stream: av.AudioStream) -> Iterator[av.Packet]:
            yield from self._container.demux(stream)
            raise IndexError("list index out of range")

    with ExitStack() as stack:
        recording = opened(av_bytes(STEREO, 48_000, "mpegts", "aac"), "mpegts", stack)
        monkeypatch.setattr(recording, "_container", Late(recording._container))
        assert sum(len(block) for block, _ in recording.blocks()) >= 96_000


def test_a_recording_with_many_damaged_packets_is_an_error() -> None:
    content = bytearray(av_bytes(STEREO, 48_000, "adts", "aac"))
    for position in range(1_000, len(content), 150):
        content[position] ^= 0xFF
    with ExitStack() as stack, pytest.raises((ValueError, av.FFmpegError)):
        for _ in opened(bytes(content), "aac", stack).blocks():
            pass
