"""The README's tables of novelty, order and transfer: cells, notes and entries left out."""

from __future__ import annotations

from typing import Any

from benchmarks.experiment_tables import (
    current_weights,
    measured_now,
    novelty_table,
    order_table,
    transfer_table,
)
from core.models.store import load_spectrogram_model
from tests.novelty_results import content

WEIGHTS = {"cnn": "abc", "gru": "def", "musicnn": "other", "crnn": "xyz"}


def cells(row: str) -> list[str]:
    """Split a row of a Markdown table."""
    return [cell.strip() for cell in row.strip("|").split("|")]


def rows(table: str) -> list[list[str]]:
    """Rows below the header."""
    return [cells(line) for line in table.splitlines()[2:] if line.startswith("|")]


def part(accuracy: float, change: float) -> dict[str, Any]:
    return {
        "segment": {
            "accuracy": accuracy,
            "change": change,
            "change_interval": [change - 0.02, change + 0.01],
        }
    }


def order_entry(weights: str, segments: int) -> dict[str, Any]:
    return {
        "weights": weights,
        "songs": 290,
        "segments": segments,
        "shuffles": 3,
        "original": part(0.6, 0),
        "backwards": part(0.61, 0.01),
        "shuffled": {"1": part(0.37, -0.23), "16": part(0.5, -0.1)},
        "timing": {
            "segments": 100,
            "half_share": {"mean": 0.318, "interval": [0.31, 0.32]},
            "frame_ms": 41.5,
            "lag_ms": -82.99,
            "lag_interval_ms": [-82.99, 41.5],
            "correlation": 0.083,
            "chance": 0.043,
        },
    }


def predictions(weights: str, share: float) -> dict[str, Any]:
    kept, whole, random = (
        {"explained": {"share": value, "interval": [value - 0.1, value + 0.1]}}
        for value in (share, 0.55, 0.2)
    )
    return {"weights": weights, "kept": kept, "original": whole, "random": random}


def test_only_entries_of_the_current_weights_are_shown_in_the_order_of_the_registry() -> None:
    entries = {name: {"weights": digest} for name, digest in (("gru", "def"), ("cnn", "abc"))}
    assert list(measured_now(entries, WEIGHTS)) == ["cnn", "gru"]
    assert list(measured_now(entries | {"cnn": {"weights": "old"}}, WEIGHTS)) == ["gru"]
    assert measured_now({"nobody": {"weights": None}}, {}) == {}


def test_the_current_weights_are_those_of_the_cards() -> None:
    assert current_weights()["mlp"] == load_spectrogram_model("mlp").card["weights"]["sha256"]


def test_novelty_has_a_row_for_each_score_and_a_note_on_the_other_sets() -> None:
    table = novelty_table(content(), WEIGHTS)
    assert rows(table) == [
        [
            "CNN",
            "0.982 [0.970, 0.990]",
            "95.0 [90.0, 98.0]",
            "2.8 [1.0, 5.0]",
            "0.707 [0.670, 0.740]",
            "92.2 [88.5, 94.8]",
            "2.17",
        ]
    ]
    assert "were the score: CNN 0.62 and 0.55." in table
    assert table.endswith("in turn: SVM 3.40 (90.0 %).")
    assert not rows(novelty_table(content(), {}))


def test_order_has_changes_in_points_and_the_lag_with_its_interval() -> None:
    results = {
        "seed": 0,
        "chunks": [1, 16],
        "models": {
            "crnn": order_entry("xyz", 290),
            "gru": order_entry("def", 2900),
            "cnn": order_entry("abc", 2900),
            "mlp": order_entry("old", 2900),
        },
    }
    table = order_table(results, WEIGHTS)
    found = rows(table)
    assert [row[0] for row in found] == ["CNN", "GRU", "CRNN"]
    assert found[0][1:] == [
        "0.600",
        "-23.0 [-25.0, -22.0]",
        "+1.0 [-1.0, +2.0]",
        "31.8 [31.0, 32.0]",
        "0.08 (0.04)",
        "-83 [-83, 42]",
    ]
    assert "Segments by model: 2900: CNN, GRU; 290: CRNN." in table
    assert not rows(order_table(results, {}))


def test_transfer_has_a_column_for_each_explained_network() -> None:
    results = {
        "seed": 0,
        "explained": {
            "cnn": {
                "weights": "abc",
                "segments": 40,
                "sufficient": {"area": 0.029},
                "others": {
                    "musicnn": predictions("old", 0.1),
                    "gru": predictions("def", 0.5),
                    "cnn": predictions("abc", 1.0),
                },
            },
            "gru": {
                "weights": "def",
                "segments": 38,
                "sufficient": {"area": 0.05},
                "others": {"gru": predictions("def", 0.9)},
            },
            "musicnn": {"weights": "old", "others": {}},
        },
    }
    table = transfer_table(results, WEIGHTS)
    assert cells(table.splitlines()[0]) == ["classified by", "explained: CNN", "explained: GRU"]
    assert rows(table) == [
        ["CNN", "100 [90, 110] (55, 20)", "–"],
        ["GRU", "50 [40, 60] (55, 20)", "90 [80, 100] (55, 20)"],
    ]
    assert "Mean area of the parts: CNN 2.9 %, GRU 5.0 %. 38 to 40 test segments" in table
    assert not rows(transfer_table(results, {}))
