"""The mel scale is librosa's, to the last bit, because trained networks depend on it."""

from __future__ import annotations

import librosa
import numpy as np
import pytest

from core.features.mel_scale import mel_frequencies, triangular_filters


@pytest.mark.parametrize(
    ("sample_rate", "n_fft", "n_mels"),
    [(22_050, 2_048, 128), (16_000, 512, 96), (16_000, 400, 64), (44_100, 4_096, 40)],
)
def test_the_filters_are_those_of_librosa(sample_rate: int, n_fft: int, n_mels: int) -> None:
    expected = librosa.filters.mel(sr=sample_rate, n_fft=n_fft, n_mels=n_mels)
    found = triangular_filters(sample_rate, n_fft, n_mels)
    assert found.dtype == expected.dtype
    np.testing.assert_array_equal(found, expected)


def test_the_frequencies_are_those_of_librosa() -> None:
    expected = librosa.mel_frequencies(130, fmin=0.0, fmax=11_025.0)
    np.testing.assert_array_equal(mel_frequencies(130, 11_025.0), expected)
