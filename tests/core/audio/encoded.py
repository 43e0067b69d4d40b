"""Audio files in every supported format, for the tests of decoding."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import numpy as np
import soundfile

SOUNDFILE_KINDS = (
    ("WAV", "PCM_U8"),
    ("WAV", "PCM_16"),
    ("WAV", "PCM_24"),
    ("WAV", "PCM_32"),
    ("WAV", "FLOAT"),
    ("WAV", "DOUBLE"),
    ("WAV", "ULAW"),
    ("W64", "PCM_16"),
    ("RF64", "PCM_16"),
    ("FLAC", "PCM_S8"),
    ("FLAC", "PCM_16"),
    ("FLAC", "PCM_24"),
    ("AIFF", "PCM_S8"),
    ("AIFF", "PCM_16"),
    ("AIFF", "FLOAT"),
    ("AU", "PCM_16"),
    ("AU", "FLOAT"),
    ("CAF", "PCM_16"),
)
LOSSY_KINDS = (("OGG", "VORBIS"), ("OGG", "OPUS"), ("MP3", "MPEG_LAYER_III"))
AV_KINDS = (("mp4", "aac"), ("mp4", "alac"), ("webm", "libopus"), ("adts", "aac"))

LAYOUTS = {
    1: "mono",
    2: "stereo",
    3: "3.0",
    4: "4.0",
    5: "5.0",
    6: "5.1",
    7: "6.1",
    8: "7.1",
    16: "hexadecagonal",
}


def tone(
    duration_s: float = 2.0, rate: int = 48_000, frequency: float = 440.0, level: float = 0.5
) -> np.ndarray:
    """Synthesise a sine wave [shape=(n,)] that starts at zero."""
    times = np.arange(round(duration_s * rate)) / rate
    return level * np.sin(2 * np.pi * frequency * times)


def file_bytes(samples: np.ndarray, rate: int, container: str, encoding: str) -> bytes:
    """Encode samples [shape=(n,) or (n, channels)] with libsndfile."""
    buffer = io.BytesIO()
    soundfile.write(buffer, samples, rate, encoding, format=container)
    return buffer.getvalue()


def av_bytes(
    samples: np.ndarray,
    rate: int,
    container: str,
    codec: str,
    *,
    options: dict[str, str] | None = None,
    metadata: dict[str, str] | None = None,
    seekable: bool = True,
    bit_rate: int | None = None,
) -> bytes:
    """Encode samples [shape=(n, channels)] with FFmpeg."""
    buffer = io.BytesIO() if seekable else _Pipe()
    layout = LAYOUTS[samples.shape[1]]
    with av.open(buffer, "w", format=container, options=options or {}) as output:
        output.metadata.update(metadata or {})
        # FFmpeg calls its own Vorbis encoder experimental.
        stream = output.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(samples, dtype=np.float32).reshape(1, -1),
            format="flt",
            layout=layout,
        )
        frame.sample_rate = rate
        frame.time_base = Fraction(1, rate)
        # Interleaved frames are safe to make; planar ones are not, beyond eight channels.
        planar = av.AudioResampler(format="fltp", layout=layout, rate=rate)
        for part in planar.resample(frame):
            for packet in stream.encode(part):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return buffer.getvalue()


def silent_video() -> bytes:
    """Encode a short MP4 video without an audio track."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="mp4") as output:
        stream = output.add_stream("mpeg4", rate=10)
        stream.width = stream.height = 32
        for _ in range(10):
            frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
            for packet in stream.encode(frame):
                output.mux(packet)
        for packet in stream.encode(None):
            output.mux(packet)
    return buffer.getvalue()


class _Pipe(io.BytesIO):
    """File in which the encoder cannot seek."""

    def seekable(self) -> bool:
        return False
