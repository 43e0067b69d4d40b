"""The novelty score: distances of training segments are small, strange sounds are far away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.constants import N_MFCC, SEGMENT_FRAMES
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel, split_segments
from core.models.novelty import (
    COMPONENTS,
    PARTS,
    Neighbours,
    NoveltyScore,
    describe,
    entropy,
)
from tests.synthetic import random_mfcc, song_samples

PARAMETERS = FeatureParameters()


def mfcc_of(samples: np.ndarray) -> np.ndarray:
    segments = split_segments(logmel(samples, PARAMETERS), PARAMETERS)
    return mfcc_from_logmel(segments, N_MFCC)


def score(**changes: np.ndarray) -> NoveltyScore:
    """A score whose only training song is at zero, with three groups of one part each."""
    unit = {"typical": np.zeros(3), "spread": np.ones(3), "weights": np.eye(3)}
    sound = Neighbours(np.zeros(65), np.eye(65), np.zeros((1, 65)))
    hidden = Neighbours(np.zeros(4), np.eye(4), np.zeros((1, 4)))
    return NoveltyScore(sound, hidden, **{**unit, **changes})


def test_the_distance_is_that_to_the_neighbour_at_two_per_cent_of_the_songs() -> None:
    songs = np.stack([np.arange(100.0), np.zeros(100)], axis=1)
    neighbours = Neighbours(np.zeros(2), np.eye(2), songs)
    assert neighbours.distance(np.array([[0.0, 0.0]])) == pytest.approx(1)
    assert neighbours.distance(np.array([[-5.0, 3.0], [-5.0, -3.0]])) == pytest.approx(6)
    few = Neighbours(np.zeros(2), np.eye(2), songs[:3])
    assert few.distance(np.array([[2.5, 0.0]])) == pytest.approx(0.5)


def test_a_fitted_distance_does_not_depend_on_the_units_of_the_features() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((600, 5)) @ random.standard_normal((5, 5)) + 3
    songs = np.repeat(np.arange(60), 10)
    one = Neighbours.fit(points, songs)
    other = Neighbours.fit(points * [1, 10, 0.1, 5, 2], songs)
    song = random.standard_normal((10, 5)) + 3
    assert one.songs.shape == (60, 5)
    assert other.distance(song * [1, 10, 0.1, 5, 2]) == pytest.approx(one.distance(song))
    assert one.distance(song + 50) > 10 * one.distance(song)


def test_units_that_never_vary_do_not_break_the_distance() -> None:
    points = np.random.default_rng(0).standard_normal((50, 3)) * [1, 1, 0]
    songs = np.repeat(np.arange(10), 5)
    assert np.isfinite(Neighbours.fit(points, songs).distance(points[:5]))
    assert np.isfinite(Neighbours.fit(0 * points, songs).distance(points[:5]))


def test_with_tags_only_the_directions_that_predict_them_count() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((400, 6))
    songs = np.repeat(np.arange(200), 2)
    means = points.reshape(200, 2, 6).mean(axis=1)
    tags = means[:, :1] * [1.0, -2.0, 3.0] + 0.01 * random.standard_normal((200, 3))
    tags[50:80] = np.nan  # songs without tags are neighbours, too
    neighbours = Neighbours.fit(points, songs, tags)
    assert neighbours.songs.shape == (200, 3)
    apart, aside = np.zeros((1, 6)), np.zeros((1, 6))
    apart[0, 0] = aside[0, 1] = 8.0
    assert neighbours.distance(apart) > 5 * neighbours.distance(aside)
    unknown = np.full((200, 3), np.nan)
    plain, without = Neighbours.fit(points, songs), Neighbours.fit(points, songs, unknown)
    assert without.distance(apart) == pytest.approx(plain.distance(apart))


def test_there_are_at_most_sixty_four_components() -> None:
    points = np.random.default_rng(0).standard_normal((300, 80))
    assert Neighbours.fit(points, np.repeat(np.arange(30), 10)).songs.shape == (30, COMPONENTS)


def test_a_description_has_mean_deviation_and_step_of_frames_and_blocks() -> None:
    mfcc = random_mfcc(2)
    found = describe(mfcc, PARAMETERS)
    assert found.shape == (2, 5 * N_MFCC)
    np.testing.assert_allclose(found[:, :N_MFCC], mfcc.mean(axis=1), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        found[:, N_MFCC : 2 * N_MFCC], np.log(mfcc.std(axis=1) + 0.3), rtol=1e-4
    )
    blocks = mfcc.reshape(2, SEGMENT_FRAMES // 3, 3, N_MFCC).mean(axis=2)
    steps = np.abs(np.diff(blocks, axis=1)).mean(axis=1)
    np.testing.assert_allclose(found[:, 4 * N_MFCC :], np.log(steps + 0.3), rtol=1e-4)


@pytest.mark.parametrize("filled", [1, 2, 30, 71])
def test_frames_after_the_end_of_the_song_do_not_count(filled: int) -> None:
    one, other = random_mfcc(1), random_mfcc(1)
    other[:, filled:] = -500
    counts = np.array([filled])
    first, second = (describe(each, PARAMETERS, counts) for each in (one, other))
    whole_blocks = filled // 3 >= 1
    compared = slice(None) if whole_blocks else slice(3 * N_MFCC)
    np.testing.assert_allclose(first[:, compared], second[:, compared])
    assert np.isfinite(second).all()


def test_noise_is_farther_from_songs_than_another_song() -> None:
    segments = [mfcc_of(song_samples(12.0, seed=seed)) for seed in range(12)]
    songs = np.repeat(np.arange(12), [len(each) for each in segments])
    neighbours = Neighbours.fit(describe(np.concatenate(segments), PARAMETERS), songs)
    another = describe(mfcc_of(song_samples(12.0, seed=77)), PARAMETERS)
    noise = np.random.default_rng(0).standard_normal(len(song_samples(12.0))).astype(np.float32)
    strange = describe(mfcc_of(0.1 * noise), PARAMETERS)
    assert neighbours.distance(strange) > 1.5 * neighbours.distance(another)


def test_the_group_with_the_largest_sum_counts() -> None:
    parts = np.array([[1.0, 2.0, 4.0], [9.0, 0.0, 0.0]])
    assert score().combine(parts).tolist() == [4, 9]
    both = score(weights=np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.5]]))
    assert both.combine(parts).tolist() == [3, 9]


def test_parts_are_scaled_before_they_are_added_up() -> None:
    scaled = score(typical=np.array([1.0, 1.0, 1.0]), spread=np.array([2.0, 1.0, 1.0]))
    assert scaled.combine(np.array([3.0, 1.0, 1.0])) == 1


def test_the_parts_of_a_song_are_distances_of_its_mean_and_the_entropy_of_its_genres() -> None:
    description = np.zeros((2, 65))
    description[1, 0] = 4
    hidden = np.zeros((2, 4))
    hidden[:, 0] = 3
    parts = score().parts(description, hidden, np.array([[1.0, 0.0], [0.0, 1.0]]))
    np.testing.assert_allclose(parts, [2, 3, np.log(2)])
    assert len(parts) == len(PARTS)


def test_a_certain_prediction_has_no_entropy() -> None:
    assert entropy(np.array([1.0, 0.0])) == 0
    assert entropy(np.full(10, 0.1)) == pytest.approx(np.log(10))


def test_a_stored_score_is_the_same_and_has_no_pickled_objects(tmp_path: Path) -> None:
    own = score(typical=np.array([0.1, 0.2, 0.3]))
    np.savez(tmp_path / "score.npz", allow_pickle=False, **own.to_arrays())
    loaded = NoveltyScore.load(tmp_path / "score.npz")
    parts = np.random.default_rng(0).uniform(0, 3, (5, 3))
    np.testing.assert_allclose(loaded.combine(parts), own.combine(parts), rtol=1e-6)
    np.savez(tmp_path / "other.npz", typical=np.zeros(3))
    with pytest.raises(ModelError, match=r"other\.npz is not a novelty score"):
        NoveltyScore.load(tmp_path / "other.npz")
