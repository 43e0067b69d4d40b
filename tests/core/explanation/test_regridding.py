"""Regridding: preserved sums and places, zero outside the source, and correlations."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.explanation.regridding import (
    Grid,
    correlation,
    overlapping_frames,
    regridded,
)
from core.features.spectrogram import FeatureParameters, band_frequencies
from core.networks.musicnn import PARAMETERS as LARGE

SMALL = FeatureParameters()
WIDE = replace(SMALL, segment_frames=723)


def test_the_same_grid_changes_nothing() -> None:
    values = np.random.default_rng(0).normal(size=(72, 128)).astype(np.float32)
    np.testing.assert_allclose(
        regridded(values, Grid(SMALL, 3.0), Grid(SMALL, 3.0)), values, atol=1e-5
    )


def test_the_sum_inside_both_grids_is_preserved() -> None:
    values = np.zeros((187, 96), dtype=np.float32)
    values[5:180] = np.random.default_rng(0).normal(size=(175, 96))
    found = regridded(values, Grid(LARGE, 6.0), Grid(SMALL, 6.0))
    assert found.shape == (72, 128)
    assert found.sum() == pytest.approx(values.sum(), abs=1e-3)


def test_a_spot_keeps_its_place() -> None:
    values = np.zeros((187, 96), dtype=np.float32)
    band = int(np.argmin(np.abs(band_frequencies(LARGE) - 1000)))
    values[100, band] = 1.0
    found = regridded(values, Grid(LARGE, 0.0), Grid(SMALL, 0.0))
    frame, row = np.unravel_index(found.argmax(), found.shape)
    assert frame * 915 / 22_050 == pytest.approx(100 * 256 / 16_000, abs=0.05)
    assert band_frequencies(SMALL)[row] == pytest.approx(1000, rel=0.05)


def test_three_seconds_are_cut_out_of_a_longer_segment() -> None:
    values = np.zeros((723, 128), dtype=np.float32)
    values[72:144] = 1.0
    start = 72 * 915 / 22_050
    np.testing.assert_allclose(regridded(values, Grid(WIDE, 0.0), Grid(SMALL, start)), 1, atol=1e-5)
    assert not regridded(values, Grid(WIDE, 0.0), Grid(SMALL, 2.1 * start)).any()


def test_only_frames_in_both_segments_overlap() -> None:
    start = 72 * 915 / 22_050
    both = overlapping_frames(72, Grid(SMALL, start), Grid(WIDE, 0.0))
    assert np.flatnonzero(both).tolist() == list(range(72, 144))
    assert overlapping_frames(30, Grid(SMALL, start), Grid(WIDE, 0.0)).sum() == 30
    assert overlapping_frames(187, Grid(LARGE, 0.0), Grid(SMALL, 0.0)).sum() == 72


def test_the_correlation_with_a_constant_or_empty_array_is_zero() -> None:
    values = np.random.default_rng(0).normal(size=(72, 128))
    assert correlation(values, 2 * values + 1) == pytest.approx(1)
    assert correlation(values, -values) == pytest.approx(-1)
    assert correlation(values, np.zeros_like(values)) == 0
    assert correlation(values[:0], values[:0]) == 0
