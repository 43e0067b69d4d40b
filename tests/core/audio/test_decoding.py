"""Anything but a song of acceptable length is rejected with a clear message, in bounded memory."""

from __future__ import annotations

import io
import random
import re
import struct
import subprocess
import sys
import tracemalloc
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.decoding import in_words
from core.audio.io import load_audio
from core.constants import PROJECT_DIR
from core.errors import AudioError
from tests.core.audio.encoded import (
    AV_KINDS,
    LOSSY_KINDS,
    SOUNDFILE_KINDS,
    av_bytes,
    file_bytes,
    silent_video,
    tone,
)

FURTHER_KINDS = (
    ("mp3", "libmp3lame"),
    ("mp2", "mp2"),
    ("ac3", "ac3"),
    ("mpegts", "aac"),
    ("vob", "ac3"),
    ("latm", "aac"),
    ("avi", "mp2"),
    ("flv", "aac"),
    ("mov", "pcm_s16le"),
    ("wv", "wavpack"),
    ("tta", "tta"),
    ("caf", "alac"),
    ("voc", "pcm_u8"),
    ("wav", "adpcm_ms"),
)
TRUNCATED = r"truncated.*\. Use the complete file"


def stereo(duration_s: float = 4.0) -> np.ndarray:
    """Synthesise a noisy tone [shape=(n, 2)] at 48 kHz, which no encoder compresses well."""
    noise = np.random.default_rng(0).standard_normal((round(duration_s * 48_000), 2))
    return tone(duration_s)[:, np.newaxis] + 0.05 * noise


def with_declared_frames(content: bytes, frames: int) -> bytes:
    """Change the number of frames that the header of a FLAC file declares; 0 means unknown."""
    field = int.from_bytes(content[18:26], "big")
    return content[:18] + (field >> 36 << 36 | frames).to_bytes(8, "big") + content[26:]


@pytest.mark.parametrize(
    ("samples", "rate", "sentence"),
    [
        (tone(0.3), 48_000, "(0.30 s) is too short to classify. Use at least 0.50 s."),
        (tone()[:1], 48_000, "too short"),
        (tone()[:0], 48_000, "contains no audio"),
        (0 * tone(), 48_000, "silent"),
        (tone(level=2e-5), 48_000, "silent"),
        (np.stack([tone(), -tone()], axis=1), 48_000, "cancel each other out"),
        (np.where(tone() > 0.4, np.nan, tone()), 48_000, "not numbers"),
        (np.where(tone() > 0.4, -np.inf, tone()), 48_000, "not numbers"),
        (1e300 * tone(), 48_000, "not numbers"),
        (1e37 * tone(), 48_000, "implausibly large values (5e+36 times full scale)"),
        (tone(0.4999), 48_000, "(0.49 s) is too short to classify. Use at least 0.50 s."),
        (tone(), 999, "implausible sampling rate (999 Hz)"),
        (tone(), 2_000_000_000, "implausible sampling rate (2000000000 Hz)"),
    ],
)
def test_recordings_without_usable_sound_are_rejected(
    samples: np.ndarray, rate: int, sentence: str
) -> None:
    with pytest.raises(AudioError, match=re.escape(sentence)):
        load_audio(file_bytes(samples, rate, "WAV", "DOUBLE"))


def test_quiet_recordings_are_not_silent() -> None:
    audio = load_audio(file_bytes(tone(level=2e-4), 48_000, "WAV", "PCM_24"))
    assert np.abs(audio.samples).max() == pytest.approx(2e-4, rel=0.01)


def test_floats_on_an_integer_scale_are_normalised() -> None:
    audio = load_audio(file_bytes(32_767 * tone(), 48_000, "WAV", "FLOAT"))
    assert np.abs(audio.samples).max() == pytest.approx(1, rel=1e-3)
    assert np.sqrt(np.mean(audio.samples**2)) == pytest.approx(np.sqrt(0.5), rel=1e-3)


def test_overshoots_are_clipped() -> None:
    audio = load_audio(file_bytes(tone(level=1.5), 48_000, "WAV", "FLOAT"))
    assert np.abs(audio.samples).max() == 1
    assert np.mean(np.abs(audio.samples) == 1) > 0.4


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "is empty"),
        (b"hello, this is a letter and no song", "not audio"),
        (b"\x89PNG\r\n\x1a\n" + bytes(500), "not audio"),
        (b"#EXTM3U\n#EXTINF:6.0,\n/etc/passwd\n#EXT-X-ENDLIST\n", "not audio"),
        (b"ffconcat version 1.0\nfile '/etc/passwd'\n", "not audio"),
        (bytes(100_000), "not audio"),
    ],
)
def test_files_other_than_audio_are_rejected(content: bytes, sentence: str) -> None:
    with pytest.raises(AudioError, match=re.escape(sentence)):
        load_audio(content)


