"""The genre layer on top of musicnn: it separates genres, and its probabilities are calibrated."""

from __future__ import annotations

import json

import numpy as np

from core.constants import MODELS_DIR
from core.data.gtzan import TrackSet
from core.data.splits import all_segments, split_tracks
from core.models.registry import MUSICNN
from core.training.musicnn_head import fit_head, tagged, train
from core.training.musicnn_tags import WINDOWS


def test_the_layer_separates_genres_and_is_calibrated() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 40)
    artists = np.arange(400) // 4
    centres = random.normal(size=(10, 50))
    logits = centres[labels] + random.normal(size=(400, 50))
    head = fit_head(logits, labels, artists)
    scores = logits @ head.kernel + head.bias
    assert (scores.argmax(axis=1) == labels).mean() > 0.95
    assert 0.2 <= head.temperature <= 5
    probabilities = head.predict(logits)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    np.testing.assert_array_equal(probabilities.argmax(axis=1), scores.argmax(axis=1))
    scaled = fit_head(3 * logits + 7, labels, artists)
    np.testing.assert_allclose((3 * logits + 7) @ scaled.kernel + scaled.bias, scores, atol=1e-2)


def test_a_genre_without_samples_gets_no_probability() -> None:
    random = np.random.default_rng(0)
    labels = np.repeat([0, 2, 3, 4, 5, 6, 7, 8, 9], 40)
    logits = random.normal(size=(10, 50))[labels] + random.normal(size=(360, 50))
    probabilities = fit_head(logits, labels, np.arange(360) // 4).predict(logits)
    np.testing.assert_allclose(probabilities[:, 1], 0, atol=1e-12)
    assert (probabilities.argmax(axis=1) == labels).mean() > 0.95


def test_a_segment_has_the_tags_of_its_second(few_tracks: TrackSet) -> None:
    table = np.full((len(few_tracks), WINDOWS, 50), np.nan)
    table[2] = np.arange(WINDOWS)[:, np.newaxis]
    logits, segments = tagged(table, few_tracks, all_segments(few_tracks))
    assert segments.track.tolist() == [2, 2]
    assert segments.start.tolist() == [0, 72]
    assert logits[:, 0].tolist() == [0, 3]  # 72 frames are 2.99 s


def test_training_predicts_the_tagged_segments_of_the_test_set(many_tracks: TrackSet) -> None:
    random = np.random.default_rng(0)
    table = random.normal(size=(len(many_tracks), WINDOWS, 50))
    table[np.arange(len(many_tracks)), :, many_tracks.labels] += 4
    split = split_tracks(many_tracks, "track")
    untagged = split.test.track[0]
    table[untagged] = np.nan
    result, head = train(table, many_tracks, split, 0, {"tracks": 0})
    assert result.name == MUSICNN
    assert result.scores["test"]["song"]["accuracy"] > 0.9
    assert result.scores["rebuilt"] == {"tracks": 0}
    assert untagged not in result.segments.track
    assert set(result.segments.track) == set(split.test.track) - {untagged}
    logits, _ = tagged(table, many_tracks, split.test)
    np.testing.assert_array_equal(result.probabilities, head.predict(logits))
    assert result.validation is not None
    assert len(result.validation[0]) == len(split.valid)


def test_the_bundled_model_agrees_with_stored_tags() -> None:
    card = json.loads((MODELS_DIR / f"{MUSICNN}.json").read_text(encoding="utf-8"))
    agreement = card["training"]["rebuilt"]
    assert agreement["tracks"] > 300
    assert agreement["median_correlation"] > 0.99
    assert agreement["mean_difference"] < 0.005
