"""Controls return valid choices, whatever the session held before."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.models.registry import TITLES
from dashboard.services import feature_models
from dashboard.services.excerpts import OPTIMISED


def run(source: str, **session: Any) -> AppTest:
    """Run a page made of these lines, with values in the session."""
    script = f"import streamlit as st\nfrom dashboard.widgets.controls import *\n{source}"
    app = AppTest.from_string(script, default_timeout=60)
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


@pytest.mark.parametrize(("before", "after"), [(None, "a"), ("nonsense", "a"), ("b", "b")])
def test_an_invalid_option_becomes_the_default(before: str | None, after: str) -> None:
    session = {} if before is None else {"letter": before}
    app = run("st.text(choose_option('Letter', {'a': 'A', 'b': 'B'}, 'a', 'letter'))", **session)
    assert app.text[0].value == after


def test_few_models_are_buttons_and_many_are_a_list() -> None:
    few = run("st.text(choose_model(['cnn', 'cnn_lstm']))", model="nonsense")
    assert few.text[0].value == "cnn"
    assert list(few.button_group[0].options) == ["CNN", "CNN-LSTM"]
    many = run(f"st.text(choose_model({list(TITLES)[:6]}))", model="gru")
    assert many.text[0].value == "gru"
    assert len(many.selectbox[0].options) == 6


def test_the_two_models_of_a_comparison_differ(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(feature_models, "needs_yamnet", lambda name: name.startswith("yamnet"))
    app = run("st.text(choose_pair())", model="cnn_lstm", rival="cnn_lstm")
    assert app.text[0].value == "('cnn_lstm', 'cnn')"
    first, second = app.selectbox
    assert set(first.options) - set(second.options) == {"CNN-LSTM"}
    assert "YAMNet-CNN (download required)" in first.options


TARGET = """
from types import SimpleNamespace
import numpy as np
genres = ("blues", "jazz", "rock")
shares = np.array([[0.2, 0.7, 0.1], [0.5, 0.3, 0.2]])
analysis = SimpleNamespace(
    genres=genres, genre="jazz", song_probabilities=shares.mean(axis=0),
    probabilities=shares, starts_s=np.array([0.0, 3.0]),
)
target = choose_target(analysis)
st.text((target, choose_rival(analysis, target), chosen_segment(analysis, target)))
"""


@pytest.mark.parametrize(
    ("session", "choice"),
    [
        ({}, ("jazz", "", 0)),
        ({"target": "blues"}, ("jazz", "", 0)),
        ({"target": "blues", "target-is-chosen": True}, ("blues", "", 1)),
        ({"target": "polka", "target-is-chosen": True, "versus": "jazz"}, ("jazz", "", 0)),
        ({"versus": "rock", "segment": 1}, ("jazz", "rock", 1)),
        ({"segment": 7}, ("jazz", "", 0)),
    ],
    ids=str,
)
def test_the_predicted_genre_is_explained_until_one_is_chosen(
    session: dict[str, Any], choice: tuple[str, str, int]
) -> None:
    app = run(TARGET, **session)
    assert app.text[0].value == str(choice)
    genre, rival = app.selectbox
    assert genre.options[1] == "Jazz, 50\u202f% (prediction)"
    assert rival.options[0] == "All genres"


SELECTION = """
from dashboard.services.explanations import ExplanationTarget
selection = choose_selection(ExplanationTarget("jazz", "rock"))
st.text((selection.method, selection.keep, selection.of))
"""


def test_the_selection_starts_with_a_fifth_of_the_area() -> None:
    app = run(SELECTION, keep=33, method="nonsense", share="nonsense")
    assert app.text[0].value == "('attributed', 0.2, 'area')"
    assert not app.selectbox[0].disabled
    app.select_slider[0].set_value(35).run()
    assert app.text[0].value == "('attributed', 0.35, 'area')"


def test_a_sufficient_region_is_always_a_share_of_the_area() -> None:
    app = run(SELECTION, method=OPTIMISED, share="evidence")
    assert app.text[0].value == f"('{OPTIMISED}', 0.2, 'area')"
    assert app.selectbox[0].disabled
    assert "alone convinces the network" in app.caption[0].value
