"""Novelty scores are scaled by held-out songs, and genre sets calibrated on those that fit."""

from __future__ import annotations

import numpy as np
import pytest

from core.training.novelty import (
    CANDIDATES,
    CHOSEN_GROUPS,
    DEFAULT_GROUPS,
    SongSet,
    calibrated,
    genre_sets,
    groups_of,
    held_out_songs,
    left_out_areas,
    scaled_by,
    unscaled,
)


def song_set(n: int, seed: int, shift: float = 0.0) -> SongSet:
    """Songs of three segments; a model is right in about two thirds of them."""
    random = np.random.default_rng(seed)
    labels = random.integers(10, size=n)
    songs = np.repeat(np.arange(n), 3)
    guesses = np.where(random.random(n) < 0.6, labels, random.integers(10, size=n))
    rows = random.dirichlet(np.ones(10), 3 * n) + 0.3 * np.eye(10)[guesses[songs]]
    return SongSet(
        shift + random.standard_normal((3 * n, 8)),
        songs,
        shift + random.standard_normal((3 * n, 6)),
        rows / rows.sum(axis=1, keepdims=True),
        songs,
        labels,
    )


@pytest.fixture
def folds() -> list[tuple[SongSet, SongSet]]:
    return [(song_set(100, 0), song_set(60, 1)), (song_set(100, 2), song_set(60, 3))]


def test_only_songs_with_sound_and_responses_count() -> None:
    whole = song_set(5, 0)
    partial = SongSet(
        whole.description[:9],
        whole.described[:9],
        whole.hidden[3:],
        whole.probabilities[3:],
        whole.songs[3:],
        whole.labels,
    )
    assert partial.members.tolist() == [1, 2]
    assert partial.truths.tolist() == whole.labels[1:3].tolist()
    np.testing.assert_allclose(partial.votes[0], whole.probabilities[3:6].mean(axis=0))
    assert partial.parts(unscaled(whole)).shape == (2, 3)


def test_held_out_songs_of_all_folds_are_collected(folds: list[tuple[SongSet, SongSet]]) -> None:
    found = held_out_songs(folds)
    assert found.parts.shape == (120, 3)
    np.testing.assert_allclose(found.parts[60:], folds[1][1].parts(unscaled(folds[1][0])))
    np.testing.assert_array_equal(found.truths[:60], folds[0][1].truths)


@pytest.mark.parametrize("variant", CANDIDATES)
def test_at_most_one_in_twenty_held_out_songs_is_too_novel(
    folds: list[tuple[SongSet, SongSet]], variant: str
) -> None:
    held_out = held_out_songs(folds)
    score = scaled_by(unscaled(song_set(200, 4)), held_out.parts, CANDIDATES[variant])
    novelty = score.combine(held_out.parts)
    assert 0.02 <= (novelty > 1 + 1e-9).mean() <= 0.05
    assert score.weights.shape == (len(CANDIDATES[variant]), 3)


def test_strange_songs_are_more_novel_than_new_songs_of_the_same_kind(
    folds: list[tuple[SongSet, SongSet]],
) -> None:
    held_out = held_out_songs(folds)
    score, sets = calibrated(song_set(200, 4), held_out, groups_of("cnn"))
    new, strange = (score.combine(song_set(100, 5, shift).parts(score)) for shift in (0.0, 5.0))
    assert (new > 1).mean() < 0.15
    assert (strange > 1).all()
    assert sets["songs"] == (score.combine(held_out.parts) < 1 + 1e-9).sum()
    assert 0 < sets["threshold"] < 1


def test_genre_sets_are_calibrated_to_nine_in_ten() -> None:
    songs = song_set(2_000, 0)
    found = genre_sets(songs.votes, songs.truths)
    assert found["level"] == 0.9
    assert found["songs"] == 2_000
    easier = genre_sets(np.eye(10)[songs.truths] * 0.9 + 0.01, songs.truths)
    assert easier["threshold"] < found["threshold"]


def test_a_threshold_beyond_all_genres_becomes_one() -> None:
    songs = song_set(5, 0)  # too few songs for a promise of 90 %
    assert genre_sets(songs.votes, songs.truths)["threshold"] == 1


def test_variants_that_contain_the_part_that_differs_have_large_areas() -> None:
    known, strange = np.zeros((40, 3)), np.zeros((40, 3))
    random = np.random.default_rng(0)
    known += random.standard_normal(known.shape)
    strange += random.standard_normal(strange.shape)
    strange[:, 1] += 4  # only the hidden layer differs
    areas = left_out_areas(unscaled(song_set(20, 0)), known, strange, CANDIDATES)
    assert set(areas) == set(CANDIDATES)
    assert areas["sound"] < 0.7 < areas["max(sound, hidden)"]


def test_every_model_has_one_of_the_variants() -> None:
    assert DEFAULT_GROUPS in CANDIDATES
    assert set(CHOSEN_GROUPS.values()) <= set(CANDIDATES)
    assert groups_of("svm") == CANDIDATES[DEFAULT_GROUPS]
