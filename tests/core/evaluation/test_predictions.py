"""Predictions return from their file as they were, and know which songs they got right."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.evaluation.predictions import (
    PREDICTIONS_FILE,
    Predictions,
    index_songs,
    list_predictions,
    load_predictions,
    on_common_songs,
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
    save_predictions(predictions, tmp_path, "cnn", "artist")
    found = load_predictions(tmp_path, "cnn", "artist")
    np.testing.assert_allclose(found.probabilities, predictions.probabilities, atol=1e-3)
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    for name in ("labels", "songs", "names"):
        np.testing.assert_array_equal(getattr(found, name), getattr(predictions, name))
    votes, truths = found.votes
    assert found.names[0] == "song 7"
    np.testing.assert_allclose(votes[1], predictions.probabilities[3:6].mean(axis=0), atol=1e-3)
    assert len(votes) == len(truths) == len(found.names) == 100


def stored_keys(folder: Path) -> list[str]:
    with np.load(folder / PREDICTIONS_FILE, allow_pickle=False) as stored:
        return stored.files


def test_models_with_the_same_segments_share_their_songs_and_labels(tmp_path: Path) -> None:
    first = random_predictions()
    second = Predictions(first.probabilities[::-1], first.labels, first.songs, first.names)
    save_predictions(first, tmp_path, "cnn", "artist")
    save_predictions(second, tmp_path, "svm", "artist")
    save_predictions(random_predictions(n=150), tmp_path, "svm", "track")
    assert list_predictions(tmp_path) == [("cnn", "artist"), ("svm", "artist"), ("svm", "track")]
    assert len(stored_keys(tmp_path)) == 3 + 2 * 3
    found = load_predictions(tmp_path, "svm", "artist")
    np.testing.assert_allclose(found.probabilities, second.probabilities, atol=1e-3)
    assert len(load_predictions(tmp_path, "svm", "track").labels) == 150


def test_replaced_predictions_leave_nothing_behind_and_the_others_as_they_were(
    tmp_path: Path,
) -> None:
    save_predictions(random_predictions(), tmp_path, "cnn", "artist")
    save_predictions(random_predictions(n=150), tmp_path, "svm", "artist")
    before = load_predictions(tmp_path, "cnn", "artist")
    save_predictions(random_predictions(seed=1), tmp_path, "svm", "artist")
    after = load_predictions(tmp_path, "cnn", "artist")
    np.testing.assert_array_equal(after.probabilities, before.probabilities)
    assert len(stored_keys(tmp_path)) == 2 + 3
    assert [path.name for path in tmp_path.iterdir()] == [PREDICTIONS_FILE]


def test_equal_predictions_make_equal_files_in_whatever_order(tmp_path: Path) -> None:
    for folder, names in (("a", ("cnn", "svm")), ("b", ("svm", "cnn"))):
        for seed, name in enumerate(sorted(names)):
            save_predictions(random_predictions(seed), tmp_path / folder, name, "artist")
    files = [(tmp_path / folder / PREDICTIONS_FILE).read_bytes() for folder in "ab"]
    assert files[0] == files[1]


def test_missing_predictions_are_named(tmp_path: Path) -> None:
    assert list_predictions(tmp_path) == []
    with pytest.raises(OSError, match="No such file"):
        load_predictions(tmp_path, "cnn", "artist")
    save_predictions(random_predictions(), tmp_path, "cnn", "artist")
    with pytest.raises(ValueError, match="has no predictions of cnn/track"):
        load_predictions(tmp_path, "cnn", "track")


def test_predictions_without_their_songs_are_refused(tmp_path: Path) -> None:
    arrays = {"cnn/artist/0a": np.ones((3, 10)), "0a/labels": np.zeros(3)}
    np.savez(tmp_path / PREDICTIONS_FILE, allow_pickle=False, **arrays)
    with pytest.raises(ValueError, match="lacks the songs, names of cnn/artist"):
        load_predictions(tmp_path, "cnn", "artist")


def test_a_file_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    content = dict.fromkeys(("cnn/artist/0a", "0a/labels", "0a/songs"), np.ones((3, 1)))
    content["0a/names"] = np.array([{"pickled": True}])
    np.savez(tmp_path / PREDICTIONS_FILE, allow_pickle=True, **content)
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load_predictions(tmp_path, "cnn", "artist")


@pytest.mark.parametrize("kept", [0.3, 0.99])
def test_a_truncated_file_is_refused_and_not_overwritten(tmp_path: Path, kept: float) -> None:
    predictions = random_predictions()
    save_predictions(predictions, tmp_path, "cnn", "artist")
    file = tmp_path / PREDICTIONS_FILE
    content = file.read_bytes()[: int(kept * file.stat().st_size)]
    file.write_bytes(content)
    with pytest.raises(ValueError, match=r"predictions\.npz is damaged"):
        load_predictions(tmp_path, "cnn", "artist")
    with pytest.raises(ValueError, match=r"predictions\.npz is damaged"):
        save_predictions(predictions, tmp_path, "svm", "artist")
    assert file.read_bytes() == content


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
