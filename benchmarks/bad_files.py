"""Files that nobody should have to open: damaged, mislabelled, lying, hostile, or no audio at all.

Every file is made here from a seed, so nothing has to be downloaded or stored. `files` lists them;
`benchmarks/bad_input.py` opens each one.
"""

from __future__ import annotations

import gzip
import io
import random
import zipfile
from collections.abc import Callable, Iterator
from functools import cache, partial
from typing import NamedTuple

import numpy as np

from benchmarks import bad_headers
from tests.core.audio.encoded import av_bytes, file_bytes, silent_video, tone

RATES = (8, 11.025, 16, 22.05, 24, 32, 44.1, 48, 88.2, 96, 176.4, 192, 352.8, 384)  # kHz
SOUNDFILE_SONGS = (
    *(("WAV", kind) for kind in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
    *(("WAV", kind) for kind in ("ULAW", "ALAW", "IMA_ADPCM", "MS_ADPCM", "GSM610")),
    ("WAVEX", "PCM_24"),
    ("W64", "PCM_16"),
    ("RF64", "PCM_16"),
    *(("FLAC", kind) for kind in ("PCM_S8", "PCM_16", "PCM_24")),
    *(("AIFF", kind) for kind in ("PCM_S8", "PCM_16", "FLOAT")),
    *(("AU", kind) for kind in ("PCM_16", "FLOAT", "ULAW")),
    *(("CAF", kind) for kind in ("PCM_16", "ALAC_16")),
    ("IRCAM", "PCM_16"),
    ("SVX", "PCM_16"),
    ("OGG", "VORBIS"),
    ("OGG", "OPUS"),
    ("MP3", "MPEG_LAYER_III"),
)
FFMPEG_SONGS = (
    *(("mp4", codec) for codec in ("aac", "alac", "libopus", "ac3")),
    *(("mov", codec) for codec in ("pcm_s16le", "aac")),
    ("3gp", "aac"),
    *(("webm", codec) for codec in ("libopus", "vorbis")),
    *(("matroska", codec) for codec in ("aac", "pcm_f32le")),
    *(("adts", "aac"), ("latm", "aac")),
    *(("mpegts", codec) for codec in ("aac", "ac3", "mp2")),
    ("vob", "ac3"),
    *(("avi", codec) for codec in ("mp2", "libmp3lame")),
    *(("flv", codec) for codec in ("aac", "libmp3lame")),
    *(("mp3", "libmp3lame"), ("mp2", "mp2"), ("ac3", "ac3"), ("eac3", "eac3")),
    *(("wv", "wavpack"), ("tta", "tta"), ("voc", "pcm_u8"), ("flac", "flac")),
    *(("wav", codec) for codec in ("libmp3lame", "adpcm_ima_wav", "g722")),
    ("asf", "wmav2"),
    ("amr", "libopencore_amrnb"),
)
NAMES = (
    "<img src=x onerror=alert(1)>.wav",
    "<script>alert(1)<script>.wav",
    "a'b\"c`d$(touch x);e.wav",
    "![picture](https://192.0.2.1/x.png).wav",
    "[link](javascript:alert(1)).wav",
    "$\\frac{1}{0}$ :material-home: :red[x].wav",
    "back\\slash\\..\\..\\x.wav",
    "new\nline\rreturn\ttab.wav",
    "\x1b[2J\x1b]0;title\x07\x9b31mred.wav",
    "\u202egnp.wav",
    "zero\u200bwidth\ufeff.wav",
    "surrogate\udcff.wav",
    "..wav",
    "...",
    " .wav ",
    "-rf.wav",
    "%2e%2e%2fpasswd.wav",
    "CON.wav",
    "no suffix",
    "é" * 125 + ".wav",
    "x" * 251 + ".wav",
)


class BadFile(NamedTuple):
    """A file of the corpus."""

    group: str
    name: str
    make: Callable[[], bytes]
    file_name: str = ""  # if the name itself is the danger
    large: bool = False  # more than a few megabytes, or seconds to make


@cache
def song(container: str, codec: str, seconds: float = 1.0) -> bytes:
    """Encode a short noisy tone.

    Parameters
    ----------
    container, codec : str
        One of `SOUNDFILE_SONGS` or of `FFMPEG_SONGS`.
    seconds : float > 0
        Duration.

    Returns
    -------
    bytes
        The file.
    """
    rate = 8_000 if container == "amr" else 16_000 if codec == "g722" else 48_000
    mono = tone(seconds, rate) + 0.05 * np.random.default_rng(0).standard_normal(
        round(seconds * rate)
    )
    mono_only = container in ("amr", "SVX") or codec in ("g722", "GSM610")
    samples = np.stack([mono] if mono_only else [mono, 0.5 * mono], axis=1)
    if (container, codec) in SOUNDFILE_SONGS:
        return file_bytes(samples, rate, container, codec)
    bit_rate = {"asf": 128_000, "amr": 12_200}.get(container)
    return av_bytes(samples, rate, container, codec, bit_rate=bit_rate)


def songs() -> list[tuple[str, str]]:
    """List the containers and codecs of the intact songs of which the corpus is made."""
    return [*SOUNDFILE_SONGS, *FFMPEG_SONGS]


def files() -> Iterator[BadFile]:
    """List the files of the corpus; each is made when its `make` is called."""
    yield from _of_every_format()
    yield from _rates_and_channels()
    yield from _values()
    yield from _lengths()
    yield from (BadFile("header", name, make) for name, make in bad_headers.files(song))
    yield from _other_content()
    yield from (BadFile("name", ascii(name), _wav, name) for name in NAMES)
    yield from _expensive()


def _wav() -> bytes:
    return song("WAV", "PCM_16")


def _of_every_format() -> Iterator[BadFile]:
    """Intact, truncated, damaged, mislabelled and chained songs."""
    kinds = songs()
    for number, kind in enumerate(kinds):
        whole, title = partial(song, *kind), " ".join(kind)
        other = partial(song, *kinds[(number + 7) % len(kinds)])

        def damaged(damage: Callable[[bytes], bytes], whole=whole) -> Callable[[], bytes]:  # type: ignore[no-untyped-def]
            return lambda: damage(whole())

        yield BadFile("intact", title, whole)
        for share in (0.02, 0.1, 0.5, 0.9):
            cut = partial(_cut, share=share)
            yield BadFile("truncated", f"{title} {share:.0%}", damaged(cut))
        for count in (1, 20, 500):
            yield BadFile("flipped", f"{title} {count}", damaged(partial(_flipped, count=count)))
        yield BadFile("flipped", f"{title} head", damaged(partial(_flipped, count=3, reach=64)))
        yield BadFile("mislabelled", title, whole, f"song{(('.mp3', '.wav', '.txt')[number % 3])}")
        yield BadFile("mislabelled", f"{title} head of another", damaged(partial(_head, other)))
        yield BadFile("chained", title, damaged(lambda content: 2 * content))
        yield BadFile("chained", f"{title} and another", damaged(partial(_after, other)))
        yield BadFile("gap", title, damaged(_with_gap))


def _cut(content: bytes, share: float) -> bytes:
    return content[: round(share * len(content))]


def _flipped(content: bytes, count: int, reach: int | None = None) -> bytes:
    damaged, random_ = bytearray(content), random.Random(count)
    for _ in range(count):
        damaged[random_.randrange(min(reach or len(damaged), len(damaged)))] ^= (
            1 << random_.randrange(8)
        )
    return bytes(damaged)


def _head(other: Callable[[], bytes], content: bytes) -> bytes:
    return other()[:64] + content[64:]


def _after(other: Callable[[], bytes], content: bytes) -> bytes:
    return content + other()


def _with_gap(content: bytes) -> bytes:
    third = len(content) // 3
    return content[:third] + bytes(third) + content[2 * third :]


def _rates_and_channels() -> Iterator[BadFile]:
    for kilohertz in RATES:
        rate = round(1_000 * kilohertz)
        for container, kind in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("AU", "FLOAT")):
            make = partial(file_bytes, tone(1.0, rate), rate, container, kind)
            yield BadFile("rate", f"{container} {kilohertz} kHz", make)
    for channels in range(1, 17):
        samples = np.repeat(tone(1.0)[:, np.newaxis], channels, axis=1)
        for container in ("WAV", "AIFF", "CAF", *(["FLAC"] if channels <= 8 else [])):
            make = partial(file_bytes, samples, 48_000, container, "PCM_16")
            yield BadFile("channels", f"{container} {channels}", make)
        if channels in (1, 2, 3, 4, 5, 6, 8, 16):
            yield BadFile(
                "channels", f"AAC {channels}", partial(av_bytes, samples, 48_000, "mp4", "aac")
            )
    many = np.repeat(tone(1.0, 8_000)[:, np.newaxis], 255, axis=1)
    yield BadFile("channels", "WAV 255", partial(file_bytes, many, 8_000, "WAV", "PCM_16"))


