"""The README's tables: units, separated thousands and the notes below them."""

from __future__ import annotations

import json
from typing import Any

from benchmarks.tables import estimator_table, faithfulness_table, mixes_table
from core.constants import EXPLANATION_METHODS, LOCALISATION_METHODS, MODELS_DIR
from tests.mix_results import results as mix_results

GAP = {"mean": 0.004, "max": 0.01}


def cells(row: str) -> list[str]:
    """Split a row of a Markdown table."""
    return [cell.strip() for cell in row.strip("|").split("|")]


def stored(name: str) -> Any:
    return json.loads((MODELS_DIR / name).read_text(encoding="utf-8"))


def test_thousands_are_separated_from_five_digits_on() -> None:
    results = {
        "cnn": {
            "ours": {"error": 0.02, "gradients": 9_999.0, "seconds": 0.2},
            "equal_error": {"gradients": 13_760, "seconds": 6.0},
            "fewer_gradients": 44.0,
            "less_time": 30.0,
            "gap": GAP,
            "song": {"all": 15.0},
        }
    }
    row = cells(estimator_table(results).splitlines()[-1])
    assert row[2] == "9999"
    assert row[4] == "13\u202f760 gradients, 6.0 s"


def test_times_below_the_resolution_are_not_zero() -> None:
    results = stored("faithfulness.json")
    for method, seconds in zip(EXPLANATION_METHODS, (0.004, 0.26), strict=False):
        results["models"]["cnn"]["methods"][method]["seconds"] = seconds
    rows = faithfulness_table(results).splitlines()[2:4]
    assert [cells(row)[-1] for row in rows] == ["< 0.01", "0.26"]


def test_a_note_compares_the_models_on_each_other_s_important_parts() -> None:
    results = stored("faithfulness.json")
    shares = {"original": 0.874, "kept": 0.931, "removed": 0.06}
    cell = {part: {"same_genre": share} for part, share in shares.items()}
    results["across"] = {"cnn": {"cnn_lstm": cell}, "cnn_lstm": {"cnn": cell}}
    notes = [line for line in faithfulness_table(results).splitlines() if line.startswith("- ")]
    assert len(notes) == 2
    assert notes[0].startswith("- From CNN's important parts alone, CNN-LSTM predicts the genre")
    for percentage in ("93\u202f%", "87\u202f%", "6\u202f%"):
        assert percentage in notes[0]


def test_the_table_of_mixes_has_a_row_for_each_method_and_a_column_for_each_model() -> None:
    results = mix_results(default=0.4, chance=0.3)
    results["models"]["gru"] = mix_results(default=0.35, chance=0.3)["models"]["cnn"]
    lines = mixes_table(results).splitlines()
    assert cells(lines[0]) == ["method", "CNN", "GRU"]
    rows = [cells(line) for line in lines[2:] if line.startswith("|")]
    assert [row[0] for row in rows] == list(LOCALISATION_METHODS.values())
    assert rows[0][1:] == ["40.0 (+10.0 [+8.0, +12.0])", "35.0 (+5.0 [+3.0, +7.0])"]
    assert "CNN 120 mixes of 50 target songs, chance 30.0; GRU" in lines[-1]
    del results["models"]["gru"]["kinds"]["all"]["methods"]["lime"]
    assert "| – |" in mixes_table(results)
