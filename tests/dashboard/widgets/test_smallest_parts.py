"""The smallest parts on a page: sentences, sounds and the measured matrix."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import streamlit as st

from core.constants import GENRES
from dashboard.services import measurements
from dashboard.services.smallest_parts import FoundPart, PartsOfSegment
from dashboard.widgets import smallest_parts
from dashboard.widgets.status import Progress

PAIR = ("cnn", "cnn_lstm")


def part(**genres: str) -> FoundPart:
    """A part from which each model predicts a genre."""
    predictions = {
        name: np.where(np.array(GENRES) == genre, 0.91, 0.01) for name, genre in genres.items()
    }
    return FoundPart(0.05, b"fLaC", predictions)


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Texts on the page; the toggle is on, and nothing is stored."""
    texts: list[str] = []
    monkeypatch.setattr(st, "toggle", lambda *_, **__: True)
    for name in ("markdown", "caption", "html"):
        monkeypatch.setattr(st, name, texts.append)
    monkeypatch.setattr(st, "audio", lambda *_, alt, **__: texts.append(alt))
    monkeypatch.setattr(measurements, "transfer", dict)
    monkeypatch.setattr(Progress, "__exit__", lambda *_: None)
    return texts


def found(monkeypatch: pytest.MonkeyPatch, parts: dict[str, PartsOfSegment]) -> Any:
    monkeypatch.setattr(smallest_parts, "smallest_parts_of", lambda *args: parts[args[2]])
    return smallest_parts.draw_smallest_parts(None, PAIR, 1.0)  # type: ignore[arg-type]


def test_each_part_is_told_played_and_compared(
    shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {
        "cnn": PartsOfSegment(
            "jazz", 0.9, part(cnn="jazz", cnn_lstm="jazz"), part(cnn="rock", cnn_lstm="pop")
        ),
        "cnn_lstm": PartsOfSegment("metal", 0.9, part(cnn="pop", cnn_lstm="metal"), None),
    }
    assert found(monkeypatch, parts) == (True, False)
    text = "\n".join(shown)
    assert "CNN-LSTM also predicts jazz (91\u202f%)" in text
    assert "Removing 5\u202f% of the segment changes CNN's prediction from jazz to rock." in text
    assert "CNN predicts pop (91\u202f%)" in text
    assert "CNN-LSTM predicts metal even from silence" in text
    sounds = [each for each in shown if "mallest" in each and "part of" in each and "." not in each]
    assert len(sounds) == 3
    assert "Transfer of the smallest sufficient part has not been measured" in text


def test_without_a_sufficient_part_nothing_is_concluded(
    shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    parts = {
        "cnn": PartsOfSegment("jazz", 0.9, None, None),
        "cnn_lstm": PartsOfSegment("metal", 0.9, part(cnn="pop", cnn_lstm="metal"), None),
    }
    assert found(monkeypatch, parts) is None


def test_the_matrix_has_a_cell_for_each_measured_pair(
    shown: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cell = {"share": 0.5, "interval": [0.35, 0.65]}
    row = {
        "original": {"explained": {**cell, "share": 0.6}},
        "kept": {"explained": cell},
        "random": {"explained": {**cell, "share": 0.1}},
    }
    matrix = {
        "cnn": {"segments": 40, "sufficient": {"area": 0.031}, "others": {"cnn": row, "gru": row}},
        "gru": {"segments": 39, "sufficient": {"area": 0.05}, "others": {"cnn": row}},
    }
    monkeypatch.setattr(measurements, "transfer", lambda: matrix)
    smallest_parts.draw_transfer(("cnn", "gru"))
    notes = [each for each in shown if "smallest sufficient part in 50" in each]
    assert len(notes) == 2
    (table,) = [each for each in shown if "<table>" in each]
    assert table.count("35\u202f%–65\u202f%, whole 60\u202f%, random 10\u202f%") == 3
    assert "<td>–</td>" in table
    assert "<td>40</td><td>39</td>" in table
    assert "<td>3.1\u202f%</td><td>5.0\u202f%</td>" in table
