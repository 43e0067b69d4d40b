"""The teacher: read from its file, and never asked about an artist it was fitted on."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments, all_segments, split_tracks
from core.data.taggrams import read_taggrams
from core.errors import DatasetError
from core.training.augmentation import Augmentation, BatchMaker
from core.training.distillation import soft_labels
from tests.archives import track_set


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    return track_set(tmp_path_factory.mktemp("tracks"), per_side=6)


def telling_taggrams(tracks: TrackSet) -> np.ndarray:
    """Return tags of which one a genre is likely."""
    taggrams = np.full((len(tracks), 4, len(GENRES)), 0.01, dtype=np.float32)
    for track, label in enumerate(tracks.labels):
        taggrams[track, :, label] = 0.9
    return taggrams


def test_taggrams_are_read_by_track_and_missing_ones_are_nan(
    tmp_path: Path, tracks: TrackSet
) -> None:
    file = tmp_path / "tags.npz"
    name = tracks.track_ids[2]
    values = np.random.default_rng(0).random((3, 5)).astype(np.float32)
    np.savez(file, X=values, IDS=np.array([f"{name.split('.')[0]}/{name}.au"] * 3))
    table = read_taggrams([file], tracks)
    assert table is not None
    assert np.array_equal(table[2], values)
    assert np.isnan(table[3]).all()
    assert read_taggrams([], tracks) is None


def test_a_file_without_taggrams_is_refused_in_a_sentence(tmp_path: Path, tracks: TrackSet) -> None:
    file = tmp_path / "tags.npz"
    np.savez(file, other=np.zeros(3))
    with pytest.raises(DatasetError, match="holds no taggrams"):
        read_taggrams([file], tracks)


def test_opinions_are_distributions_for_the_training_side_alone(tracks: TrackSet) -> None:
    split = split_tracks(tracks, "artist")
    opinions = soft_labels(telling_taggrams(tracks), tracks, split.train)
    trained = np.unique(split.train.track)
    assert np.allclose(opinions[trained].sum(axis=2), 1, atol=1e-5)
    assert np.isnan(np.delete(opinions, trained, axis=0)).all()
    assert (opinions[trained].argmax(axis=2) == tracks.labels[trained, None]).mean() > 0.5


def test_what_is_only_in_one_artists_tags_does_not_come_back_to_that_artist(
    tracks: TrackSet,
) -> None:
    """Tags that name the track and not the genre teach nothing about other artists."""
    generator = np.random.default_rng(0)
    taggrams = generator.random((len(tracks), 4, 40)).astype(np.float32)
    segments = all_segments(tracks)
    opinions = soft_labels(taggrams, tracks, segments)
    right = opinions.argmax(axis=2) == tracks.labels[:, None]
    assert right.mean() < 0.4


def test_targets_are_part_word_part_opinion(tracks: TrackSet) -> None:
    opinions = np.full((len(tracks), 4, len(GENRES)), np.nan, dtype=np.float32)
    opinions[0] = 0.1
    plain = Augmentation(mixup=0, softened=0.5)
    maker = BatchMaker(
        tracks,
        Segments(np.array([0]), np.array([0])),
        np.zeros(13),
        np.ones(13),
        plain,
        batch_size=4,
        seed=0,
        taggrams=telling_taggrams(tracks),
        opinions=opinions,
    )
    genres = maker.batch()[1].numpy()
    assert np.allclose(genres[:, tracks.labels[0]], 0.55)
    assert np.allclose(genres.sum(axis=1), 1)
