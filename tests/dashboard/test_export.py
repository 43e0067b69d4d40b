"""Downloads hold the same figures as the page and need nothing else."""

from __future__ import annotations

import json
import re

import numpy as np
import pytest

from dashboard import export
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.excerpts import OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget

TARGET = ExplanationTarget("jazz", "rock")


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_the_figures_are_those_of_the_page(chosen: songs.Song) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    selection = PartSelection(TARGET, keep=0.3)
    figures = json.loads(export.figures(chosen, analysis, selection))
    assert figures["song"]["name"] == "little song.wav"
    found = figures["explanation"]
    assert (found["target"], found["versus"], found["keep"]) == ("jazz", "rock", 0.3)
    parts = excerpts.song_parts_of(chosen, "cnn", selection, silent)
    jazz = analysis.genres.index("jazz")
    assert found["probability_kept"] == pytest.approx(parts.kept.probabilities[jazz], abs=1e-6)
    assert found["probability_removed"] == pytest.approx(parts.rest.probabilities[jazz], abs=1e-6)
    assert len(found["segments"]) == len(analysis.starts_s)
    for segment in found["segments"]:
        total = segment["base_value"] + np.sum(segment["shap_by_coefficient"]) + segment["gap"]
        assert total == pytest.approx(segment["prediction"], abs=1e-4)


@pytest.mark.parametrize("method", ["attributed", OPTIMISED])
def test_the_report_is_self_contained(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(models, "accuracy", lambda name: (0.655, 290))
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    page = export.report(chosen, analysis, TARGET, 1, PartSelection(TARGET, method)).decode()
    assert "<h2>Why jazz rather than rock at 0:03–0:06?</h2>" in page
    assert "<h1>little song.wav</h1>" in page
    assert "On this 20\u202f% alone" in page or "stays below" in page
    assert ("is enough for the network" in page) == (method == OPTIMISED)
    assert page.count("<tr><th scope='row'>") == len(analysis.genres)
    assert not re.search(r"""(src|href)=["']https?:""", page)
