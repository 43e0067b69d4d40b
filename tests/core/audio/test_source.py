"""Decoders see the bytes of a file until a read fails or the computing time is used up."""

from __future__ import annotations

import io
import time

import pytest

from core.audio.io import load_audio
from core.audio.source import Source
from core.errors import AudioError
from tests.core.audio.encoded import file_bytes, tone


def test_positions_count_from_the_first_byte_that_is_not_skipped() -> None:
    source = Source(io.BytesIO(b"tagsong"))
    source.begin_at(3)
    assert source.read() == b"song"
    assert source.tell() == 4
    assert source.seek(1) == 1
    assert source.read(2) == b"on"
    assert source.seek(-1, io.SEEK_END) == 3
    assert source.read() == b"g"
    assert source.seek(-10) == 4  # invalid, so it stays


def test_positions_before_the_first_byte_or_beyond_any_file_are_harmless() -> None:
    source = Source(io.BytesIO(b"song"))
    source.read()
    assert source.seek(1 << 63) == 4
    assert source.seek(-5, io.SEEK_CUR) in (0, 4)
    source.raise_failure()


def test_reading_ends_when_the_time_is_used_up() -> None:
    source = Source(io.BytesIO(b"song"), limit_s=0.0)
    assert source.read() == b""
    with pytest.raises(AudioError, match="takes too long"):
        source.check_time()
    with pytest.raises(AudioError, match="takes too long"):
        source.raise_failure()


def test_decoded_audio_extends_the_time_and_waiting_does_not_count() -> None:
    source = Source(io.BytesIO(b"song"), limit_s=0.02)
    time.sleep(0.05)
    source.check_time()
    source.extend_time(1_000)
    begin = time.thread_time()
    while time.thread_time() - begin < 0.05:
        pass
    source.check_time()


@pytest.mark.parametrize(("container", "encoding"), [("WAV", "PCM_16"), ("FLAC", "PCM_16")])
def test_decoding_stops_when_the_time_is_used_up(
    container: str, encoding: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = file_bytes(tone(), 48_000, container, encoding)
    monkeypatch.setattr(Source.__init__, "__kwdefaults__", {"limit_s": 0.0})
    with pytest.raises(AudioError, match="takes too long"):
        load_audio(content)
