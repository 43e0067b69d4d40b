"""Extractors compute model inputs of the documented shapes, from the right part of a song."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.audio.io import Audio
from core.constants import MODELS_DIR
from core.features import yamnet
from core.features.descriptors import segment_descriptors
from core.features.extractors import EXTRACTORS, Extractor
from core.features.gtzan_table import song_features, stable_features
from core.features.spectrogram import (
    FeatureParameters,
    logmel,
    mfcc_from_logmel,
    segment_starts,
    split_segments,
)
from tests.synthetic import song_samples

LOCAL = {"vectors": (111,), "sequence": (10, 111), "table": (56,)}  # without a download


def extracted(extractor: Extractor, audio: Audio) -> tuple[np.ndarray, np.ndarray]:
    """Compute the features of a song, and its log-mel segments."""
    parameters = FeatureParameters(segment_frames=extractor.frames)
    spectrogram = logmel(audio.samples, parameters)
    segments = split_segments(spectrogram, parameters)
    starts = segment_starts(len(spectrogram), parameters)
    return extractor.extract(audio, segments, starts, parameters), segments


def test_extractors_are_found_by_their_name() -> None:
    assert all(name == extractor.name for name, extractor in EXTRACTORS.items())


def test_every_name_on_a_model_card_is_an_extractor() -> None:
    cards = [json.loads(file.read_text(encoding="utf-8")) for file in MODELS_DIR.glob("*.json")]
    names = {card["reads"] for card in cards if isinstance(card, dict) and "reads" in card}
    assert {"vectors", "table"} <= names <= set(EXTRACTORS)


@pytest.mark.parametrize("name", LOCAL)
def test_features_are_finite_float32_of_the_documented_shape(name: str) -> None:
    extractor = EXTRACTORS[name]
    features, segments = extracted(extractor, Audio(song_samples(4.0)))
    assert features.dtype == np.float32
    assert len(features) == len(segments)
    assert np.isfinite(features).all()
    assert features.shape[1:] == LOCAL[name]
    assert len(extractor.feature_names) in (0, features.shape[-1])


def test_a_sequence_keeps_the_order_of_its_segments() -> None:
    features, segments = extracted(EXTRACTORS["sequence"], Audio(song_samples(31.0)))
    assert features.shape == (1, 10, 111)
    short = FeatureParameters()
    for step in range(10):
        part = segments[:, 72 * step : 72 * (step + 1)]
        np.testing.assert_array_equal(features[:, step], segment_descriptors(part, short))


def test_the_table_features_are_computed_from_the_samples_of_each_segment() -> None:
    audio = Audio(song_samples(5.0))
    starts = np.array([0, 72])
    features = EXTRACTORS["table"].extract(audio, np.zeros(0), starts, FeatureParameters())
    assert features.shape == (2, 56)
    second = stable_features(song_features(audio.samples[72 * 915 :]))
    np.testing.assert_allclose(features[1], second, rtol=1e-5)


def test_combined_features_join_each_embedding_with_the_mfccs_of_its_frames(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def embeddings(
        samples: np.ndarray, sample_rate: int, starts: np.ndarray, length: int
    ) -> np.ndarray:
        assert (sample_rate, length) == (22_050, 72 * 915)
        return np.broadcast_to(starts[:, None, None], (len(starts), 6, 1_024)).astype(np.float32)

    monkeypatch.setattr(yamnet, "embeddings", embeddings)
    features, segments = extracted(EXTRACTORS["yamnet+mfcc"], Audio(song_samples(7.0)))
    assert features.shape == (2, 6, 1_024 + 12 * 13)
    assert (features[1, :, :1_024] == 72 * 915).all()
    expected = mfcc_from_logmel(segments[1, 36:48]).ravel()
    np.testing.assert_array_equal(features[1, 3, 1_024:], expected)
    alone, _ = extracted(EXTRACTORS["yamnet"], Audio(song_samples(7.0)))
    np.testing.assert_array_equal(alone, features[..., :1_024])
