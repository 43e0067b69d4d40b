"""Segment descriptors have the values that their names promise."""

from __future__ import annotations

import numpy as np
import pytest

from core.constants import SAMPLE_RATE
from core.features.descriptors import descriptor_names, segment_descriptors
from core.features.spectrogram import FeatureParameters, logmel, split_segments

PARAMETERS = FeatureParameters()


def descriptors(samples: np.ndarray) -> dict[str, float]:
    """Compute the descriptors of the first three seconds, by name."""
    segments = split_segments(logmel(samples.astype(np.float32), PARAMETERS), PARAMETERS)
    values = segment_descriptors(segments, PARAMETERS)
    assert values.dtype == np.float32
    return dict(zip(descriptor_names(), values[0], strict=True))


def test_names_are_unique() -> None:
    assert len(set(descriptor_names())) == len(descriptor_names()) == 111


def test_a_tone_has_its_frequency_as_centroid_and_no_bandwidth() -> None:
    time = np.arange(3 * SAMPLE_RATE) / SAMPLE_RATE
    tone = descriptors(0.5 * np.sin(2 * np.pi * 2000 * time))
    noise = descriptors(0.3 * np.random.default_rng(0).standard_normal(3 * SAMPLE_RATE))
    assert tone["centroid, mean"] == pytest.approx(2, abs=0.1)
    assert tone["bandwidth, mean"] < 0.2 < noise["bandwidth, mean"]
    assert tone["roll-off, mean"] == pytest.approx(2, abs=0.2)
    assert tone["flatness, mean"] < noise["flatness, mean"] - 20
    assert noise["centroid, mean"] > 2.5
    assert tone["energy, change"] < 0.1


def test_onsets_repeat_at_the_period_of_the_beat() -> None:
    time = np.arange(3 * SAMPLE_RATE)
    clicks = np.random.default_rng(0).standard_normal(len(time)) * (time % (SAMPLE_RATE // 2) < 400)
    by_lag = {name: value for name, value in descriptors(0.3 * clicks).items() if "lag" in name}
    assert max(by_lag, key=lambda name: by_lag[name]) in (
        "onsets, lag 0.50 s",
        "onsets, lag 1.00 s",
    )
    assert by_lag["onsets, lag 0.25 s"] < 0.1 < by_lag["onsets, lag 0.50 s"]
