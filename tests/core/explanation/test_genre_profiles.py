"""Genre profiles: means of SHAP values with the same additivity."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest

from core.explanation.genre_profiles import (
    GenreProfiles,
    genre_profiles,
    load_profiles,
    save_profiles,
)
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import background_logmel

LABELS = np.array([5, 0, 5, 7])


@pytest.fixture(scope="module")
def logmel() -> np.ndarray:
    return background_logmel(count=10)[6:]


@pytest.fixture(scope="module")
def profiles(tiny_cnn: SpectrogramModel, logmel: np.ndarray) -> GenreProfiles:
    return genre_profiles(tiny_cnn, logmel, LABELS)


def test_the_views_of_a_genre_have_the_same_sum(
    profiles: GenreProfiles, tiny_cnn: SpectrogramModel, logmel: np.ndarray
) -> None:
    totals = profiles.signed_coefficients.sum(axis=1)
    np.testing.assert_allclose(profiles.signed_bands.sum(axis=1), totals, atol=1e-4)
    np.testing.assert_allclose(profiles.signed_frames.sum(axis=1), totals, atol=1e-4)
    base = tiny_cnn.background.shares @ tiny_cnn.predict_logmel(tiny_cnn.background.logmel)
    expected = (tiny_cnn.predict_logmel(logmel)[LABELS == 5][:, 5] - base[5]).mean()
    assert totals[5] == pytest.approx(expected, abs=0.011)  # the tolerance of the gap


def test_absolute_sums_are_at_least_the_signed_ones(profiles: GenreProfiles) -> None:
    for name in ("coefficients", "bands", "frames"):
        signed, magnitude = getattr(profiles, f"signed_{name}"), getattr(profiles, name)
        assert (magnitude >= np.abs(signed) - 1e-5).all()
        assert magnitude[5].max() > 0


def test_genres_without_a_segment_are_zero(profiles: GenreProfiles) -> None:
    assert profiles.segments.tolist() == [1, 0, 0, 0, 0, 2, 0, 1, 0, 0]
    empty = profiles.segments == 0
    assert not any(values[empty].any() for values in asdict(profiles).values())


def test_saved_profiles_are_loaded_unchanged(profiles: GenreProfiles, tmp_path: Path) -> None:
    save_profiles(profiles, tmp_path / "cnn.profiles.npz")
    found = load_profiles(tmp_path / "cnn.profiles.npz")
    for name, values in asdict(profiles).items():
        np.testing.assert_array_equal(getattr(found, name), values)


def test_progress_counts_segments(tiny_cnn: SpectrogramModel, logmel: np.ndarray) -> None:
    reports: list[tuple[int, int]] = []
    genre_profiles(tiny_cnn, logmel, LABELS, lambda *report: reports.append(report))
    assert reports == [(1, 4), (2, 4), (3, 4), (4, 4)]
