"""Scores are stored entry by entry, and hold the report and the curves of each genre."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.constants import GENRES, PROTOCOLS
from core.evaluation.metrics import evaluate
from core.evaluation.scores import (
    POINTS,
    SCORES_FILE,
    details,
    load_scores,
    save_scores,
    summary,
    training_times,
)

PERFECT = np.repeat(np.eye(10), 4, axis=0)  # two songs per genre, two segments per song
LABELS = np.repeat(np.arange(10), 4)
SONGS = np.repeat(np.arange(20), 2)


def test_entries_are_added_replaced_and_sorted(tmp_path: Path) -> None:
    assert load_scores(tmp_path) == {}
    save_scores(tmp_path, "mlp/artist", {"epochs": 1})
    save_scores(tmp_path, "cnn/artist", {"epochs": 2})
    save_scores(tmp_path, "mlp/artist", {"epochs": 3})
    assert load_scores(tmp_path) == {"cnn/artist": {"epochs": 2}, "mlp/artist": {"epochs": 3}}
    assert list(load_scores(tmp_path)) == ["cnn/artist", "mlp/artist"]


def test_scores_that_are_not_numbers_are_not_written(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="JSON compliant"):
        save_scores(tmp_path, "cnn/artist", {"accuracy": float("nan")})
    assert not (tmp_path / SCORES_FILE).exists()


def test_a_perfect_model_has_perfect_details() -> None:
    found = details(PERFECT, LABELS, SONGS)
    assert set(found["report"]) == set(GENRES)
    assert found["report"]["jazz"] == {"precision": 1, "recall": 1, "f1": 1, "songs": 2}
    assert found["average_precision"]["mean"] == found["roc_area"]["mean"] == 1
    assert found["precision_at_recall"]["jazz"][:-1] == [1.0] * (len(POINTS) - 1)
    assert found["true_at_false_positives"]["jazz"] == [1.0] * len(POINTS)
    json.dumps(found, allow_nan=False)


def test_genres_without_songs_have_no_curves() -> None:
    chosen = GENRES.index("jazz") != LABELS
    found = details(PERFECT[chosen], LABELS[chosen], SONGS[chosen])
    assert found["report"]["jazz"]["songs"] == 0
    for curve in ("average_precision", "roc_area", "precision_at_recall"):
        assert "jazz" not in found[curve]


def test_details_refuse_what_the_metrics_refuse() -> None:
    with pytest.raises(ValueError, match="sum to one"):
        details(2 * PERFECT, LABELS, SONGS)


def test_the_summary_names_model_protocol_and_accuracies() -> None:
    line = summary("cnn", "artist", evaluate(PERFECT, LABELS, SONGS))
    assert line.startswith("cnn, artist: 20 tracks; segment accuracy 1.000")
    assert "song vote 1.000 [" in line
    assert "\n" not in line


def test_training_times_are_a_table_of_minutes(tmp_path: Path) -> None:
    save_scores(tmp_path, "cnn/artist", {"training_s": 90})
    save_scores(tmp_path, "cnn/segment", {"training_s": 600})
    save_scores(tmp_path, "musicnn/artist", {})
    lines = training_times(tmp_path, ["cnn", "musicnn"], PROTOCOLS).splitlines()
    assert lines[0].split()[-3:] == list(PROTOCOLS)
    assert [line.split() for line in lines[1:]] == [["cnn", "1.5", "-", "10.0"]]
