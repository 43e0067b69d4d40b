"""The figures for download are those of the page, and contributions add up."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.services import excerpts, explanations, songs
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.figures import figures_of

SELECTION = PartSelection(ExplanationTarget("jazz", "rock"), keep=0.3)


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_figures_are_those_of_the_page(chosen: songs.Song) -> None:
    figures = figures_of(chosen, "cnn", SELECTION, silent)
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    parts = excerpts.song_parts_of(chosen, "cnn", SELECTION, silent)
    jazz = analysis.genres.index("jazz")
    assert figures["song"]["name"] == "little song.wav"
    found = figures["explanation"]
    assert (found["target"], found["versus"], found["keep"]) == ("jazz", "rock", 0.3)
    assert found["probability_kept"] == pytest.approx(parts.kept.probabilities[jazz])
    assert found["probability_removed"] == pytest.approx(parts.rest.probabilities[jazz])


def test_the_contributions_of_every_segment_add_up(chosen: songs.Song) -> None:
    figures = figures_of(chosen, "cnn", SELECTION, silent)
    segments = figures["explanation"]["segments"]
    assert len(segments) == len(figures["segments"])
    for segment in segments:
        total = segment["base_value"] + np.sum(segment["shap_by_coefficient"]) + segment["gap"]
        assert total == pytest.approx(segment["prediction"], abs=1e-4)
