"""The novelty score: distances of training segments are small, strange sounds are far away."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.constants import N_MFCC, SEGMENT_FRAMES
from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel, split_segments
from core.models.novelty import PARTS, Distance, NoveltyScore, describe, entropy
from tests.synthetic import random_mfcc, song_samples

PARAMETERS = FeatureParameters()


def mfcc_of(samples: np.ndarray) -> np.ndarray:
    segments = split_segments(logmel(samples, PARAMETERS), PARAMETERS)
    return mfcc_from_logmel(segments, N_MFCC)


def score(**changes: np.ndarray) -> NoveltyScore:
    """A score of three parts, none of which is fitted."""
    unit = {"typical": np.zeros(3), "spread": np.ones(3), "weights": np.eye(3)}
    sound = Distance(np.zeros(65), np.eye(65))
    hidden = Distance(np.zeros(4), np.eye(4))
    return NoveltyScore(sound, hidden, **{**unit, **changes})


def test_the_distance_of_training_points_is_that_of_independent_normal_variables() -> None:
    random = np.random.default_rng(0)
    points = random.standard_normal((4_000, 6)) @ random.standard_normal((6, 6)) + 5
    distance = Distance.fit(points)
    assert np.square(distance.of(points)).mean() == pytest.approx(6, rel=0.1)
    assert distance.of(points.mean(axis=0, keepdims=True))[0] == pytest.approx(0, abs=1e-9)
    assert distance.of(points[:1] + 100)[0] > 10


def test_units_that_never_vary_do_not_break_the_distance() -> None:
    points = np.random.default_rng(0).standard_normal((50, 3)) * [1, 1, 0]
    assert np.isfinite(Distance.fit(points).of(points)).all()


def test_the_first_components_leave_out_the_directions_of_least_variance() -> None:
    random = np.random.default_rng(0)
    base = random.standard_normal((500, 1))
    points = np.hstack([base, base + 0.01 * random.standard_normal((500, 1))])
    apart = np.array([[1.0, -1.0]])
    assert Distance.fit(points).of(apart) > 5 * Distance.fit(points, components=1).of(apart)


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
    songs = np.concatenate([mfcc_of(song_samples(12.0, seed=seed)) for seed in range(12)])
    distance = Distance.fit(describe(songs, PARAMETERS))
    another = describe(mfcc_of(song_samples(12.0, seed=77)), PARAMETERS)
    noise = np.random.default_rng(0).standard_normal(len(song_samples(12.0))).astype(np.float32)
    strange = describe(mfcc_of(0.1 * noise), PARAMETERS)
    assert distance.of(strange).min() > distance.of(another).max()


def test_the_group_with_the_largest_sum_counts() -> None:
    parts = np.array([[1.0, 2.0, 4.0], [9.0, 0.0, 0.0]])
    assert score().combine(parts).tolist() == [4, 9]
    both = score(weights=np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 0.5]]))
    assert both.combine(parts).tolist() == [3, 9]


def test_parts_are_scaled_before_they_are_added_up() -> None:
    scaled = score(typical=np.array([1.0, 1.0, 1.0]), spread=np.array([2.0, 1.0, 1.0]))
    assert scaled.combine(np.array([3.0, 1.0, 1.0])) == 1


def test_the_parts_of_a_song_are_means_over_its_segments_and_the_entropy_of_its_genres() -> None:
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
    with pytest.raises(KeyError):
        NoveltyScore.load(tmp_path / "other.npz")
