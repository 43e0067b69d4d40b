"""Downloaded results are those of the page and the command line; contributions add up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from core.__main__ import main
from core.models.store import load_model, save_model
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.song_results import results_of
from tests.synthetic import tiny_model

SELECTION = PartSelection(ExplanationTarget("jazz", "rock"), keep=0.3)


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_results_are_those_of_the_page(chosen: songs.Song) -> None:
    results = results_of(chosen, "cnn", SELECTION, silent)
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    parts = excerpts.song_parts_of(chosen, "cnn", SELECTION, silent)
    jazz = analysis.genres.index("jazz")
    assert results["song"]["name"] == "little song.wav"
    found = results["explanation"]
    assert (found["target"], found["versus"], found["keep"]) == ("jazz", "rock", 0.3)
    assert found["probability_kept"] == pytest.approx(parts.kept.probabilities[jazz])
    assert found["probability_removed"] == pytest.approx(parts.rest.probabilities[jazz])


def test_the_command_line_writes_the_same_results(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    card = save_model(tiny_model("cnn", seed=1), tmp_path)
    monkeypatch.setattr(models, "model_of", lambda name: load_model(card))
    file = tmp_path / "little song.wav"
    file.write_bytes(chosen.content)
    options = ["--model", str(card), "--explain", "--out", str(tmp_path / "out")]
    assert main(["analyze", str(file), *options]) == 0
    path = tmp_path / "out" / file.stem / "analysis.json"
    expected = json.loads(path.read_text(encoding="utf-8"))
    reason = expected["explanation"]
    selection = PartSelection(ExplanationTarget(reason["target"]), keep=reason["keep"])
    results = results_of(chosen, "cnn", selection, silent)
    for name in ("base_value", "gap", "probability_kept", "probability_removed"):
        assert results["explanation"][name] == pytest.approx(reason[name], abs=1e-6), name
    assert results["verdict"]["genre"] == expected["verdict"]["genre"]
    assert results["verdict"]["probability"] == pytest.approx(
        expected["verdict"]["probability"], abs=1e-6
    )
    for segment, other in zip(results["segments"], expected["segments"], strict=True):
        assert segment["probabilities"] == pytest.approx(other["probabilities"], abs=1e-6)


def test_the_contributions_of_every_segment_add_up(chosen: songs.Song) -> None:
    results = results_of(chosen, "cnn", SELECTION, silent)
    segments = results["explanation"]["segments"]
    assert len(segments) == len(results["segments"])
    for segment in segments:
        total = segment["base_value"] + np.sum(segment["shap_by_coefficient"]) + segment["gap"]
        assert total == pytest.approx(segment["prediction"], abs=1e-4)
