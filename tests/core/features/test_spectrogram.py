"""Spectral features agree with librosa; levels, linearity and segmentation are as documented."""

from __future__ import annotations

import librosa
import numpy as np
import pytest
import scipy.signal
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from core.constants import SAMPLE_RATE
from core.features.spectrogram import (
    FeatureParameters,
    band_frequencies,
    dct_matrix,
    logmel,
    logmel_from_power,
    mel_filterbank,
    mfcc_from_logmel,
    power_spectrogram,
    segment_starts,
    split_segments,
    stft,
    stft_frames,
)
from tests.golden.make import GOLDEN, features
from tests.synthetic import song_samples

PARAMETERS = FeatureParameters()
TIME = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE

SIGNALS = {
    "song": song_samples(3.0),
    "another song": song_samples(4.3, seed=3),
    "sine": (0.5 * np.sin(2 * np.pi * 440 * TIME)).astype(np.float32),
    "sweep": scipy.signal.chirp(TIME, 30, TIME[-1], 11_000).astype(np.float32),
    "noise": np.random.RandomState(0).uniform(-0.9, 0.9, 40_000).astype(np.float32),
    "click": np.eye(1, 30_000, 9_000, dtype=np.float32)[0],
    "half silent": np.concatenate([song_samples(1.5), np.zeros(30_000, dtype=np.float32)]),
    "shorter than a window": song_samples(0.05),
}


def librosa_logmel(samples: np.ndarray, hop_length: int) -> np.ndarray:
    mel = librosa.feature.melspectrogram(
        y=samples, sr=22_050, n_fft=2_048, hop_length=hop_length, n_mels=128
    )
    # Without librosa's absolute floor, because some signals are very quiet.
    return librosa.power_to_db(mel, ref=np.max, amin=1e-30, top_db=80).T


