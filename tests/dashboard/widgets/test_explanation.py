"""Contributions and predictions for the parts of a song are drawn as figures and sentences."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from core.constants import GENRES
from dashboard.services import excerpts
from dashboard.services.excerpts import Excerpt, PartSelection, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.widgets import explanation

JAZZ = ExplanationTarget("jazz")
MASK = np.zeros((1, 72, 128), dtype=bool)


def run(draw: Callable[[], Any]) -> AppTest:
    """Run a page that draws with this function."""
    app = AppTest.from_string("__args[0]()", default_timeout=60)
    app.args = (draw,)
    app.run()
    assert not app.exception
    return app


def excerpt(share: float) -> Excerpt:
    """Excerpt with this probability of jazz."""
    probabilities = np.full(10, (1 - share) / 9)
    probabilities[GENRES.index("jazz")] = share
    return Excerpt(b"fLaC", probabilities)


@pytest.mark.parametrize(("scale", "captions"), [(0.1, 1), (10, 2)])
def test_large_contributions_get_a_second_sentence(scale: float, captions: int) -> None:
    shap_values = scale * np.array([[0.5, -0.3]])
    total = 0.1 + shap_values.sum()
    own = SimpleNamespace(
        base_value=np.array([0.1]),
        mfcc=shap_values[np.newaxis],
        prediction=np.array([total]),
        gap=np.array([0.0]),
    )
    app = run(lambda: explanation.draw_contributions(own, JAZZ))  # type: ignore[arg-type]
    assert f"<td>{100 * total:.1f}\u202f%</td>" in app.get("html")[0].proto.body
    assert len(app.caption) == captions


def test_both_parts_are_interpreted_once_the_whole_song_is_divided() -> None:
    analysis: Any = SimpleNamespace(genres=GENRES)
    selection = PartSelection(JAZZ)
    parts = SongParts(excerpt(0.9), excerpt(0.1), MASK)
    app = run(lambda: explanation.draw_readings(analysis, selection, excerpt(0.6), parts))
    assert app.markdown[1].value == (
        "On the important parts alone (20\u202f%), the network is more confident of jazz than on "
        "the whole song. On everything else, the probability of jazz falls by more than half: the "
        "important parts carry the prediction."
    )
    passage = PassageParts(b"", b"", MASK, 0.0)
    app = run(lambda: explanation.draw_readings(analysis, selection, excerpt(0.6), passage))
    assert app.markdown[1].value == "Available once the whole song is ready."


def test_the_sound_of_the_input_is_computed_on_demand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(excerpts, "network_input_of", lambda *_: b"fLaC")
    song: Any = None
    app = run(lambda: explanation.draw_network_input(song, "cnn", 0))
    assert len(app.get("audio")) == 0
    app.toggle[0].set_value(True).run()
    assert len(app.get("audio")) == 1
