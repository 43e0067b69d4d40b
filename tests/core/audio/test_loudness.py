"""Loudness follows the standard; excerpts reach it without clipping, clicks or delay."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.io import Audio
from core.audio.loudness import CEILING, MAX_GAIN_DB, loudness, match_loudness
from core.constants import SAMPLE_RATE
from tests.synthetic import song_samples

MONO = -10 * np.log10(2)  # LU: a tone in one channel relative to the same tone in two
AT_MOST = CEILING * (1 + 1e-6)  # rounding to float32
MILLISECOND = SAMPLE_RATE / 1_000  # samples


def tone(
    frequency: float, seconds: float, *, level: float = 0.0, sample_rate: int = SAMPLE_RATE
) -> np.ndarray:
    """Synthesise a sine with a peak level in dBFS."""
    time = np.arange(round(seconds * sample_rate)) / sample_rate
    return (10 ** (level / 20) * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


def peak_between(samples: np.ndarray) -> float:
    return float(np.abs(scipy.signal.resample(samples.astype(float), 8 * len(samples))).max())


LOUD = Audio(tone(997, 1))


@st.composite
def overloads(draw: st.DrawFn) -> np.ndarray:
    """Draw noise with steps, spikes and a tone, much of it far beyond full scale."""
    n = draw(st.integers(1, 8_000))
    random = np.random.RandomState(draw(st.integers(0, 999)))
    samples = draw(st.floats(0, 3)) * random.standard_normal(n)
    samples += draw(st.floats(0, 3)) * np.sin(draw(st.floats(0, 3)) * np.arange(n))
    places = st.lists(st.tuples(st.integers(0, n - 1), st.floats(-9, 9)), max_size=5)
    for start, height in draw(places):
        samples[start:] += height
    for place, height in draw(places):
        samples[place] = height
    samples[np.abs(samples) < 1e-30] = 0  # denormal numbers would underflow to zero
    return samples.astype(np.float32)


@pytest.mark.parametrize("sample_rate", [22_050, 44_100, 48_000])
def test_a_full_scale_tone_has_the_loudness_of_the_standard(sample_rate: int) -> None:
    audio = Audio(tone(997, 5, sample_rate=sample_rate), sample_rate)
    assert loudness(audio) == pytest.approx(-3.01, abs=0.02)


@pytest.mark.parametrize("frequency", [30, 60, 200, 1_000, 1_600, 2_000, 4_000, 9_000])
def test_the_weighting_is_the_same_at_every_sampling_rate(frequency: float) -> None:
    # The standard specifies its filters at 48 kHz only.
    printed = loudness(Audio(tone(frequency, 5, sample_rate=48_000), 48_000))
    assert loudness(Audio(tone(frequency, 5))) == pytest.approx(printed, abs=0.07)
    audio = Audio(tone(frequency, 5, sample_rate=44_100), 44_100)
    assert loudness(audio) == pytest.approx(printed, abs=0.01)


def test_bass_counts_less_and_treble_more() -> None:
    bass, middle, treble = (loudness(Audio(tone(f, 5))) for f in (40, 997, 5_000))
    assert bass - middle == pytest.approx(-6, abs=1)
    assert treble - middle == pytest.approx(3.3, abs=0.1)


@pytest.mark.parametrize(
    "parts",
    [
        [(-23, 20)],
        [(-36, 10), (-23, 60), (-36, 10)],
        [(-72, 10), (-36, 10), (-23, 60), (-36, 10), (-72, 10)],
        [(-26, 20), (-20, 20.1), (-26, 20)],
    ],
)
def test_gating_agrees_with_the_test_signals_of_the_ebu(
    parts: list[tuple[float, float]],
) -> None:
    # EBU Tech 3341, table 1, signals 1, 3, 4 and 5: levels in dBFS and seconds.
    samples = np.concatenate([tone(1_000, seconds, level=level) for level, seconds in parts])
    assert loudness(Audio(samples)) == pytest.approx(-23 + MONO, abs=0.1)


def test_sound_below_the_absolute_gate_does_not_count() -> None:
    audible, inaudible = tone(997, 10, level=-65), tone(997, 10, level=-68)
    both = loudness(Audio(np.concatenate([audible, inaudible])))
    assert both == pytest.approx(-65 + MONO, abs=0.1)
    assert loudness(Audio(inaudible)) == -np.inf


@pytest.mark.parametrize("samples", [0, 1, 5_000, 100_000])
def test_silence_has_no_loudness_and_stays_silent(samples: int) -> None:
    silence = Audio(np.zeros(samples, dtype=np.float32))
    assert loudness(silence) == -np.inf
    result = match_loudness(silence, loudness(LOUD)).samples
    assert result.shape == (samples,)
    assert not result.any()


def test_short_audio_is_padded_with_silence_to_one_block() -> None:
    assert loudness(Audio(tone(997, 0.3))) == pytest.approx(MONO + 10 * np.log10(0.75), abs=0.05)
    assert loudness(Audio(tone(997, 0.1))) == pytest.approx(MONO + 10 * np.log10(0.25), abs=0.05)


def test_an_incomplete_block_does_not_count() -> None:
    for seconds in (0.401, 0.47, 0.499):
        assert loudness(Audio(tone(997, seconds))) == pytest.approx(MONO, abs=0.05)


@settings(max_examples=20)
@given(seed=st.integers(0, 99), level=st.floats(-20, -10), below=st.floats(0, 20))
def test_an_excerpt_becomes_as_loud_as_its_song(seed: int, level: float, below: float) -> None:
    song = Audio(np.float32(10 ** (level / 20)) * song_samples(3, seed=seed))
    high = scipy.signal.sosfilt(
        scipy.signal.butter(2, 300, "high", output="sos", fs=SAMPLE_RATE), song.samples
    )
    level = loudness(song) - below
    scaled = high * 10 ** ((level - loudness(Audio(high))) / 20)
    excerpt = Audio(scaled.astype(np.float32), name="excerpt")
    result = match_loudness(excerpt, loudness(song))
    assert loudness(result) == pytest.approx(loudness(song), abs=0.1)
    assert (result.sample_rate, result.name) == (SAMPLE_RATE, "excerpt")
    gain = np.float32(10 ** ((loudness(song) - loudness(excerpt)) / 20))
    np.testing.assert_allclose(result.samples, gain * excerpt.samples, rtol=1e-6)


def test_the_gain_is_limited_to_20_db() -> None:
    assert MAX_GAIN_DB == 20
    for level in (-30, -60, -80, -120):
        excerpt = Audio(tone(997, 1, level=level))
        np.testing.assert_array_equal(
            match_loudness(excerpt, loudness(LOUD)).samples, np.float32(10) * excerpt.samples
        )


def test_an_excerpt_below_the_gate_does_not_become_louder_than_a_quiet_song() -> None:
    excerpt, song = Audio(tone(997, 1, level=-68)), Audio(tone(997, 1, level=-60))
    assert loudness(match_loudness(excerpt, loudness(song))) < loudness(song)


@pytest.mark.parametrize("level", [-20, -120])
def test_an_excerpt_is_never_attenuated_to_a_quieter_song(level: float) -> None:
    excerpt, song = Audio(tone(997, 1, level=-10)), Audio(tone(997, 1, level=level))
    np.testing.assert_array_equal(match_loudness(excerpt, loudness(song)).samples, excerpt.samples)


@given(samples=overloads(), sample_rate=st.sampled_from([800, 8_000, SAMPLE_RATE, 48_000]))
def test_the_ceiling_is_never_exceeded(samples: np.ndarray, sample_rate: int) -> None:
    untouched = samples.copy()
    result = match_loudness(Audio(samples, sample_rate), loudness(LOUD)).samples
    np.testing.assert_array_equal(samples, untouched)
    assert result.shape == samples.shape
    assert result.dtype == np.float32
    assert np.abs(result).max() <= AT_MOST
    assert (np.sign(result) == np.sign(samples)).all()


@pytest.mark.parametrize("frequency", [SAMPLE_RATE / 4, SAMPLE_RATE / 6, 8_000])
def test_peaks_between_samples_are_limited_too(frequency: float) -> None:
    phase = 2 * np.pi * frequency / SAMPLE_RATE * (np.arange(SAMPLE_RATE) + 0.5)
    fade = np.minimum(1, np.minimum(np.arange(SAMPLE_RATE), np.arange(SAMPLE_RATE)[::-1]) / 2_000)
    samples = (fade * np.sin(phase)).astype(np.float32)
    assert peak_between(samples) > 1.05 * CEILING
    assert (
        peak_between(match_loudness(Audio(samples), loudness(Audio(samples))).samples)
        < 1.01 * CEILING
    )


@pytest.mark.parametrize("start", [0, 1_000, 1_007, 1_992])
def test_a_peak_between_samples_far_below_the_ceiling_is_limited(start: int) -> None:
    # Samples with the signs of a sinc add up to a peak between two samples.
    samples = np.zeros(2_000, dtype=np.float32)
    samples[start : start + 8] = 0.65 * CEILING * np.sign(np.sinc(np.arange(8) - 3.5))
    assert peak_between(samples) > 1.35 * CEILING
    assert (
        peak_between(match_loudness(Audio(samples), loudness(Audio(samples))).samples)
        < 1.1 * CEILING
    )


@settings(max_examples=20)
@given(seed=st.integers(0, 99), gain=st.floats(1, 8))
def test_peaks_between_samples_of_music_are_limited_too(seed: int, gain: float) -> None:
    song = np.float32(gain) * song_samples(2, seed=seed)
    low = scipy.signal.sosfiltfilt(
        scipy.signal.butter(8, 8_000, output="sos", fs=SAMPLE_RATE), song
    )
    # An abrupt end would be a click, with energy up to the Nyquist frequency.
    low = (low * scipy.signal.windows.tukey(len(low), 0.02)).astype(np.float32)
    assert peak_between(match_loudness(Audio(low), loudness(Audio(low))).samples) < 1.03 * CEILING


@given(
    spikes=st.lists(st.tuples(st.integers(2_000, 10_000), st.floats(0.01, 0.8)), min_size=1),
)
def test_the_gain_changes_smoothly_and_only_near_peaks(spikes: list[tuple[int, float]]) -> None:
    # A constant has no loudness, so the gain before the limiter is 20 dB throughout.
    samples = np.full(15_000, 0.05, dtype=np.float32)
    for place, height in spikes:
        samples[place] += height
    curve = match_loudness(Audio(samples), loudness(LOUD)).samples / (np.float32(10) * samples)
    assert curve.max() <= 1
    assert np.abs(np.diff(curve)).max() < 0.02
    peaks = np.flatnonzero(10 * samples > CEILING)
    distance = np.arange(len(samples))[:, np.newaxis] - peaks
    far = (distance < -8 * MILLISECOND) | (distance > 98 * MILLISECOND)
    np.testing.assert_array_equal(curve[far.all(axis=1)], 1)


def test_attenuation_starts_ahead_of_a_peak_and_ends_slowly() -> None:
    samples = np.full(15_000, 0.05, dtype=np.float32)
    peak = 5_000
    samples[peak] = 0.4
    curve = match_loudness(Audio(samples), loudness(LOUD)).samples / (np.float32(10) * samples)
    assert curve[peak] == pytest.approx(CEILING / 4, rel=0.01)
    after = {ms: curve[peak + round(ms * MILLISECOND)] for ms in (-6, -3, 14, 55, 97)}
    assert after[-6] == after[97] == 1
    assert curve[peak] < after[-3] < 1
    assert after[14] == pytest.approx(curve[peak])
    assert after[55] == pytest.approx(np.sqrt(curve[peak]), rel=0.05)  # half of it, in dB


def test_limiting_does_not_distort_bass() -> None:
    samples = np.float32(3) * tone(50, 2)
    result = match_loudness(Audio(samples), loudness(LOUD)).samples
    middle = slice(SAMPLE_RATE // 2, 3 * SAMPLE_RATE // 2)
    np.testing.assert_allclose(result[middle], CEILING / 3 * samples[middle], atol=1e-3)


def test_limiting_does_not_move_music_in_time() -> None:
    song = song_samples(5)
    result = match_loudness(
        Audio(np.float32(0.3) * song), loudness(Audio(np.float32(3) * song))
    ).samples
    audible = np.abs(song) > 0.01
    gain = result[audible] / song[audible]
    assert gain.min() < 0.5 * gain.max()  # parts of it were strongly limited
    correlation = scipy.signal.correlate(result, song, mode="same")
    assert correlation.argmax() == len(song) // 2


def test_processing_in_chunks_does_not_change_the_result(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    song = Audio(np.float32(3) * song_samples(4))
    level, samples = loudness(song), match_loudness(song, loudness(song)).samples
    monkeypatch.setattr("core.audio.loudness.CHUNK", 5_000)
    assert loudness(song) == pytest.approx(level, abs=1e-9)
    np.testing.assert_allclose(match_loudness(song, loudness(song)).samples, samples, atol=1e-6)
