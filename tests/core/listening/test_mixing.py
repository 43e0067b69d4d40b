"""Mixes add up, have equal loudness, and know which cells the target song dominates."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.io import Audio
from core.audio.loudness import loudness
from core.constants import SAMPLE_RATE
from core.errors import AudioError
from core.features.spectrogram import FeatureParameters, band_frequencies
from core.listening.localisation import kept_precision, mass_accuracy
from core.listening.mixing import (
    FADE_S,
    BandGate,
    Gate,
    TimeGate,
    mix_songs,
    open_cells,
    target_cells,
)
from tests.synthetic import song_samples

PARAMETERS = FeatureParameters()
TARGET = Audio(song_samples(3.0, seed=1), name="one")
OTHER = Audio(song_samples(3.2, seed=2), name="other")
EVERYTHING = TimeGate(-1.0, 10.0)
SECONDS = TimeGate(0.8, 2.0)
BANDS = BandGate(300.0, 2_000.0)


def tone(frequency: float, duration_s: float = 3.0) -> Audio:
    """A sine at -12 dBFS."""
    time = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return Audio((0.25 * np.sin(2 * np.pi * frequency * time)).astype(np.float32))


def silence(duration_s: float = 3.0) -> Audio:
    return Audio(np.zeros(round(duration_s * SAMPLE_RATE), dtype=np.float32))


@pytest.mark.parametrize("level_db", [-6.0, 0.0, 6.0])
def test_both_songs_have_the_wanted_loudness_before_one_is_muted(level_db: float) -> None:
    quiet = replace(OTHER, samples=OTHER.samples / 50)
    mix = mix_songs(TARGET, quiet, EVERYTHING, level_db=level_db)
    difference = loudness(mix.target) - loudness(mix.other)
    assert difference == pytest.approx(level_db, abs=0.01)
    muted = mix_songs(TARGET, quiet, SECONDS, level_db=level_db)
    inside = slice(round((0.8 + FADE_S) * SAMPLE_RATE), round((2.0 - FADE_S) * SAMPLE_RATE))
    ratio = muted.target.samples[inside] / np.abs(muted.other.samples).max()
    expected = mix.target.samples[inside] / np.abs(mix.other.samples).max()
    np.testing.assert_allclose(ratio, expected, atol=1e-5)


def test_the_target_is_silent_outside_its_seconds_and_fades() -> None:
    target = mix_songs(TARGET, OTHER, SECONDS).target.samples
    start, end = round(0.8 * SAMPLE_RATE), round(2.0 * SAMPLE_RATE)
    assert not target[: start + 1].any()
    assert not target[end:].any()
    fade = np.abs(target[start : start + round(FADE_S * SAMPLE_RATE / 10)])
    assert fade.max() < 0.05 * np.abs(target).max()


def test_the_target_is_silent_outside_its_bands() -> None:
    noise = Audio(np.random.default_rng(0).normal(0, 0.1, 3 * SAMPLE_RATE).astype(np.float32))
    mix = mix_songs(noise, OTHER, BANDS)
    power = np.abs(np.fft.rfft(mix.target.samples)) ** 2
    frequencies = np.fft.rfftfreq(len(mix.target.samples), 1 / SAMPLE_RATE)
    inside = (frequencies > BANDS.low_hz) & (frequencies < BANDS.high_hz)
    outside = (frequencies < BANDS.low_hz / 1.2) | (frequencies > BANDS.high_hz * 1.2)
    assert power[inside].mean() > 1e4 * power[outside].mean()


def test_the_target_owns_the_cells_of_its_tone_in_its_seconds() -> None:
    mix = mix_songs(tone(1_000), tone(4_000), TimeGate(1.0, 2.0))
    cells = target_cells(mix, PARAMETERS)[0]
    low, high = (
        int(np.abs(band_frequencies(PARAMETERS) - frequency).argmin()) for frequency in (1e3, 4e3)
    )
    times = np.arange(len(cells)) * PARAMETERS.hop_length / SAMPLE_RATE
    half_window_s = PARAMETERS.n_fft / 2 / SAMPLE_RATE
    during = (times > 1.0 + half_window_s) & (times < 2.0 - half_window_s)
    outside = (times < 1.0 - half_window_s) | (times > 2.0 + half_window_s)
    assert cells[during, low].all()
    assert not cells[:, high].any()
    assert not cells[outside].any()


def test_cells_without_sound_and_padding_belong_to_no_song() -> None:
    short = tone(1_000, 2.2)
    song = replace(
        short, samples=np.where(np.arange(len(short.samples)) < 30_000, short.samples, 0)
    )
    mix = mix_songs(song, song, EVERYTHING, level_db=1.0)
    cells = target_cells(mix, PARAMETERS)[0]
    ends = 1 + (30_000 + PARAMETERS.n_fft // 2) // PARAMETERS.hop_length
    assert cells[:ends].any()
    assert not cells[ends:].any()
    assert not open_cells(mix, PARAMETERS)[0, 1 + len(song.samples) // 915 :].any()


@pytest.mark.parametrize("gate", [SECONDS, BANDS])
def test_an_oracle_finds_the_target_and_its_opposite_does_not(gate: Gate) -> None:
    mix = mix_songs(TARGET, OTHER, gate)
    truth, inside = (cells(mix, PARAMETERS)[0] for cells in (target_cells, open_cells))
    oracle = np.where(truth, 1.0, -1.0)
    assert mass_accuracy(oracle, truth) == 1
    assert mass_accuracy(-oracle, truth) == 0
    # Muting leaves hardly any cells to the target outside its seconds or bands.
    assert kept_precision(truth, inside) > 0.9
    assert 0.05 < truth.mean() < inside.mean() < 0.6


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_the_truth_does_not_depend_on_the_sampling_rate_of_the_songs(sample_rate: int) -> None:
    song = Audio(song_samples(3.0, seed=1, sample_rate=sample_rate), sample_rate)
    mix = mix_songs(song, OTHER, SECONDS)
    assert mix.audio.sample_rate == sample_rate
    cells = target_cells(mix, PARAMETERS)
    assert cells.shape == (1, PARAMETERS.segment_frames, PARAMETERS.n_mels)
    share = open_cells(mix, PARAMETERS).mean()
    assert share == pytest.approx(1.2 / PARAMETERS.segment_s, abs=0.02)


@settings(max_examples=15)
@given(
    st.floats(0.5, 2.0),
    st.floats(0.5, 2.0),
    st.floats(0, 0.4),
    st.floats(-12, 12),
    st.booleans(),
)
def test_a_mix_is_the_sum_of_its_parts_and_as_long_as_the_shorter_song(
    first_s: float, second_s: float, start: float, level_db: float, in_time: bool
) -> None:
    one, two = Audio(song_samples(first_s, seed=3)), Audio(song_samples(second_s, seed=4))
    gate: Gate = TimeGate(start, start + 0.3) if in_time else BandGate(200 + 1000 * start, 3_000)
    mix = mix_songs(one, two, gate, level_db=level_db)
    length = min(len(one.samples), len(two.samples))
    assert len(mix.audio.samples) == len(mix.target.samples) == len(mix.other.samples) == length
    assert mix.audio.samples.dtype == np.float32
    assert np.abs(mix.audio.samples).max() <= 1
    total = mix.target.samples + mix.other.samples
    np.testing.assert_allclose(mix.audio.samples, total, atol=1e-6)
    truth = target_cells(mix, PARAMETERS)
    assert truth.shape == open_cells(mix, PARAMETERS).shape
    assert truth.dtype == bool


@pytest.mark.parametrize(
    ("target", "other", "gate", "message"),
    [
        (silence(), OTHER, SECONDS, r"^The target song is silent in this excerpt\. Choose another"),
        (TARGET, silence(), SECONDS, r"^The other song is silent in this excerpt\. Choose another"),
        (TARGET, OTHER, TimeGate(5, 6), r"^The target song is silent in the chosen seconds\."),
        (
            tone(100),
            OTHER,
            BandGate(5_000, 9_000),
            r"^The target song is silent in the chosen bands\.",
        ),
        (
            Audio(song_samples(0.3)),
            OTHER,
            SECONDS,
            r"^A song to mix \(0\.30 s\) is too short\. Use",
        ),
        (TARGET, silence(0.0), SECONDS, r"too short\. Use at least 0\.50 s\.$"),
    ],
)
def test_songs_that_cannot_be_mixed_are_refused_in_one_sentence(
    target: Audio, other: Audio, gate: Gate, message: str
) -> None:
    with pytest.raises(AudioError, match=message):
        mix_songs(target, other, gate)


def test_gates_must_be_open() -> None:
    with pytest.raises(ValueError, match="must end after they begin, not 2 to 2"):
        TimeGate(2, 2)
    with pytest.raises(ValueError, match="ascending order, not 500 to 100"):
        BandGate(500, 100)
