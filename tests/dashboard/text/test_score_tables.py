"""Tables of scores have a figure for everything that was measured, and say what is comparable."""

from __future__ import annotations

import json
from typing import Any

import pytest

from core.constants import MODELS_DIR
from dashboard.text import score_tables

PART = {
    "accuracy": 0.655,
    "interval": [0.599, 0.708],
    "macro_f1": 0.638,
    "log_loss": 1.17,
    "ece": 0.026,
}
SCORE: dict[str, Any] = {
    "reported": 0.82,
    "test": {"tracks": 290, "song": PART, "segment": PART},
    "bytes": 4_100_000,
    "ms_per_segment": 1.7,
}


def test_a_row_has_a_cell_for_every_column() -> None:
    scores = {"artist": SCORE, "track": SCORE, "segment": SCORE}
    row = score_tables.leaderboard_row("cnn", scores, starred=False)
    cell = "0.655\n0.60–0.71, n = 290"
    assert row == ["CNN", "0.82", cell, "0.638", "1.170", "0.026", cell, cell, "4.1", "1.7"]
    assert len(row) == len(score_tables.LEADERBOARD)


def test_missing_figures_are_dashes() -> None:
    bare = {"test": SCORE["test"]}
    row = score_tables.leaderboard_row(
        "cnn", {"artist": bare, "track": None, "segment": None}, starred=True
    )
    assert row[0] == "CNN*"
    assert [row[place] for place in (1, 6, 7, 8, 9)] == ["–"] * 5


def test_notes_tell_which_figures_are_not_comparable() -> None:
    fold = {"song": {"mean": 0.668, "deviation": 0.05}, "tracks": 919}
    scores = {"cnn": SCORE, "musicnn": SCORE, "ensemble": {**SCORE, "members": {"cnn": 0.26}}}
    notes = score_tables.leaderboard_notes(scores, {"cnn": fold}, ["cnn"], 178, {"cnn": 0.584})
    assert [note.split()[0] for note in notes] == ["\\*", "MSD-musicnn", "Average", "Five-fold"]
    assert "on only the 178 songs whose audio is available" in notes[0]
    assert "CNN 0.584" in notes[0]
    assert "CNN 0.668 ± 0.050 on 919 songs" in notes[3]
    assert score_tables.leaderboard_notes({"cnn": SCORE}, {}, [], 0, {}) == []


@pytest.mark.parametrize("area", ["0.1", "0.2", "0.3"])
def test_every_measured_ranking_has_a_row(area: str) -> None:
    measured = json.loads((MODELS_DIR / "faithfulness.json").read_text(encoding="utf-8"))
    for model in measured["models"].values():
        rows = score_tables.ranking_rows(model["methods"], area)
        assert len(rows) == len(model["methods"])
        assert {len(row) for row in rows} == {len(score_tables.RANKING_TABLE)}
        low, high = model["methods"]["shap"]["intervals"][area]["AI"]
        fast = [row for row in model["methods"].values() if row["seconds"] < 0.005]
        assert [row[-1] for row in rows].count("<\u202f0.01") == len(fast)
        assert rows[0][1].endswith(f"({low:.1f}–{high:.1f})")