@pytest.mark.filterwarnings("ignore:n_fft=2048 is too large")
@pytest.mark.parametrize("level", [1.0, 0.01, 1e-5], ids=["loud", "quiet", "very quiet"])
@pytest.mark.parametrize("hop_length", [512, 915])
@pytest.mark.parametrize("signal", SIGNALS)
def test_logmel_and_mfcc_are_those_of_librosa(signal: str, hop_length: int, level: float) -> None:
    samples = np.float32(level) * SIGNALS[signal]
    expected = librosa_logmel(samples, hop_length)
    ours = logmel(samples, FeatureParameters.for_hop_length(hop_length))
    assert ours.shape == (1 + len(samples) // hop_length, 128)
    assert ours.dtype == np.float32
    np.testing.assert_allclose(ours, expected, atol=2e-3)  # single precision, near the floor
    np.testing.assert_allclose(
        mfcc_from_logmel(ours), librosa.feature.mfcc(S=expected.T, n_mfcc=13).T, atol=5e-3
    )


def test_a_song_of_normal_level_agrees_with_librosas_defaults() -> None:
    samples = song_samples(3.0)
    mel = librosa.feature.melspectrogram(
        y=samples, sr=22_050, n_fft=2_048, hop_length=915, n_mels=128
    )
    expected = librosa.power_to_db(mel, ref=np.max, top_db=80).T
    np.testing.assert_allclose(logmel(samples, PARAMETERS), expected, atol=1e-3)


def test_the_golden_song_has_its_golden_features() -> None:
    with np.load(GOLDEN, allow_pickle=False) as golden:
        for name, values in features().items():
            np.testing.assert_allclose(values, golden[name], rtol=1e-5, atol=2e-3, err_msg=name)


@given(level=st.floats(min_value=1e-6, max_value=1.0))
def test_features_do_not_depend_on_the_level_of_a_song(level: float) -> None:
    samples = song_samples(1.0)
    loud = logmel(samples, PARAMETERS)
    np.testing.assert_allclose(logmel(samples * np.float32(level), PARAMETERS), loud, atol=2e-3)


def test_the_loudest_cell_is_zero_and_the_floor_is_80_db_below() -> None:
    spectrogram = logmel(SIGNALS["half silent"], PARAMETERS)
    assert spectrogram.max() == 0
    assert spectrogram.min() == -80


def test_silence_is_at_the_floor_everywhere() -> None:
    spectrogram = logmel(np.zeros(10_000, dtype=np.float32), PARAMETERS)
    assert spectrogram.shape == (11, 128)
    assert (spectrogram == -80).all()


@pytest.mark.parametrize("duration_s", [0.05, 1.0, 10.0])
def test_the_power_spectrogram_is_that_of_the_complex_one(duration_s: float) -> None:
    samples, parameters = song_samples(duration_s), FeatureParameters()
    expected = np.abs(stft(samples, parameters)) ** 2
    power = power_spectrogram(samples, parameters)
    assert power.dtype == np.float32
    np.testing.assert_allclose(power, expected, rtol=1e-4, atol=1e-9 * expected.max())


def test_logmel_of_a_power_spectrogram_equals_logmel_of_its_samples() -> None:
    samples = song_samples(2.0)
    power = np.abs(stft(samples, PARAMETERS)) ** 2
    np.testing.assert_allclose(
        logmel_from_power(power, PARAMETERS), logmel(samples, PARAMETERS), atol=1e-3
    )


@given(
    first=hnp.arrays(np.float32, (2, 5, 128), elements=st.floats(-80, 0, width=32)),
    second=hnp.arrays(np.float32, (2, 5, 128), elements=st.floats(-80, 0, width=32)),
    weight=st.floats(-2, 2, width=32),
)
def test_mfcc_is_a_linear_function_of_logmel(
    first: np.ndarray, second: np.ndarray, weight: float
) -> None:
    together = mfcc_from_logmel(first + np.float32(weight) * second)
    apart = mfcc_from_logmel(first) + np.float32(weight) * mfcc_from_logmel(second)
    np.testing.assert_allclose(together, apart, atol=5e-3)


def test_the_transform_to_mfcc_is_orthonormal() -> None:
    np.testing.assert_allclose(dct_matrix() @ dct_matrix().T, np.eye(13), atol=1e-6)


def test_band_frequencies_are_the_centres_of_librosas_mel_bands() -> None:
    found = band_frequencies(PARAMETERS)
    centres = librosa.mel_frequencies(130, fmax=11_025)[1:-1]
    assert found.shape == (128,)
    assert (np.diff(found) > 0).all()
    # Low bands span few STFT bins (10.8 Hz apart); the others are skewed by a few percent at most.
    np.testing.assert_allclose(found, centres, rtol=0.01, atol=6)


@pytest.mark.parametrize(
    "shared", [mel_filterbank(PARAMETERS), dct_matrix(), band_frequencies(PARAMETERS)[np.newaxis]]
)
def test_shared_matrices_are_read_only(shared: np.ndarray) -> None:
    with pytest.raises(ValueError, match="read-only"):
        shared[0, 0] = 1.0


@given(n_frames=st.integers(1, 3_000), segment_frames=st.integers(2, 200))
def test_segments_are_consecutive_and_the_last_is_at_least_half_full(
    n_frames: int, segment_frames: int
) -> None:
    parameters = FeatureParameters(segment_frames=segment_frames)
    starts = segment_starts(n_frames, parameters)
    np.testing.assert_array_equal(starts, segment_frames * np.arange(len(starts)))
    dropped = n_frames - (starts[-1] + segment_frames)
    assert dropped < segment_frames / 2
    if len(starts) > 1:
        assert n_frames - starts[-1] >= segment_frames / 2


@pytest.mark.parametrize(
    ("n_frames", "count"),
    [(1, 1), (35, 1), (72, 1), (107, 1), (108, 2), (143, 2), (144, 2), (179, 2), (180, 3)],
)
def test_an_incomplete_segment_counts_from_36_frames_on(n_frames: int, count: int) -> None:
    assert len(segment_starts(n_frames, PARAMETERS)) == count


@given(n_frames=st.integers(1, 400))
def test_segments_are_slices_of_the_spectrogram_padded_with_silence(n_frames: int) -> None:
    spectrogram = np.random.RandomState(n_frames).uniform(-79, 0, (n_frames, 128))
    segments = split_segments(spectrogram.astype(np.float32), PARAMETERS)
    assert segments.shape[1:] == (72, 128)
    joined = segments.reshape(-1, 128)
    kept = min(n_frames, len(joined))
    np.testing.assert_array_equal(joined[:kept], spectrogram[:kept].astype(np.float32))
    assert (joined[kept:] == -80).all()


@pytest.mark.parametrize(("hop_length", "frames"), [(915, 72), (512, 130)])
def test_segments_last_three_seconds_at_every_hop_length(hop_length: int, frames: int) -> None:
    parameters = FeatureParameters.for_hop_length(hop_length)
    assert parameters.segment_frames == frames
    assert parameters.segment_s == pytest.approx(3, abs=hop_length / SAMPLE_RATE)


def test_parameters_survive_a_round_trip_through_the_model_card() -> None:
    parameters = FeatureParameters.for_hop_length(512)
    assert FeatureParameters.from_json(parameters.to_json()) == parameters


@given(st.integers(0, 60), st.integers(1, 40))
def test_a_range_of_frames_equals_that_of_the_whole_spectrogram(first: int, count: int) -> None:
    samples = song_samples(2.0)
    whole = stft(samples, PARAMETERS)
    count = min(count, max(1, len(whole) - first))
    first = min(first, len(whole) - count)
    found = stft_frames(samples, PARAMETERS, first, count)
    np.testing.assert_allclose(found, whole[first : first + count], atol=1e-4)
