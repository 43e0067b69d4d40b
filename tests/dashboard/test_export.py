"""Downloads contain the same results as the page and need nothing else."""

from __future__ import annotations

import json
import re

import pytest

from dashboard import export
from dashboard.services import explanations, models, songs
from dashboard.services.excerpts import OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.song_results import results_of

TARGET = ExplanationTarget("jazz", "rock")


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_the_results_are_valid_json(chosen: songs.Song) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    selection = PartSelection(TARGET)
    content = json.loads(export.results(chosen, analysis, selection))
    assert content == results_of(chosen, "cnn", selection, silent)


@pytest.mark.parametrize("method", ["attributed", OPTIMISED])
def test_the_report_is_self_contained(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(models, "accuracy", lambda name: (0.655, 290))
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    page = export.report(chosen, analysis, TARGET, 1, PartSelection(TARGET, method)).decode()
    assert "<h2>Why jazz rather than rock at 0:03–0:06?</h2>" in page
    assert "<h1>little song.wav</h1>" in page
    assert "On the important parts alone (20\u202f%)," in page
    assert "Important parts: 20\u202f% of the spectrogram area." in page
    assert ("of a segment is enough to predict" in page) == (method == OPTIMISED)
    assert page.count("<tr><th scope='row'>") == len(analysis.genres)
    assert not re.search(r"""(src|href)=["']https?:""", page)
