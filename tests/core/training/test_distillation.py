"""Soft labels: probabilities for training tracks, from classifiers fitted on other artists."""

from __future__ import annotations

import numpy as np

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import all_segments, split_tracks
from core.training.distillation import soft_labels


def informative_taggrams(tracks: TrackSet) -> np.ndarray:
    """Tags of which one is likely for each genre."""
    taggrams = np.full((len(tracks), 4, len(GENRES)), 0.01, dtype=np.float32)
    for track, label in enumerate(tracks.labels):
        taggrams[track, :, label] = 0.9
    return taggrams


def test_soft_labels_are_distributions_for_the_training_set_alone(many_tracks: TrackSet) -> None:
    split = split_tracks(many_tracks, "artist")
    labels = soft_labels(informative_taggrams(many_tracks), many_tracks, split.train)
    trained = np.unique(split.train.track)
    assert np.allclose(labels[trained].sum(axis=2), 1, atol=1e-5)
    assert np.isnan(np.delete(labels, trained, axis=0)).all()
    assert (labels[trained].argmax(axis=2) == many_tracks.labels[trained, None]).mean() > 0.5


def test_an_artists_own_tags_do_not_influence_that_artists_soft_labels(
    many_tracks: TrackSet,
) -> None:
    """Tags that identify the track but not the genre teach nothing about other artists."""
    generator = np.random.default_rng(0)
    taggrams = generator.random((len(many_tracks), 4, 40)).astype(np.float32)
    labels = soft_labels(taggrams, many_tracks, all_segments(many_tracks))
    correct = labels.argmax(axis=2) == many_tracks.labels[:, None]
    assert correct.mean() < 0.4


def test_too_few_tracks_for_cross_validation_have_no_soft_labels(few_tracks: TrackSet) -> None:
    split = split_tracks(few_tracks, "artist")
    labels = soft_labels(informative_taggrams(few_tracks), few_tracks, split.train)
    assert np.isnan(labels).all()
