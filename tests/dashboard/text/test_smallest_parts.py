"""Sentences about the smallest parts, and the table of transfer."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard.text import smallest_parts

PAIR = ("cnn", "cnn_lstm")


@pytest.mark.parametrize(
    ("genre", "predicts"),
    [("reggae", "also predicts reggae (60\u202f%)"), ("rock", "predicts rock (60\u202f%)")],
)
def test_the_sufficient_part_is_told_with_both_predictions(genre: str, predicts: str) -> None:
    predicted = {"cnn": ("reggae", 0.5), "cnn_lstm": (genre, 0.6)}
    assert smallest_parts.sufficient(PAIR, "cnn", "reggae", 0.05, predicted) == (
        "From 5\u202f% of the segment alone, CNN predicts reggae with 50\u202f%. From the same "
        f"sound, CNN-LSTM {predicts}."
    )


def test_a_segment_may_have_no_smallest_parts() -> None:
    assert "No part of the segment" in smallest_parts.sufficient(PAIR, "cnn", "rock", None, {})
    assert smallest_parts.necessary("cnn", "hiphop", None, "") == (
        "CNN predicts hip-hop even from silence, so no part is necessary."
    )
    assert smallest_parts.necessary("cnn", "hiphop", 0.1, "rock") == (
        "Removing 10\u202f% of the segment changes CNN's prediction from hip-hop to rock."
    )


def row(kept: float = 0.5) -> dict[str, Any]:
    """Predictions of a network for the parts of another one."""
    return {
        "original": {"explained": {"share": 0.6, "interval": [0.4, 0.8]}},
        "kept": {"explained": {"share": kept, "interval": [kept - 0.2, kept + 0.2]}},
        "random": {"explained": {"share": 0.2, "interval": [0.1, 0.3]}},
    }


def test_transfer_is_compared_with_the_whole_segment_and_random_parts() -> None:
    found = {"segments": 40, "others": {"cnn_lstm": row()}}
    assert smallest_parts.transfer_note(found, "cnn", "cnn_lstm") == (
        "CNN-LSTM predicts CNN's genre from CNN's smallest sufficient part in 50\u202f% of 40 test "
        "segments [30\u202f%, 70\u202f%], from the whole segment in 60\u202f%, and from random "
        "parts of the same size in 20\u202f%."
    )


def test_the_matrix_has_a_row_for_every_network_that_classified_a_part() -> None:
    matrix = {
        "cnn": {
            "segments": 40,
            "sufficient": {"area": 0.031},
            "others": {"mlp": row(0.4), "cnn": row(), "gru": row()},
        },
        "gru": {"segments": 39, "sufficient": {"area": 0.05}, "others": {"cnn": row()}},
    }
    header, rows = smallest_parts.transfer_rows(matrix, ["cnn", "svm", "gru", "mlp"])
    assert header == ["Classified by", "Explained: CNN", "Explained: GRU"]
    assert rows[:2] == [["Segments", "40", "39"], ["Area", "3.1\u202f%", "5.0\u202f%"]]
    assert [line[0] for line in rows[2:]] == ["CNN", "GRU", "MLP"]
    assert rows[4] == [
        "MLP",
        "40\u202f%\n20\u202f%–60\u202f%, whole 60\u202f%, random 20\u202f%",
        "–",
    ]
