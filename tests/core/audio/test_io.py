"""Songs are loaded as mono samples at 22 050 Hz, and audio is written to files."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from core.audio.io import (
    FORMATS,
    Audio,
    clean_name,
    encode_audio,
    load_audio,
    resample,
    save_audio,
)
from core.constants import SAMPLE_RATE
from core.errors import AudioError
from tests.core.audio.encoded import (
    AV_KINDS,
    LOSSY_KINDS,
    SOUNDFILE_KINDS,
    av_bytes,
    file_bytes,
    tone,
)


def frequency_and_level(samples: np.ndarray) -> tuple[float, float]:
    """Measure the frequency in Hz and the amplitude of a sine wave sampled at 22 050 Hz."""
    middle = samples[len(samples) // 4 : -len(samples) // 4].astype(float)
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle)), n=1 << 18))
    return (
        float(np.argmax(spectrum) * SAMPLE_RATE / (1 << 18)),
        float(np.sqrt(2 * np.mean(middle**2))),
    )


@pytest.mark.parametrize(("container", "encoding"), SOUNDFILE_KINDS)
def test_lossless_files_of_every_format_keep_the_samples(container: str, encoding: str) -> None:
    samples = tone(1.0, SAMPLE_RATE)
    audio = load_audio(file_bytes(samples, SAMPLE_RATE, container, encoding))
    step = {"PCM_U8": 1 / 127, "PCM_S8": 1 / 127, "ULAW": 0.02}.get(encoding, 1 / 32_000)
    assert audio.samples.dtype == np.float32
    assert audio.samples.flags["C_CONTIGUOUS"]
    assert audio.sample_rate == SAMPLE_RATE
    np.testing.assert_allclose(audio.samples, samples, atol=step)


@pytest.mark.parametrize(("container", "encoding"), LOSSY_KINDS)
def test_lossy_files_keep_frequency_level_and_length(container: str, encoding: str) -> None:
    stereo = np.stack([tone(), tone()], axis=1)
    audio = load_audio(file_bytes(stereo, 48_000, container, encoding))
    frequency, level = frequency_and_level(audio.samples)
    assert frequency == pytest.approx(440, abs=0.5)
    assert level == pytest.approx(0.5, rel=0.03)
    assert audio.duration_s == pytest.approx(2.0, abs=0.001)


@pytest.mark.parametrize(("container", "codec"), AV_KINDS)
def test_m4a_webm_and_aac_keep_frequency_level_and_length(container: str, codec: str) -> None:
    stereo = np.stack([tone(), tone()], axis=1)
    audio = load_audio(av_bytes(stereo, 48_000, container, codec))
    frequency, level = frequency_and_level(audio.samples)
    assert frequency == pytest.approx(440, abs=0.5)
    assert level == pytest.approx(0.5, rel=0.03)
    assert audio.duration_s == pytest.approx(2.0, abs=0.03)  # AAC comes in frames of 21 ms


def test_resampling_from_48_khz_shifts_nothing_in_time() -> None:
    stereo = np.stack([tone(), 0.5 * tone()], axis=1)
    audio = load_audio(file_bytes(stereo, 48_000, "WAV", "PCM_16"))
    expected = 0.75 * tone(rate=SAMPLE_RATE)
    assert audio.samples.shape == expected.shape
    np.testing.assert_allclose(audio.samples[200:-200], expected[200:-200], atol=2e-4)


def test_64_bit_integers_are_read() -> None:
    stereo = np.stack([tone(), tone()], axis=1)
    audio = load_audio(av_bytes(stereo, 48_000, "wav", "pcm_s64le"))
    assert frequency_and_level(audio.samples)[1] == pytest.approx(0.5, rel=0.001)


def test_frequencies_above_the_new_nyquist_frequency_do_not_alias() -> None:
    audible, inaudible = tone(1.0), tone(1.0, frequency=15_000)
    audio = load_audio(file_bytes(audible + 0.9 * inaudible, 48_000, "WAV", "FLOAT"))
    spectrum = np.abs(np.fft.rfft(audio.samples * np.hanning(len(audio.samples))))
    assert spectrum[SAMPLE_RATE - 15_000 - 20 : SAMPLE_RATE - 15_000 + 20].max() < 1e-4 * max(
        spectrum
    )


@given(
    rate=st.sampled_from([8_000, 11_025, 16_000, 22_050, 22_051, 32_000, 44_100, 48_000, 192_000]),
    channels=st.integers(1, 8),
    kind=st.sampled_from(
        [("WAV", "PCM_16"), ("WAV", "PCM_24"), ("FLAC", "PCM_16"), ("AU", "FLOAT")]
    ),
    duration_s=st.floats(0.5, 1.5),
)
def test_any_rate_channels_and_length_keep_length_and_level(
    rate: int, channels: int, kind: tuple[str, str], duration_s: float
) -> None:
    duration_s += 1 / rate  # rounding must not make it one sample too short
    mono = tone(duration_s, rate)
    samples = mono[:, np.newaxis] * np.linspace(1, 0.5, channels)
    audio = load_audio(file_bytes(samples, rate, *kind))
    assert len(audio.samples) == -(-len(mono) * SAMPLE_RATE // rate)
    assert np.abs(audio.samples).max() <= 1
    amplitude = 0.5 * float(np.mean(np.linspace(1, 0.5, channels)))
    assert frequency_and_level(audio.samples)[1] == pytest.approx(amplitude, rel=0.02)


@given(seed=st.integers(0, 1 << 30), level=st.floats(1e-3, 1), length=st.integers(11_025, 30_000))
def test_lossless_round_trips_are_exact_to_half_a_step(
    seed: int, level: float, length: int
) -> None:
    random = np.random.default_rng(seed)
    audio = Audio(random.uniform(-level, level, length).astype(np.float32))
    for kind in ("WAV", "FLAC"):
        back = load_audio(encode_audio(audio, kind))
        step = 1 / 32_768
        np.testing.assert_allclose(
            back.samples, audio.samples.clip(-1, 1 - step), atol=0.501 * step
        )
        assert encode_audio(back, kind) == encode_audio(audio, kind)


def test_encoding_adds_no_constant_offset() -> None:
    noise = np.random.default_rng(0).uniform(-0.5, 0.5, 1 << 18).astype(np.float32)
    back = load_audio(encode_audio(Audio(noise), "WAV"))
    assert abs(float(np.mean(back.samples - noise))) < 0.01 / 32_768


@pytest.mark.parametrize("kind", FORMATS)
def test_encoding_saturates_instead_of_wrapping_around(kind: str) -> None:
    loud = Audio((4 * tone(1.0, SAMPLE_RATE)).astype(np.float32))
    back = load_audio(encode_audio(loud, kind))
    inside = np.abs(loud.samples) > 1.5
    assert (np.sign(back.samples[: len(inside)][inside]) == np.sign(loud.samples[inside])).all()
    assert np.abs(back.samples[: len(inside)][inside]).min() > 0.5


@pytest.mark.parametrize("kind", FORMATS)
def test_every_format_keeps_length_and_level(kind: str) -> None:
    audio = Audio(tone(3.0, SAMPLE_RATE).astype(np.float32))
    back = load_audio(encode_audio(audio, kind))
    frequency, level = frequency_and_level(back.samples)
    assert len(back.samples) == len(audio.samples)
    assert frequency == pytest.approx(440, abs=0.5)
    assert level == pytest.approx(0.5, rel=0.02)


def test_long_vorbis_files_are_written() -> None:
    noise = np.random.default_rng(0).standard_normal(180 * SAMPLE_RATE).astype(np.float32) * 0.1
    content = encode_audio(Audio(noise), "OGG")
    assert soundfile.info(io.BytesIO(content)).frames == len(noise)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_nan_and_infinity_are_not_written(value: float) -> None:
    samples = tone(1.0, SAMPLE_RATE).astype(np.float32)
    samples[5] = value
    with pytest.raises(AudioError, match="NaN or infinity"):
        encode_audio(Audio(samples))


def test_an_unknown_format_is_rejected_with_a_list_of_the_known_ones() -> None:
    with pytest.raises(AudioError, match=r"'XYZ'\. Choose one of: FLAC, WAV, MP3, OGG"):
        encode_audio(Audio(np.zeros(9, np.float32)), "XYZ")


def test_a_sampling_rate_that_the_format_does_not_support_is_rejected() -> None:
    with pytest.raises(AudioError, match=r"MP3 does not support 22051 Hz\. Choose FLAC"):
        encode_audio(Audio(np.zeros(9, np.float32), 22_051), "MP3")


def test_saved_songs_are_loaded_again(tmp_path: Path) -> None:
    audio = Audio(tone(1.0, SAMPLE_RATE).astype(np.float32))
    for suffix in (".wav", ".flac", ".mp3", ".ogg"):
        path = tmp_path / "new folder" / f"song{suffix}"
        save_audio(audio, path)
        again = load_audio(path)
        assert again.name == path.name
        assert again.duration_s == audio.duration_s
    assert len(list((tmp_path / "new folder").iterdir())) == 4


def test_a_song_is_not_saved_under_a_name_without_a_known_suffix(tmp_path: Path) -> None:
    with pytest.raises(AudioError, match="Choose one of: FLAC, WAV"):
        save_audio(Audio(np.zeros(9, np.float32)), tmp_path / "song.txt")
    assert list(tmp_path.iterdir()) == []


def test_a_destination_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(AudioError, match=r"song\.wav cannot be written"):
        save_audio(Audio(np.zeros(9, np.float32)), tmp_path / "file" / "song.wav")


def test_paths_bytes_and_file_objects_give_the_same_song(tmp_path: Path) -> None:
    content = file_bytes(tone(), 48_000, "WAV", "PCM_16")
    path = tmp_path / "Späte Bahn.wav"
    path.write_bytes(content)
    read_to_its_end = io.BytesIO(content)
    read_to_its_end.read()
    with path.open("rb") as stream:
        songs = [
            load_audio(source)
            for source in (path, str(path), content, memoryview(content), stream, read_to_its_end)
        ]
    assert [song.name for song in songs] == [
        path.name,
        path.name,
        "song",
        "song",
        path.name,
        "song",
    ]
    for song in songs:
        np.testing.assert_array_equal(song.samples, songs[0].samples)


def test_streams_that_cannot_seek_are_read() -> None:
    content = file_bytes(tone(), 48_000, "FLAC", "PCM_16")

    class Stream(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def seek(self, *_: int) -> int:
            raise OSError("not seekable")

    assert load_audio(Stream(content)).duration_s == pytest.approx(2.0)


def test_the_format_is_detected_by_content_not_by_suffix(tmp_path: Path) -> None:
    for suffix in (".raw", ".mp3", ".txt", ""):
        path = tmp_path / f"song{suffix}"
        path.write_bytes(file_bytes(tone(), 48_000, "FLAC", "PCM_16"))
        assert load_audio(path).duration_s == 2.0


def test_another_sampling_rate_can_be_requested() -> None:
    audio = load_audio(file_bytes(tone(), 48_000, "WAV", "PCM_16"), sample_rate=16_000)
    assert audio.sample_rate == 16_000
    assert len(audio.samples) == 32_000


def test_resampling_keeps_frequency_level_and_name() -> None:
    audio = Audio(tone(2.0, 48_000).astype(np.float32), 48_000, "tone")
    result = resample(audio, SAMPLE_RATE)
    assert (result.sample_rate, result.name) == (SAMPLE_RATE, "tone")
    assert result.duration_s == pytest.approx(2.0, abs=1e-4)
    frequency, level = frequency_and_level(result.samples)
    assert frequency == pytest.approx(440, abs=0.5)
    assert level == pytest.approx(0.5, rel=0.001)
    assert resample(audio, 48_000) is audio


def test_resampling_does_not_overshoot_full_scale() -> None:
    square = Audio(np.sign(tone(1.0, 48_000, level=1.0)).astype(np.float32), 48_000)
    assert np.abs(resample(square, SAMPLE_RATE).samples).max() == 1


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("song.mp3", "song.mp3"),
        ("/etc/../passwd", "passwd"),
        ("C:\\Music\\song.mp3", "song.mp3"),
        ("so\x00ng\x1b[31m\u202e.mp3", "song[31m.mp3"),
        ("a\nb\u2028c.mp3", "a b c.mp3"),
        ("..", "song"),
        ("", "song"),
        ("\ud800", "song"),
        ("folder/", "folder"),
        ("x" * 300 + ".flac", "x" * 95 + ".flac"),
    ],
)
def test_names_are_reduced_to_a_safe_file_name(name: str, expected: str) -> None:
    assert clean_name(name) == expected


@given(st.text(max_size=300))
def test_every_cleaned_name_is_safe(name: str) -> None:
    cleaned = clean_name(name)
    assert 1 <= len(cleaned) <= 100
    assert cleaned.isprintable()
    assert "/" not in cleaned
    assert "\\" not in cleaned
    assert cleaned.strip(". ")
    cleaned.encode()
    assert clean_name(cleaned) == cleaned
