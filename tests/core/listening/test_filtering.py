"""Filtering: parts that add up to the song, silence in removed regions, no clicks."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import pytest
import scipy.ndimage
from hypothesis import given, settings
from hypothesis import strategies as st

from core.audio.io import Audio, resample
from core.constants import SAMPLE_RATE
from core.explanation.masks import importance_mask
from core.features.spectrogram import FeatureParameters, mel_filterbank, stft
from core.listening.filtering import Mode, divide, divide_by_mask, listen, passage
from tests.golden.make_listening import GOLDEN, masked_songs
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

PARAMETERS = FeatureParameters()
MODES: tuple[Mode, ...] = get_args(Mode)
SEGMENT = PARAMETERS.segment_frames * PARAMETERS.hop_length  # samples
LOW = np.where(np.arange(128) < 40, 1.0, -1.0)  # evidence for what lies below about 1 kHz


def mel_db(samples: np.ndarray) -> np.ndarray:
    power = np.abs(stft(samples, PARAMETERS)) ** 2 @ mel_filterbank(PARAMETERS).T
    return 10 * np.log10(np.maximum(power, 1e-20))


def sine(frequency: float, duration_s: float = 6.2, amplitude: float = 0.5) -> np.ndarray:
    time = np.arange(round(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    return (amplitude * np.sin(2 * np.pi * frequency * time)).astype(np.float32)


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
@settings(max_examples=20)
@given(
    samples=st.integers(1, 150_000),
    keep=st.floats(0, 1),
    seed=st.integers(0, 99),
    amplitude=st.sampled_from([1.0, 1e-3]),
)
def test_the_two_modes_add_up_to_the_song(
    samples: int, keep: float, seed: int, amplitude: float
) -> None:
    song = Audio(np.float32(amplitude) * song_samples(samples / SAMPLE_RATE, seed=seed % 5))
    explanation = synthetic_explanation(song, seed=seed)
    kept = listen(song, explanation, keep=keep, mode="keep")
    removed = listen(song, explanation, keep=keep, mode="remove")
    for heard in (kept, removed):
        assert heard.samples.shape == song.samples.shape
        assert heard.samples.dtype == np.float32
        assert (heard.sample_rate, heard.name) == (song.sample_rate, song.name)
        assert np.abs(heard.samples).max() <= 1
    np.testing.assert_allclose(kept.samples + removed.samples, song.samples, atol=1e-5)


def test_the_mask_of_the_selection_divides_the_song_as_the_selection_does() -> None:
    song = Audio(song_samples(4.8))
    explanation = synthetic_explanation(song)
    mask = importance_mask(explanation, keep=0.3)
    parts = divide_by_mask(song, explanation, mask)
    for part, expected in zip(parts, divide(song, explanation, keep=0.3), strict=True):
        np.testing.assert_array_equal(part.samples, expected.samples)
    swapped = divide_by_mask(song, explanation, ~mask)
    assert np.abs(swapped[0].samples - parts[0].samples).max() > 0.01


def test_keeping_all_changes_nothing_and_removing_all_leaves_silence() -> None:
    samples = song_samples(2 * SEGMENT / SAMPLE_RATE)[:-1]  # the next frame would be a remainder
    song = Audio(samples)
    explanation = synthetic_explanation(song)
    np.testing.assert_allclose(listen(song, explanation, keep=1).samples, samples, atol=1e-6)
    assert not listen(song, explanation, keep=1, mode="remove").samples.any()
    assert not listen(song, explanation, keep=0).samples.any()
    np.testing.assert_allclose(
        listen(song, explanation, keep=0, mode="remove").samples, samples, atol=1e-6
    )


def test_removed_cells_are_silent_and_kept_cells_keep_their_level(song: Audio) -> None:
    explanation = synthetic_explanation(song, segments=[0, 1, 2])
    mask = np.concatenate(list(importance_mask(explanation, keep=0.25)))
    before = mel_db(song.samples)[: len(mask)]
    for mode, left in zip(MODES, (mask, ~mask), strict=True):
        after = mel_db(listen(song, explanation, keep=0.25, mode=mode).samples)[: len(mask)]
        # A window sees two cells far: cells well inside, on either side of an edge, are judged.
        inside = scipy.ndimage.binary_erosion(left, np.ones((5, 5)), border_value=0)
        outside = ~scipy.ndimage.binary_dilation(left, np.ones((7, 7)))
        # Where the song breaks off, and where the remainder begins, there are sounds of all bands.
        outside[:3] = outside[-3:] = False
        assert inside.sum() > 100
        assert outside.sum() > 100
        assert np.abs(after - before)[inside].max() < 1
        assert np.median((after - before)[outside]) < -80
        assert np.quantile(after[outside], 0.99) < before.max() - 70
        assert after[outside].max() < before.max() - 50


def test_a_tone_in_the_kept_bands_passes_and_another_is_removed() -> None:
    low, high = sine(440), sine(4000)
    song = Audio(low + high)
    inner = slice(4_096, 2 * SEGMENT - 4_096)
    explanation = synthetic_explanation(song, evidence=LOW)
    kept = listen(song, explanation, keep=0.31).samples[inner]
    removed = listen(song, explanation, keep=0.31, mode="remove").samples[inner]
    np.testing.assert_allclose(kept, low[inner], atol=1e-3)
    np.testing.assert_allclose(removed, high[inner], atol=1e-3)


def test_there_are_no_clicks_at_the_borders_of_segments() -> None:
    song = Audio(sine(440, duration_s=3 * SEGMENT / SAMPLE_RATE))
    explanation = synthetic_explanation(song, evidence=LOW, segments=[0, 2])
    steepest = np.abs(np.diff(song.samples, n=2)).max()
    for mode in MODES:
        heard = listen(song, explanation, keep=0.31, mode=mode).samples[2_048:-2_048]
        assert np.abs(np.diff(heard, n=2)).max() < 1.1 * steepest


def test_segments_without_an_explanation_belong_to_the_rest(song: Audio) -> None:
    explanation = synthetic_explanation(song, segments=[1])
    kept = listen(song, explanation, keep=0.5).samples
    removed = listen(song, explanation, keep=0.5, mode="remove").samples
    reach = 2_048
    elsewhere = np.ones(len(kept), dtype=bool)
    elsewhere[SEGMENT - reach : 2 * SEGMENT + reach] = False
    assert elsewhere[-SAMPLE_RATE // 2 :].all()  # also the remainder after the last segment
    assert not kept[elsewhere].any()
    np.testing.assert_allclose(removed[elsewhere], song.samples[elsewhere], atol=1e-6)
    assert np.abs(kept[SEGMENT : 2 * SEGMENT]).max() > 0.01


@pytest.mark.parametrize(("first", "count"), [(0, 2), (1, 1), (2, 9), (0, 9)])
def test_a_passage_is_filtered_like_the_same_part_of_the_song(first: int, count: int) -> None:
    song = Audio(song_samples(10.5))
    explanation = synthetic_explanation(song)
    assert len(explanation) == 4, "three whole segments and most of a fourth"
    audio, part = passage(song, explanation[first : first + count])
    assert part.segments.tolist() == list(range(min(count, 4 - first)))
    assert part.starts_s[0] == pytest.approx(0)
    start = first * SEGMENT
    expected = (
        song.samples[start:] if first + count >= 4 else song.samples[start:][: len(audio.samples)]
    )
    np.testing.assert_array_equal(audio.samples, expected)
    whole = divide(song, explanation, keep=0.3)
    for found, full in zip(divide(audio, part, keep=0.3), whole, strict=True):
        inside = slice(2_048, len(audio.samples) - 2_048)
        near = full.samples[start : start + len(audio.samples)]
        # Filter windows begin elsewhere: gains fade a little earlier or later.
        error = np.sqrt(np.mean(np.square(found.samples[inside] - near[inside])))
        assert error < 0.2 * np.sqrt(np.mean(np.square(near[inside])))
        assert np.corrcoef(found.samples[inside], near[inside])[0, 1] > 0.98


def test_progress_can_stop_the_filtering(song: Audio) -> None:
    def end() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        divide(song, synthetic_explanation(song), progress=end)


def test_a_part_louder_than_the_whole_does_not_clip() -> None:
    square = np.sign(sine(100)).astype(np.float32)  # its fundamental reaches 4 / pi
    song = Audio(square)
    explanation = synthetic_explanation(song, evidence=np.where(np.arange(128) < 8, 1.0, -1.0))
    kept = listen(song, explanation, keep=0.06).samples
    removed = listen(song, explanation, keep=0.06, mode="remove").samples
    assert 0.99 < np.abs(kept).max() <= 1
    assert np.abs(removed).max() <= 1
    both = kept + removed
    factor = both @ square / len(square)
    assert 0.7 < factor < 0.9
    np.testing.assert_allclose(both, factor * square, atol=1e-4)


@pytest.mark.parametrize("mode", MODES)
def test_silence_stays_silence(mode: Mode) -> None:
    song = Audio(np.zeros(70_000, dtype=np.float32))
    assert not listen(song, synthetic_explanation(song), mode=mode).samples.any()


def test_an_unknown_mode_is_refused(song: Audio) -> None:
    with pytest.raises(ValueError, match="mode must be 'keep' or 'remove', not 'invert'"):
        listen(song, synthetic_explanation(song), mode="invert")  # type: ignore[arg-type]


def test_the_explanation_of_another_song_is_refused(song: Audio) -> None:
    with pytest.raises(ValueError, match="belongs to another song"):
        listen(Audio(song_samples(3.0)), synthetic_explanation(song))


def test_the_golden_song_is_filtered_as_before() -> None:
    assert Path(GOLDEN).stat().st_size < 20_000
    with np.load(GOLDEN, allow_pickle=False) as golden:
        for name, samples in masked_songs().items():
            np.testing.assert_allclose(samples, golden[name], atol=1e-4, err_msg=name)


@pytest.mark.parametrize("sample_rate", [16_000, 44_100])
def test_at_another_sampling_rate_the_parts_still_add_up_to_the_song(sample_rate: int) -> None:
    song = Audio(song_samples(7.03, sample_rate=sample_rate), sample_rate)
    explanation = synthetic_explanation(resample(song, SAMPLE_RATE))
    kept, rest = divide(song, explanation, keep=0.3)
    for part in (kept, rest):
        assert part.samples.shape == song.samples.shape
        assert part.samples.dtype == np.float32
        assert part.sample_rate == sample_rate
    np.testing.assert_allclose(kept.samples + rest.samples, song.samples, atol=1e-5)
    expected = divide(resample(song, SAMPLE_RATE), explanation, keep=0.3)[0]
    again = resample(kept, SAMPLE_RATE).samples[: len(expected.samples)]
    difference = again - expected.samples[: len(again)]
    assert np.sqrt(np.mean(difference**2)) < 0.02 * np.sqrt(np.mean(expected.samples**2))


def test_a_passage_at_another_sampling_rate_covers_the_same_time() -> None:
    song = Audio(song_samples(10.5, sample_rate=44_100), 44_100)
    explanation = synthetic_explanation(resample(song, SAMPLE_RATE))
    cut, part = passage(song, explanation[1:3])
    start = 2 * SEGMENT
    np.testing.assert_array_equal(cut.samples, song.samples[start : start + len(cut.samples)])
    assert cut.duration_s == pytest.approx(2 * SEGMENT / SAMPLE_RATE, abs=1e-3)
    assert part.starts.tolist() == [0, 72]
    kept, rest = divide(cut, part, keep=0.3)
    np.testing.assert_allclose(kept.samples + rest.samples, cut.samples, atol=1e-5)
    end, _ = passage(song, explanation[3:])
    np.testing.assert_array_equal(end.samples, song.samples[3 * 2 * SEGMENT :])