def _values() -> Iterator[BadFile]:
    for level in (np.nan, np.inf, -np.inf, 1e300, 1e38, 1e37, 1e36, 1e20, 1e9, 1e-20, 1e-40):
        for container in ("WAV", "AU", "CAF"):
            samples = tone(1.0)
            samples[1_000:1_010] = level
            make = partial(file_bytes, samples, 48_000, container, "DOUBLE")
            yield BadFile("value", f"{container} ten of {level}", make)
    for level in (1e38, 1e36, 1e9, 1e4, 1e-9):
        yield BadFile(
            "value",
            f"all of {level}",
            partial(file_bytes, level * tone(1.0), 48_000, "WAV", "FLOAT"),
        )


def _lengths() -> Iterator[BadFile]:
    for container, kind in (("WAV", "PCM_16"), ("FLAC", "PCM_16"), ("MP3", "MPEG_LAYER_III")):
        for name, samples in (
            ("no samples", tone(0.0)),
            ("10 ms", tone(0.01)),
            ("499.98 ms", tone(0.5)[:-1]),
            ("silence", 0 * tone(2.0)),
            ("constant", 0 * tone(2.0) + 0.5),
        ):
            make = partial(file_bytes, samples, 48_000, container, kind)
            yield BadFile("length", f"{container} {name}", make)
        for seconds in (899, 901):
            yield BadFile(
                "length",
                f"{container} {seconds} s",
                partial(_long, seconds, 44_100, container, kind),
                large=True,
            )
    for rate in (8_000, 44_100):
        yield BadFile(
            "length", f"FLAC silent hour {rate} Hz", partial(_silent_hour, rate), large=True
        )
    yield BadFile(
        "length", "WAV 899 s 96 kHz", partial(_long, 899, 96_000, "WAV", "PCM_16"), large=True
    )


