"""A file's format is detected from its first bytes, and other content is named."""

from __future__ import annotations

import io
import random
import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.formats import Format, identify, mpeg_frame
from core.errors import AudioError
from tests.core.audio.encoded import av_bytes, file_bytes, tone

STEREO = np.stack([tone(), tone()], axis=1)


def detected(content: bytes) -> Format:
    return identify(io.BytesIO(content))


@pytest.mark.parametrize(
    ("container", "encoding", "name"),
    [
        ("WAV", "PCM_16", "wav"),
        ("RF64", "PCM_16", "wav"),
        ("W64", "PCM_16", "w64"),
        ("AIFF", "PCM_16", "aiff"),
        ("AU", "PCM_16", "au"),
        ("CAF", "PCM_16", "caf"),
        ("SVX", "PCM_16", "iff"),
        ("IRCAM", "PCM_16", "ircam"),
        ("FLAC", "PCM_16", "flac"),
        ("OGG", "VORBIS", "ogg"),
        ("MP3", "MPEG_LAYER_III", "mp3"),
    ],
)
def test_formats_of_libsndfile_are_detected(container: str, encoding: str, name: str) -> None:
    samples = STEREO[:, 0] if container == "SVX" else STEREO
    assert detected(file_bytes(samples, 48_000, container, encoding)) == Format(name, 0)


@pytest.mark.parametrize(
    ("container", "codec", "name"),
    [
        ("mp4", "aac", "mov"),
        ("mov", "pcm_s16le", "mov"),
        ("webm", "libopus", "matroska"),
        ("adts", "aac", "aac"),
        ("latm", "aac", "loas"),
        ("mpegts", "aac", "mpegts"),
        ("vob", "ac3", "mpeg"),
        ("avi", "mp2", "avi"),
        ("flv", "aac", "flv"),
        ("mp2", "mp2", "mp3"),
        ("ac3", "ac3", "ac3"),
        ("eac3", "eac3", "eac3"),
        ("wv", "wavpack", "wv"),
        ("tta", "tta", "tta"),
        ("voc", "pcm_u8", "voc"),
    ],
)
def test_formats_of_ffmpeg_are_detected(container: str, codec: str, name: str) -> None:
    assert detected(av_bytes(STEREO, 48_000, container, codec)) == Format(name, 0)


@pytest.mark.parametrize("rate", [8_000, 11_025, 16_000, 22_050, 32_000, 44_100, 48_000])
def test_mpeg_frames_follow_one_another(rate: int) -> None:
    content = file_bytes(tone(2.0, rate), rate, "MP3", "MPEG_LAYER_III")
    position = count = samples = 0
    while (frame := mpeg_frame(content, position)).length:
        assert frame.rate == rate
        position, count, samples = position + frame.length, count + 1, samples + frame.samples
    assert position == len(content)
    assert samples == pytest.approx(2 * rate, abs=3.5 * frame.samples + 4_000)
    assert count > 20


def test_tags_and_zeros_before_the_audio_are_skipped() -> None:
    mp3 = file_bytes(STEREO, 48_000, "MP3", "MPEG_LAYER_III")
    id3 = b"ID3\4\0\0\0\0\2\0" + bytes(256)
    ape = b"APETAGEX" + (2_000).to_bytes(4, "little") + (5).to_bytes(4, "little") + bytes(16)
    assert detected(id3 + id3 + mp3).start == 2 * len(id3)
    assert detected(id3 + ape + b"title" + mp3).start == len(id3) + len(ape) + 5
    assert detected(bytes(1_000) + mp3).start == 1_000
    assert detected(b"ID3\4\0\0\x7f\x7f\x7f\x7f" + mp3) == Format("mp3", 10)


def test_a_stream_cut_anywhere_is_detected_at_its_next_frame() -> None:
    mp3 = file_bytes(STEREO, 48_000, "MP3", "MPEG_LAYER_III")
    cut = detected(mp3[777:])
    assert cut.name == "mp3"
    assert 0 < cut.start < mpeg_frame(mp3, 0).length + 1_000


def archive(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr("song.mp3", content)
    return buffer.getvalue()


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (archive(file_bytes(STEREO, 48_000, "MP3", "MPEG_LAYER_III")), "a ZIP archive"),
        (b"\x1f\x8b\x08\0" + bytes(100), "an archive"),
        (b"%PDF-1.7\n" + bytes(100), "a PDF document"),
        (b"\x89PNG\r\n\x1a\n" + bytes(100), "a picture"),
        (b"MThd\0\0\0\6" + bytes(100), "a MIDI file"),
        (b"#EXTM3U\nhttp://192.0.2.1/song.mp3\n", "a playlist"),
        (b"[playlist]\nFile1=/etc/passwd\n", "a playlist"),
        (b'<?xml version="1.0"?>\n<playlist xmlns="http://xspf.org/ns/0/"/>', "a playlist"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "a playlist"),
        (b"I am no song. " * 1_000, "in a supported format"),
        (b"ID3\4\0\0\0\0\0\0" * 100_000, "in a supported format"),
        (b"\xff" * 2_000_000, "in a supported format"),
    ],
)
def test_other_content_is_named(content: bytes, sentence: str) -> None:
    with pytest.raises(AudioError, match=f"^The file is not audio .*{sentence}"):
        identify(io.BytesIO(content))


def test_random_data_is_no_format() -> None:
    noise = random.Random(0)
    for _ in range(20):
        with pytest.raises(AudioError, match="not audio"):
            identify(io.BytesIO(noise.randbytes(300_000)))


@given(st.binary(max_size=300), st.integers(0, 300))
def test_headers_are_parsed_from_any_bytes(data: bytes, position: int) -> None:
    frame = mpeg_frame(data, position)
    assert frame == (0, 0, 0) or (frame.length >= 20 and frame.samples and frame.rate >= 8_000)
