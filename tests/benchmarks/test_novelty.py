"""The novelty benchmark measures detection and coverage, and chooses without the test set."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import novelty
from benchmarks.novelty_measures import left_out, non_music, sets_of_card, sets_of_folds
from benchmarks.novelty_sources import LeftOut, left_out_of
from core.constants import GENRES
from core.evaluation.predictions import Predictions
from core.training.novelty import CANDIDATES, SongSet


def predictions(n: int = 200, seed: int = 0) -> Predictions:
    """Predictions of a model that is right in about half of the songs."""
    random = np.random.default_rng(seed)
    labels = np.arange(n) % 10
    rows = random.dirichlet(np.ones(10), n) + 0.25 * np.eye(10)[labels]
    names = np.array([f"{GENRES[label]}.{index:05d}" for index, label in enumerate(labels)])
    return Predictions(rows / rows.sum(axis=1, keepdims=True), labels, np.arange(n), names)


def test_recordings_above_one_are_detected_and_songs_above_one_turned_away() -> None:
    known, strange = np.linspace(0, 1.05, 40), np.array([0.5, 1.5, 2.0, np.inf])
    found = non_music((known, strange), (known, strange[::-1]), ["a", "a", "b", "b"])
    assert found["detected"]["share"] == 0.75
    assert found["by_kind"] == {"a": 0.5, "b": 1.0}
    assert found["turned_away"]["n"] == 40
    assert found["turned_away"]["share"] == pytest.approx((known > 1).mean())
    assert found["roc"]["detected"][-1] == 1
    assert found["interval"][0] <= found["auroc"] <= found["interval"][1]
    assert found["largest_probability"]["auroc"] == pytest.approx(found["auroc"])


def test_the_area_of_left_out_genres_is_their_mean() -> None:
    easy = (np.arange(10.0), np.arange(10.0, 15.0))
    chance = (np.arange(10.0), np.arange(10.0))
    found = left_out({"jazz": easy, "pop": chance}, {"jazz": chance, "pop": chance})
    assert found["genres"] == {"jazz": 1.0, "pop": 0.5}
    assert found["auroc"] == 0.75
    assert found["largest_probability"]["auroc"] == 0.5


def test_sets_of_a_card_leave_out_novel_songs() -> None:
    stored = predictions()
    novel = {str(name): 2.0 for name in stored.names[:50]}
    found = sets_of_card(stored, 0.5, novel)
    assert found["n"] == 150
    assert found["threshold"] == 0.5
    assert sets_of_card(stored, 0.5)["n"] == 200


def test_sets_without_a_threshold_are_calibrated_on_other_artists_of_the_test_set() -> None:
    found = sets_of_folds(predictions(400))
    assert found["n"] == 400
    assert found["coverage"] == pytest.approx(0.9, abs=0.05)
    assert "threshold" not in found


def song_set(shift: float, labels: np.ndarray, seed: int) -> SongSet:
    """Songs of two segments each, whose sound and hidden layer lie around `shift`."""
    random = np.random.default_rng(seed)
    songs = np.repeat(np.arange(len(labels)), 2)
    probabilities = random.dirichlet(np.ones(10), len(songs))
    return SongSet(
        shift + random.standard_normal((len(songs), 6)),
        songs,
        shift + random.standard_normal((len(songs), 5)),
        probabilities,
        songs,
        labels,
    )


@pytest.fixture
def task() -> LeftOut:
    """A genre far from the others, left out; validation and test set have songs of both kinds."""
    known, strange = np.zeros(60, int), np.ones(20, int)

    def mixed(seed: int) -> SongSet:
        one, other = song_set(0, known, seed), song_set(4, strange, seed + 1)
        return SongSet(
            np.concatenate([one.description, other.description]),
            np.concatenate([one.described, 60 + other.described]),
            np.concatenate([one.hidden, other.hidden]),
            np.concatenate([one.probabilities, other.probabilities]),
            np.concatenate([one.songs, 60 + other.songs]),
            np.concatenate([known, strange]),
        )

    sets = {
        "known": song_set(0, known, 0),
        "strange": song_set(4, strange, 1),
        "valid": mixed(2),
        "test": mixed(4),
    }
    return left_out_of(sets, 1)


def test_the_variant_is_chosen_on_training_and_validation_songs(task: LeftOut) -> None:
    assert len(task.chosen_on[0]) == 60  # validation songs of the other genre
    assert len(task.chosen_on[1]) == 40  # training and validation songs of the genre
    assert [len(parts) for parts in task.measured_on] == [60, 20]
    strange = task.chosen_on[1]
    found = novelty.choice({"jazz": task}, task.chosen_on[0], strange)
    assert found["best"] in CANDIDATES
    assert found["left_out"]["sound"] > 0.95
    assert found["no_music"]["sound"] > 0.95
    measured = novelty.measured_left_out({"jazz": task}, "cnn")
    assert measured["auroc"] > 0.9
    assert measured["largest_probability"]["auroc"] < 0.75


def test_a_missing_speech_program_is_announced(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def stop(file: Any) -> None:
        raise SystemExit

    monkeypatch.setattr(novelty, "has_speech", lambda: False)
    monkeypatch.setattr(novelty, "read_archive", stop)
    monkeypatch.setattr("sys.argv", ["novelty.py", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        novelty.main()
    assert "espeak-ng is not installed: speech will be MISSING" in capsys.readouterr().out
