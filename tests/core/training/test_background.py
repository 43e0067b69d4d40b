"""Backgrounds: segments of the training set, weighted by what they represent."""

from __future__ import annotations

import numpy as np

from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel
from core.data.splits import all_segments, split_tracks
from core.training.background import choose_background, choose_feature_background, medoids


def test_medoids_are_points_near_the_centres_of_clusters() -> None:
    points = np.array([[0.0], [0.1], [0.2], [9.0], [9.4], [9.5], [9.6], [10.0]])
    indices, shares = medoids(points, 2, seed=0)
    assert sorted(points[indices, 0].tolist()) == [0.1, 9.5]
    assert dict(zip(points[indices, 0], shares, strict=True)) == {0.1: 3 / 8, 9.5: 5 / 8}


def test_there_are_no_more_medoids_than_points() -> None:
    indices, shares = medoids(np.array([[1.0], [2.0]]), 3, seed=0)
    assert sorted(indices.tolist()) == [0, 1]
    assert shares.sum() == 1


def test_the_background_consists_of_training_segments_of_every_genre(few_tracks: TrackSet) -> None:
    segments = split_tracks(few_tracks, "artist").refit
    background = choose_background(few_tracks, segments, np.ones(13), per_genre=2)
    assert background.weights.sum() == np.float32(1)
    logmel = segment_logmel(few_tracks, segments)
    genres = few_tracks.labels[segments.track]
    found = [
        genres[np.flatnonzero((logmel == chosen).all(axis=(1, 2)))[0]]
        for chosen in background.logmel
    ]
    assert np.bincount(found).tolist() == [2] * 10
    of_genre = [background.weights[np.array(found) == genre].sum() for genre in range(10)]
    np.testing.assert_allclose(of_genre, np.bincount(genres) / len(genres), rtol=1e-5)


def test_every_genre_has_the_same_weight_in_the_background_of_a_feature_model() -> None:
    labels = np.repeat([0, 4], [20, 4])
    inputs = np.random.default_rng(0).normal(size=(24, 5, 3)).astype(np.float32)
    background = choose_feature_background(inputs, labels)
    assert background.inputs.shape == (6, 5, 3)
    chosen = [np.flatnonzero((inputs == each).all(axis=(1, 2)))[0] for each in background.inputs]
    for genre in (0, 4):
        assert np.isclose(background.weights[labels[chosen] == genre].sum(), 0.5)


def test_the_same_seed_gives_the_same_background(few_tracks: TrackSet) -> None:
    segments = all_segments(few_tracks)
    one, other = (choose_background(few_tracks, segments, np.ones(13), 3, 1) for _ in range(2))
    np.testing.assert_array_equal(one.logmel, other.logmel)
