"""Predictions return from their file as they were, and know which songs they got right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.evaluation.predictions import (
    Predictions,
    index_songs,
    load_predictions,
    on_common_songs,
    predictions_file,
    save_predictions,
)


def random_predictions(seed: int = 0, n: int = 300) -> Predictions:
    """Predictions of a model that is better than chance, for three segments per song."""
    generator = np.random.default_rng(seed)
    labels = np.repeat(np.arange(10), n // 10)
    rows = generator.dirichlet(np.ones(10), n) + 0.3 * np.eye(10)[labels]
    names = np.array([f"song {index}" for index in range(999)])
    songs, names = index_songs(np.arange(n) // 3 + 7, names)
    return Predictions(rows / rows.sum(axis=1, keepdims=True), labels, songs, names)


def test_predictions_survive_the_file_and_songs_keep_their_names(tmp_path: Path) -> None:
    predictions = random_predictions()
    file = predictions_file(tmp_path, "cnn", "artist")
    save_predictions(predictions, file)
    found = load_predictions(file)
    np.testing.assert_allclose(found.probabilities, predictions.probabilities, atol=1e-3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    for name in ("labels", "songs", "names"):
        np.testing.assert_array_equal(getattr(found, name), getattr(predictions, name))
    votes, truths = found.votes
    assert found.names[0] == "song 7"
    np.testing.assert_allclose(votes[1], predictions.probabilities[3:6].mean(axis=0), atol=1e-3)
    assert len(votes) == len(truths) == len(found.names) == 100


def test_a_file_with_other_content_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cnn.artist.answers.npz"
    np.savez(file, labels=np.zeros(3))
    with pytest.raises(ValueError, match="lacks names, probabilities, songs"):
        load_predictions(file)


def test_a_file_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cnn.artist.answers.npz"
    content = dict.fromkeys(("probabilities", "labels", "songs"), np.ones((3, 1)))
    np.savez(file, names=np.array([{"pickled": True}]), allow_pickle=True, **content)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_predictions(file)


def test_song_votes_are_looked_up_by_name() -> None:
    rows = np.zeros((4, 10))
    rows[[0, 1], 2] = 1
    rows[[2, 3], [3, 4]] = 0.9
    predictions = Predictions(
        rows, np.array([2, 2, 5, 5]), np.array([0, 0, 1, 1]), np.array(["a", "b"])
    )
    assert predictions.correct == {"a": True, "b": False}
    assert predictions.accuracy_on(["a"]) == 1
    assert predictions.accuracy_on(["a", "b"]) == 0.5
    with pytest.raises(KeyError):
        predictions.accuracy_on(["c"])


def test_models_with_different_test_sets_are_compared_on_common_songs() -> None:
    def predictions(names: str, correct: str) -> Predictions:
        hits = np.array([name in correct for name in names], dtype=int)
        return Predictions(
            np.eye(2)[hits],
            np.ones(len(names), dtype=int),
            np.arange(len(names)),
            np.array(list(names)),
        )

    found = {"large": predictions("abcd", "bd"), "small": predictions("bc", "bc")}
    smaller, songs, accuracies = on_common_songs(found)
    assert (smaller, songs) == (["small"], 2)
    assert list(accuracies.items()) == [("small", 1.0), ("large", 0.5)]


def test_without_common_songs_there_is_no_comparison() -> None:
    one = Predictions(np.eye(2)[[0]], np.zeros(1, int), np.zeros(1, int), np.array(["a"]))
    other = Predictions(np.eye(2)[[0]], np.zeros(1, int), np.zeros(1, int), np.array(["b"]))
    assert on_common_songs({"one": one, "other": other}) == ([], 0, {})
