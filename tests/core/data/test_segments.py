"""Segments as arrays: they lie where the split says, and their statistics standardise them."""

from __future__ import annotations

import numpy as np
import pytest

from core.data import segments
from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel, segment_mfcc, standardisation
from core.data.splits import Segments, all_segments
from core.features.spectrogram import mfcc_from_logmel
from tests.archives import track_set


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_subset=1)


def test_a_segment_is_cut_from_its_track_at_its_first_frame(tracks: TrackSet) -> None:
    chosen = Segments(np.array([3, 0, 3]), np.array([72, 0, 5]))
    logmel = segment_logmel(tracks, chosen)
    assert logmel.shape == (3, 72, 128)
    np.testing.assert_array_equal(logmel[0], tracks.logmel(3)[72:144])
    np.testing.assert_array_equal(logmel[1], tracks.logmel(0)[:72])
    np.testing.assert_array_equal(logmel[2], tracks.logmel(3)[5:77])


@pytest.mark.parametrize("batch", [1, 7, 1000])
def test_mfccs_do_not_depend_on_the_size_of_the_batches(
    tracks: TrackSet, batch: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "BATCH", batch)
    chosen = all_segments(tracks).where(np.arange(15))
    expected = mfcc_from_logmel(segment_logmel(tracks, chosen), 13)
    np.testing.assert_allclose(segment_mfcc(tracks, chosen), expected, atol=1e-4)


def test_standardised_mfccs_have_zero_mean_and_unit_deviation(tracks: TrackSet) -> None:
    chosen = all_segments(tracks)
    statistics = standardisation(tracks, chosen)
    values = (segment_mfcc(tracks, chosen) - statistics.mean) / statistics.scale
    np.testing.assert_allclose(values.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(values.std(axis=(0, 1)), 1, atol=1e-3)