def test_a_playlist_opens_no_other_file(tmp_path: Path) -> None:
    (tmp_path / "part.ts").write_bytes(av_bytes(stereo(), 48_000, "mpegts", "aac"))
    play_list = tmp_path / "list.m3u8"
    play_list.write_text(
        f"#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\n{tmp_path}/part.ts\n#EXT-X-ENDLIST\n"
    )
    assert load_audio(tmp_path / "part.ts").duration_s == pytest.approx(4, abs=0.1)
    with pytest.raises(AudioError, match="not audio"):
        load_audio(play_list)


def test_a_video_without_sound_is_rejected() -> None:
    with pytest.raises(AudioError, match="video but no sound"):
        load_audio(silent_video())


def test_missing_files_and_folders_have_their_own_messages(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="does not exist"):
        load_audio(tmp_path / "missing.mp3")
    with pytest.raises(AudioError, match="is a folder"):
        load_audio(tmp_path)
    with pytest.raises(AudioError, match=r"cannot be opened \(embedded null byte\)"):
        load_audio("nul\0byte.mp3")
    with pytest.raises(AudioError, match=r"cannot be opened \(File name too long\)\. Check"):
        load_audio("x" * 5_000)


def test_read_errors_are_reported_with_their_reason(capfd: pytest.CaptureFixture[str]) -> None:
    content = file_bytes(tone(), 48_000, "WAV", "PCM_16")

    class Unplugged(io.BytesIO):
        def read(self, size: int | None = -1) -> bytes:
            if self.tell() > 10_000:
                raise OSError("the disk was unplugged")
            return super().read(size)

    closed = io.BytesIO(content)
    closed.close()
    for broken, reason in (
        (Unplugged(content), "unplugged"),
        (closed, "closed"),
        (io.StringIO("letters" * 100), "text"),
        (None, "NoneType"),
    ):
        with pytest.raises(AudioError, match=reason):
            load_audio(broken)  # type: ignore[arg-type]
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("container", "encoding"), [*SOUNDFILE_KINDS[1:10], ("AIFF", "PCM_16"), ("AU", "PCM_16")]
)
def test_half_a_lossless_file_is_rejected(container: str, encoding: str) -> None:
    content = file_bytes(stereo(), 48_000, container, encoding)
    with pytest.raises(AudioError, match=TRUNCATED):
        load_audio(content[: len(content) // 2])


@pytest.mark.parametrize(("container", "encoding"), LOSSY_KINDS)
def test_half_a_lossy_file_is_rejected(container: str, encoding: str) -> None:
    content = file_bytes(stereo(), 48_000, container, encoding)
    with pytest.raises(AudioError, match=TRUNCATED):
        load_audio(content[: len(content) // 2])


@pytest.mark.parametrize(("container", "codec"), AV_KINDS[:3])
@pytest.mark.parametrize("options", [{}, {"movflags": "frag_keyframe+empty_moov"}])
def test_half_an_m4a_or_webm_file_is_rejected(
    container: str, codec: str, options: dict[str, str]
) -> None:
    content = av_bytes(stereo(), 48_000, container, codec, options=options)
    with pytest.raises(AudioError, match=TRUNCATED):
        load_audio(content[: len(content) // 2])


def test_a_file_that_lacks_only_its_last_bytes_is_read() -> None:
    for container, encoding in (("WAV", "PCM_16"), ("AIFF", "PCM_16"), ("MP3", "MPEG_LAYER_III")):
        content = file_bytes(stereo(), 48_000, container, encoding)
        assert load_audio(content[:-100]).duration_s == pytest.approx(4, abs=0.06)


def test_a_tag_after_the_end_is_ignored() -> None:
    tag = b"TAG" + b"a title".ljust(125)
    for content in (
        file_bytes(stereo(), 48_000, "WAV", "PCM_16"),
        file_bytes(stereo(), 48_000, "OGG", "VORBIS"),
        file_bytes(stereo(), 48_000, "MP3", "MPEG_LAYER_III"),
        av_bytes(stereo(), 48_000, "mp4", "aac"),
    ):
        assert load_audio(content + tag).duration_s == pytest.approx(4, abs=0.05)


@pytest.mark.parametrize("channels", [1, 2, 6, 16])
def test_every_number_of_channels_is_mixed_to_mono(channels: int) -> None:
    samples = np.repeat(tone(2.0)[:, np.newaxis], channels, axis=1)
    audio = load_audio(av_bytes(samples, 48_000, "mp4", "aac"))
    assert audio.duration_s == pytest.approx(2, abs=0.1)
    assert np.std(audio.samples) == pytest.approx(0.5 / np.sqrt(2), rel=0.2)  # LFE loses the tone


def test_cover_art_is_not_decoded(tmp_path: Path) -> None:
    """Cover art of 16 000 by 16 000 pixels would take 750 MB of memory."""
    pixels = 16_000
    packer = zlib.compressobj()
    rows = [packer.compress(bytes(1 + 3 * pixels)) for _ in range(pixels)]

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = zlib.crc32(kind + data).to_bytes(4, "big")
        return len(data).to_bytes(4, "big") + kind + data + check

    header = struct.pack(">IIBBBBB", pixels, pixels, 8, 2, 0, 0, 0)
    picture = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header)
    picture += chunk(b"IDAT", b"".join(rows) + packer.flush()) + chunk(b"IEND", b"")
    body = b"\0image/png\0\3\0" + picture
    frame = b"APIC" + len(body).to_bytes(4, "big") + bytes(2) + body
    sizes = bytes(len(frame) >> shift & 0x7F for shift in (21, 14, 7, 0))
    mp3 = av_bytes(stereo(), 48_000, "mp3", "libmp3lame", seekable=False)
    file = tmp_path / "covers.mp3"
    file.write_bytes(b"ID3\3\0\0" + sizes + frame + mp3)
    # In a process of its own: a process never reports less memory than it once had.
    script = (
        "import resource, sys; from core.audio.io import load_audio; "
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = peak(); "
        "print(load_audio(sys.argv[1]).duration_s, peak() - before)"
    )
    command = [sys.executable, "-c", script, str(file)]
    done = subprocess.run(command, cwd=PROJECT_DIR, capture_output=True, text=True, check=True)
    duration_s, grown_kb = map(float, done.stdout.split())
    assert duration_s == pytest.approx(4, abs=0.1)
    assert grown_kb < 300_000


def test_tags_in_another_encoding_and_large_cover_art_are_ignored() -> None:
    mp3 = av_bytes(stereo(), 48_000, "mp3", "libmp3lame", seekable=False)
    latin = b"TPE1" + (9).to_bytes(4, "big") + b"\0\0" + b"\3Bj\xf6rk\xff\xfe\xfd"
    picture = (
        b"APIC" + (200_000).to_bytes(4, "big") + bytes(2) + random.Random(0).randbytes(200_000)
    )
    size = len(latin) + len(picture)
    sizes = bytes(size >> shift & 0x7F for shift in (21, 14, 7, 0))
    tagged = b"ID3\3\0\0" + sizes + latin + picture + mp3
    assert load_audio(tagged).duration_s == pytest.approx(4, abs=0.1)


@pytest.mark.parametrize(
    ("container", "codec"), [("mp3", "libmp3lame"), ("flac", "flac"), ("webm", "libopus")]
)
def test_files_without_a_declared_length_are_read_to_the_end(container: str, codec: str) -> None:
    fading = np.linspace(1, 0.1, 12 * 48_000)[:, np.newaxis] * stereo(12)
    options = {"write_xing": "0"} if container == "mp3" else {}
    content = av_bytes(fading, 48_000, container, codec, options=options, seekable=False)
    assert load_audio(content).duration_s == pytest.approx(12, abs=0.1)
    with pytest.raises(AudioError, match=r"is 12\.\d s long; the limit is 5\.0 s"):
        load_audio(content, max_duration_s=5)


def test_variable_bit_rate_without_a_declared_length_is_read_to_the_end() -> None:
    # The first frame is silent and small, so a length estimated from it is wrong by far.
    samples = np.concatenate([np.zeros((48_000, 2)), stereo(6)])
    content = av_bytes(
        samples, 48_000, "mp3", "libmp3lame", options={"write_xing": "0"}, seekable=False
    )
    assert load_audio(content).duration_s == pytest.approx(7, abs=0.1)


def test_one_damaged_packet_is_tolerated_and_many_are_not() -> None:
    content = bytearray(av_bytes(stereo(), 48_000, "adts", "aac"))
    content[5_000:5_040] = bytes(40)
    assert load_audio(bytes(content)).duration_s == pytest.approx(4, abs=0.2)
    noise = random.Random(0)
    for position in range(2_000, len(content), 50):
        content[position] = noise.randrange(256)
    with pytest.raises(AudioError):
        load_audio(bytes(content))


@pytest.mark.parametrize(
    ("container", "encoding"), [("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")]
)
def test_a_song_that_is_too_long_is_rejected_with_its_length(container: str, encoding: str) -> None:
    long = np.resize(tone(1.0, 8_000, level=0.5), 16 * 60 * 8_000 + 8_000)
    content = file_bytes(long, 8_000, container, encoding)
    with pytest.raises(AudioError, match="16 min 1 s long; the limit is 15 min"):
        load_audio(content)


def test_a_song_that_is_a_little_too_long_is_not_said_to_be_as_long_as_the_limit() -> None:
    content = file_bytes(tone(60.2, 8_000), 8_000, "WAV", "PCM_16")
    with pytest.raises(AudioError, match="1 min 1 s long; the limit is 1 min"):
        load_audio(content, max_duration_s=60)


@pytest.mark.parametrize(
    ("seconds", "rounding", "words"),
    [
        (0.4999, "down", "0.49 s"),
        (0.4999, "nearest", "0.50 s"),
        (59.96, "nearest", "1 min"),
        (59.91, "up", "1 min"),
        (900.004, "up", "15 min 1 s"),
        (900.0000000001, "up", "15 min"),
        (3_600, "nearest", "1 h"),
    ],
)
def test_durations_are_rounded_as_a_sentence_needs(
    seconds: float, rounding: Literal["nearest", "down", "up"], words: str
) -> None:
    assert in_words(seconds, rounding) == words


@pytest.mark.parametrize(
    ("container", "encoding"), [*SOUNDFILE_KINDS, *LOSSY_KINDS, *AV_KINDS, *FURTHER_KINDS]
)
def test_chained_recordings_are_decoded_whole_or_refused(container: str, encoding: str) -> None:
    write = file_bytes if container.isupper() else av_bytes
    first, second = (write(stereo(seconds), 48_000, container, encoding) for seconds in (1.0, 3.0))
    try:
        audio = load_audio(first + second)
    except AudioError as error:
        sentence = str(error)
        assert "continues after the" in sentence or "damaged" in sentence
    else:
        assert audio.duration_s == pytest.approx(4, abs=0.15)


@pytest.mark.parametrize("container", ["WAV", "AIFF", "AU", "CAF"])
def test_a_header_that_declares_too_little_is_refused(container: str) -> None:
    short = file_bytes(stereo(1.0), 48_000, container, "PCM_16")
    audio = file_bytes(stereo(5.0), 48_000, "AU", "PCM_16")[24:]
    with pytest.raises(AudioError, match="continues after the end that its header declares"):
        load_audio(short + audio)


def test_a_flac_header_that_declares_too_little_is_ignored() -> None:
    content = file_bytes(stereo(6.0), 48_000, "FLAC", "PCM_16")
    assert load_audio(with_declared_frames(content, 48_000)).duration_s == 6.0


def test_chunks_tags_and_padding_after_the_audio_are_no_audio() -> None:
    content = file_bytes(stereo(1.0), 48_000, "WAV", "PCM_16")
    cover = random.Random(0).randbytes(50_000)
    chunk = b"id3 " + len(cover).to_bytes(4, "little") + cover
    whole = b"RIFF" + (len(content) - 8 + len(chunk)).to_bytes(4, "little") + content[8:] + chunk
    padding = bytes(30_000)
    for tagged in (
        whole,
        content + chunk,
        content + padding,
        content + b"ID3\4\0\0\0\3\0\0" + cover,
    ):
        assert load_audio(tagged).duration_s == 1.0


def test_an_implausible_length_is_not_repeated() -> None:
    content = file_bytes(stereo(6.0), 48_000, "FLAC", "PCM_16")
    with pytest.raises(AudioError, match="its header declares an implausible length"):
        load_audio(with_declared_frames(content, (1 << 36) - 1))


def test_decoders_write_nothing_to_standard_error(capfd: pytest.CaptureFixture[str]) -> None:
    noise = random.Random(0)
    for container, encoding in LOSSY_KINDS:
        content = bytearray(file_bytes(stereo(), 48_000, container, encoding))
        for position in range(2_000, len(content), 200):
            content[position] = noise.randrange(256)
        with suppress(AudioError):
            load_audio(bytes(content))
        with suppress(AudioError):
            load_audio(bytes(content[500:]))
    assert capfd.readouterr().err == ""


def test_a_song_of_exactly_the_limit_is_accepted() -> None:
    content = file_bytes(tone(3.0, 44_100), 44_100, "FLAC", "PCM_16")
    assert load_audio(content, max_duration_s=3.0).duration_s == 3.0
    with pytest.raises(AudioError, match=r"3\.0 s long; the limit is"):
        load_audio(content, max_duration_s=2.999)


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_is_not_positive_is_rejected(limit: float) -> None:
    with pytest.raises(AudioError, match="max_duration_s"):
        load_audio(file_bytes(tone(), 48_000, "WAV", "PCM_16"), max_duration_s=limit)


@pytest.mark.parametrize("rate", [0, -22_050])
def test_a_sampling_rate_that_is_not_positive_is_rejected(rate: int) -> None:
    with pytest.raises(AudioError, match="sample_rate must be positive"):
        load_audio(file_bytes(tone(), 48_000, "WAV", "PCM_16"), sample_rate=rate)


def test_a_declared_length_only_serves_to_reject_a_song_early() -> None:
    content = file_bytes(tone(60.0, 8_000), 8_000, "FLAC", "PCM_16")
    with pytest.raises(AudioError, match="16 min 40 s long"):
        load_audio(with_declared_frames(content, 1_000 * 8_000))
    with pytest.raises(AudioError, match="is 1 min long; the limit is 20"):
        load_audio(with_declared_frames(content, 0), max_duration_s=20)


def test_a_decompression_bomb_is_rejected_before_it_fills_memory() -> None:
    hours = file_bytes(np.zeros(2 * 3_600 * 8_000, np.int16), 8_000, "FLAC", "PCM_16")
    bomb = with_declared_frames(hours, 0)
    assert len(bomb) < 2_000_000
    tracemalloc.start()
    with pytest.raises(AudioError, match="long; the limit is 1 min"):
        load_audio(bomb, max_duration_s=60)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 30_000_000  # a minute at 22 050 Hz is 5 MB; two hours are 635 MB


@settings(max_examples=200)
@given(
    head=st.sampled_from(
        [b"", b"RIFF", b"fLaC", b"OggS", b"ID3\3", b"\xff\xfb", b".snd", b"FORM", b"\x1aE\xdf\xa3"]
    ),
    body=st.binary(max_size=2_000),
)
def test_random_bytes_raise_nothing_but_audio_error(head: bytes, body: bytes) -> None:
    with pytest.raises(AudioError):
        load_audio(head + body)


@settings(max_examples=150)
@given(data=st.data())
def test_damaged_files_give_a_song_or_an_error_message(
    data: st.DataObject, songs: dict[str, bytes]
) -> None:
    content = bytearray(songs[data.draw(st.sampled_from(sorted(songs)))])
    for _ in range(data.draw(st.integers(1, 4))):
        reach = data.draw(st.sampled_from([64, 1_000, len(content)]))
        position = data.draw(st.integers(0, reach - 1))
        content[position] = data.draw(st.integers(0, 255))
    try:
        audio = load_audio(bytes(content[: data.draw(st.integers(1, len(content)))]))
    except AudioError as error:
        sentence = str(error)
        assert sentence.endswith(".")
        assert "\n" not in sentence
    else:
        assert np.isfinite(audio.samples).all()
        assert np.abs(audio.samples).max() <= 1


@pytest.fixture(scope="module")
def songs() -> dict[str, bytes]:
    """Provide one short song in every file format."""
    by_kind = {
        f"{container} {encoding}": file_bytes(stereo(1), 48_000, container, encoding)
        for container, encoding in (*SOUNDFILE_KINDS, *LOSSY_KINDS)
    }
    for container, codec in (*AV_KINDS, ("mp3", "libmp3lame"), ("flac", "flac")):
        content = av_bytes(stereo(1), 48_000, container, codec, seekable=container == "mp4")
        by_kind[f"{container} {codec}"] = content
    return by_kind
