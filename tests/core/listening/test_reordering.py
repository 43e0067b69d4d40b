"""Segments in another order: cut at the edges of frames, without clicks, and analysed as played."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio
from core.constants import SAMPLE_RATE
from core.features.frame_order import CHUNKS, reversed_order, seeded_order
from core.features.spectrogram import FeatureParameters, logmel
from core.listening.reordering import (
    FADE_S,
    mel_peaks,
    probabilities_within,
    reordered_audio,
    reversed_audio,
    segment_audio,
)
from core.models.spectrogram_models import SpectrogramModel

PARAMETERS = FeatureParameters()
HOP = PARAMETERS.hop_length
FADE = round(FADE_S * SAMPLE_RATE)


def test_the_original_order_leaves_the_song_as_it_is(song: Audio) -> None:
    same = reordered_audio(song, PARAMETERS, 72, np.arange(72))
    inner = slice(72 * HOP, 143 * HOP)
    np.testing.assert_array_equal(same.samples[inner], song.samples[inner])
    assert same.sample_rate == song.sample_rate


@pytest.mark.parametrize("start", [0, 72])
@pytest.mark.parametrize("chunk", CHUNKS)
def test_the_chunks_of_the_waveform_are_those_of_the_frames(
    song: Audio, start: int, chunk: int
) -> None:
    order = seeded_order(72, chunk)
    found = reordered_audio(song, PARAMETERS, start, order)
    assert found.samples.shape == song.samples.shape
    assert found.samples.dtype == np.float32
    for place, frame in enumerate(order[1:-1], start=1):
        middle = slice(-HOP // 2 + FADE, HOP // 2 - FADE)
        new, old = (
            samples[(start + index) * HOP + middle.start : (start + index) * HOP + middle.stop]
            for samples, index in ((found.samples, place), (song.samples, frame))
        )
        if frame + start > 0:  # the first frame of a song is only half a frame of sound
            np.testing.assert_allclose(new, old, atol=1e-6)


def test_everything_outside_the_segment_stays(song: Audio) -> None:
    found = reordered_audio(song, PARAMETERS, 72, seeded_order(72, 4))
    first, last = 72 * HOP - HOP // 2 - FADE, 144 * HOP - HOP // 2 + FADE
    np.testing.assert_array_equal(found.samples[:first], song.samples[:first])
    np.testing.assert_array_equal(found.samples[last:], song.samples[last:])
    assert not np.array_equal(found.samples, song.samples)


def test_a_reversed_segment_is_the_waveform_backwards_and_its_frames_are_reversed(
    song: Audio,
) -> None:
    found = reversed_audio(song, PARAMETERS, 72, 72)
    inner = slice(72 * HOP - HOP // 2 + FADE, 144 * HOP - HOP // 2 - FADE)
    np.testing.assert_allclose(found.samples[inner], song.samples[inner][::-1], atol=1e-6)
    before, after = (logmel(each.samples, PARAMETERS)[72:144] for each in (song, found))
    # The two outermost windows reach beyond the segment.
    np.testing.assert_allclose(after[2:-2], before[reversed_order(72)][2:-2], atol=1.5)


def test_cuts_do_not_click() -> None:
    """Constant power: the level stays within 3 dB around the cuts in steady noise."""
    noise = np.random.default_rng(0).normal(0, 0.1, 12 * SAMPLE_RATE).astype(np.float32)
    found = reordered_audio(Audio(noise), PARAMETERS, 72, seeded_order(72, 8))
    for index in range(72, 144, 8):
        edge = index * HOP - HOP // 2
        level = np.sqrt(np.mean(found.samples[edge - FADE // 2 : edge + FADE // 2] ** 2))
        assert 0.07 < level < 0.14
    tone = 0.5 * np.sin(2 * np.pi * 220 * np.arange(12 * SAMPLE_RATE) / SAMPLE_RATE)
    song = Audio(tone.astype(np.float32))
    steps = np.abs(np.diff(reordered_audio(song, PARAMETERS, 72, seeded_order(72, 1)).samples))
    assert steps.max() < 0.1  # a jump from crest to trough would be 1


@pytest.mark.parametrize("segment", [0, 1, 2])
def test_the_prediction_for_a_changed_segment_is_that_of_the_whole_changed_song(
    song: Audio, tiny_cnn_lstm: SpectrogramModel, segment: int
) -> None:
    song = replace(song, samples=song.samples[: round(8.5 * SAMPLE_RATE)])
    before = analyze(song, tiny_cnn_lstm)
    assert before.filled.tolist() == [72, 72, 61]
    start, filled = int(before.starts[segment]), int(before.filled[segment])
    changed = reordered_audio(song, PARAMETERS, start, seeded_order(filled, 1))
    found = probabilities_within(tiny_cnn_lstm, changed, start, mel_peaks(song, PARAMETERS))
    whole = analyze(changed, tiny_cnn_lstm).probabilities
    np.testing.assert_allclose(found, whole[segment], atol=1e-3)
    assert np.abs(found - before.probabilities[segment]).max() > 1e-3


def test_a_segment_of_silence_stays_silent(tiny_cnn: SpectrogramModel) -> None:
    silent = Audio(np.zeros(4 * SAMPLE_RATE, dtype=np.float32))
    changed = reordered_audio(silent, PARAMETERS, 0, seeded_order(72, 1))
    assert not changed.samples.any()
    found = probabilities_within(tiny_cnn, changed, 0, mel_peaks(silent, PARAMETERS))
    np.testing.assert_allclose(found, analyze(silent, tiny_cnn).probabilities[0], atol=1e-5)


def test_a_segment_at_the_end_of_a_song_is_cut_where_the_song_ends(song: Audio) -> None:
    assert len(segment_audio(song, PARAMETERS, 72, 72).samples) == 72 * HOP
    assert len(segment_audio(song, PARAMETERS, 0, 72).samples) == 72 * HOP - HOP // 2
    end = segment_audio(song, PARAMETERS, 216, 72)
    np.testing.assert_array_equal(end.samples, song.samples[216 * HOP - HOP // 2 :])