def _long(seconds: int, rate: int, container: str, kind: str) -> bytes:
    channel = np.resize(tone(1.0, rate), seconds * rate).astype(np.float32)
    if container == "WAV":
        return file_bytes(np.stack([channel, channel], axis=1), rate, container, kind)
    # Chained, because encoding a quarter of an hour takes long.
    part = channel[: 29 * rate]
    rest = channel[: (seconds - 29 * (seconds // 29)) * rate]
    parts = [
        file_bytes(np.stack([each, each], axis=1), rate, container, kind)
        for each in (part, rest)
        if len(each)
    ]
    return seconds // 29 * parts[0] + b"".join(parts[1:])


def _silent_hour(rate: int) -> bytes:
    return file_bytes(np.zeros(3_600 * rate, np.int16), rate, "FLAC", "PCM_16")


def _other_content() -> Iterator[BadFile]:
    noise = random.Random(0)
    local, url = "/etc/passwd", "http://192.0.2.1/song.mp3"
    texts = {
        "nothing": "",
        "one letter": "x",
        "text": "I am no song.\n" * 500,
        "HTML": "<!doctype html><script>alert(1)</script>" * 50,
        "JSON": '{"song": [1, 2, 3]}',
        "subtitles": "1\n00:00:00,000 --> 00:00:09,000\nHello\n",
        "SDP": f"v=0\no=- 0 0 IN IP4 127.0.0.1\nm=audio 9 RTP/AVP 0\na=control:{url}\n",
        "metadata": ";FFMETADATA1\ntitle=song\n",
    }
    for target in (local, url, "file:///etc/passwd", "../../etc/passwd", "song.wav"):
        texts |= {
            f"M3U {target}": f"#EXTM3U\n#EXTINF:9,\n{target}\n",
            f"M3U8 {target}": f"#EXTM3U\n#EXT-X-TARGETDURATION:9\n#EXTINF:9,\n{target}\n"
            "#EXT-X-ENDLIST\n",
            f"PLS {target}": f"[playlist]\nFile1={target}\nNumberOfEntries=1\n",
            f"XSPF {target}": f'<?xml version="1.0"?><playlist><trackList><track><location>{target}'
            "</location></track></trackList></playlist>",
            f"ASX {target}": f'<asx><entry><ref href="{target}"/></entry></asx>',
            f"ffconcat {target}": f"ffconcat version 1.0\nfile '{target}'\n",
            f"DASH {target}": f"<MPD><Period><BaseURL>{target}</BaseURL></Period></MPD>",
            f"list {target}": f"{target}\n",
        }
    for name, text in texts.items():
        yield BadFile("other", name, text.encode)
    blobs: dict[str, Callable[[], bytes]] = {
        "zeros": partial(bytes, 1_000_000),
        "ones": lambda: b"\xff" * 1_000_000,
        "PDF": lambda: b"%PDF-1.7\n" + noise.randbytes(100_000),
        "PNG": partial(bad_headers.png, 64),
        "JPEG": lambda: b"\xff\xd8\xff\xe0\0\x10JFIF\0" + noise.randbytes(300_000),
        "GIF": lambda: b"GIF89a" + noise.randbytes(100_000),
        "MIDI": lambda: b"MThd\0\0\0\6\0\0\0\1\0`MTrk" + bytes(100),
        "program": lambda: b"\x7fELF\2\1\1" + noise.randbytes(300_000),
        "pickle": lambda: b"\x80\4cos\nsystem\n(S'touch x'\ntR.",
        "SQLite": lambda: b"SQLite format 3\0" + bytes(100_000),
        "ZIP of an MP3": partial(_archive, zipfile.ZIP_STORED),
        "ZIP of an MP3, compressed": partial(_archive, zipfile.ZIP_DEFLATED),
        "gzip of a WAV": lambda: gzip.compress(_wav()),
        "7z": lambda: b"7z\xbc\xaf\x27\x1c" + noise.randbytes(300_000),
        "video": silent_video,
    }
    for name, make in blobs.items():
        yield BadFile("other", name, make)
    for seed in range(10):
        yield BadFile("other", f"random {seed}", partial(_random_bytes, seed, 300_000))


def _random_bytes(seed: int, size: int) -> bytes:
    return random.Random(seed).randbytes(size)


def _archive(compression: int) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression) as archive:
        archive.writestr("song.mp3", song("MP3", "MPEG_LAYER_III", 5.0))
    return buffer.getvalue()


def _expensive() -> Iterator[BadFile]:
    """Files that once took long, or much memory."""
    junk = partial(_random_bytes, 1)
    cases: dict[str, Callable[[], bytes]] = {
        "WAV of 20 MB of junk": lambda: _wav()[:12] + junk(20_000_000),
        "WAV with 20 MB of junk chunks": lambda: _wav()[:36] + junk(20_000_000),
        "ADTS, 20 MB, damaged": lambda: _spoiled(200 * song("adts", "aac", 5.0), 40),
        "ADTS, 20 MB, badly damaged": lambda: _spoiled(200 * song("adts", "aac", 5.0), 7),
        "MP3, 20 MB, damaged": lambda: _spoiled(250 * song("MP3", "MPEG_LAYER_III", 5.0), 40),
        "FLAC, 20 MB, damaged": lambda: _spoiled(30 * song("FLAC", "PCM_16", 5.0), 1_000),
        "Ogg, 20 MB, damaged": lambda: _spoiled(250 * song("OGG", "VORBIS", 5.0), 1_000),
        "transport stream, 20 MB, damaged": lambda: _spoiled(150 * song("mpegts", "aac", 5.0), 90),
        "WebM, 20 MB, damaged": lambda: _spoiled(200 * song("webm", "libopus", 5.0), 500),
        "200 MB of ID3 headers": lambda: b"ID3\4\0\0\0\0\0\0" * 20_000_000,
        "200 MB of ID3 headers before an MP3": lambda: (
            b"ID3\4\0\0\0\0\0\0" * 20_000_000 + song("MP3", "MPEG_LAYER_III")
        ),
        "ID3 tag of 200 MB": lambda: b"ID3\4\0\0\x5f\0\0\0" + bytes(200_000_000),
        "5 000 chained Ogg streams": lambda: 5_000 * song("OGG", "VORBIS", 0.1),
        "5 000 chained FLAC files": lambda: 5_000 * song("FLAC", "PCM_16", 0.1),
        "50 MB of Ogg page marks": lambda: 12_000_000 * b"OggS",
        "50 MB of MP3 synchronisation": lambda: 25_000_000 * b"\xff\xfb",
        "50 MB of ADTS synchronisation": lambda: 25_000_000 * b"\xff\xf1",
        "50 MB of FLAC synchronisation": lambda: _flac_head() + 25_000_000 * b"\xff\xf8",
        "50 MB of empty MP4 boxes": lambda: song("mp4", "aac")[:32] + 6_000_000 * b"\0\0\0\x08free",
        "50 MB of WAV chunks": lambda: _wav()[:12] + 6_000_000 * b"junk\0\0\0\0",
        "50 MB of AIFF chunks": lambda: song("AIFF", "PCM_16")[:12] + 6_000_000 * b"JUNK\0\0\0\0",
        "cover art bomb": partial(bad_headers.with_cover, song, 16_000),
        "MP3 with changing rates": lambda: b"".join(
            bad_headers.mp3_frame(index) for index in range(40_000)
        ),
    }
    for name, make in cases.items():
        yield BadFile("expensive", name, make, large=True)


def _flac_head() -> bytes:
    return song("FLAC", "PCM_16")[:4_096]


def _spoiled(content: bytes, every: int) -> bytes:
    """Replace about one byte in so many, from the second thousand on."""
    values = np.frombuffer(content, np.uint8).copy()
    noise = np.random.default_rng(0)
    where = noise.integers(1_000, len(values), len(values) // every)
    values[where] = noise.integers(0, 256, len(where))
    return values.tobytes()
