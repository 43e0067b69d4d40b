"""A song comes from the examples, and a new song resets the choices about the last one."""

from __future__ import annotations

from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import songs, workers
from dashboard.widgets.song_picker import FILE_TYPES, FORMATS

PAGE = """
import streamlit as st
from dashboard.widgets.song_picker import choose_song
song = choose_song("Purpose of the page")
st.text(song.title if song else "none")
"""


@pytest.fixture(autouse=True)
def _ready(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the page think that the networks are loaded."""
    monkeypatch.setattr(type(workers.pool), "ready", True)


def run(**session: Any) -> AppTest:
    """Run the page with values in the session."""
    app = AppTest.from_string(PAGE, default_timeout=60)
    for key, value in session.items():
        app.session_state[key] = value
    app.run()
    assert not app.exception
    return app


def test_an_example_is_chosen_and_unchosen() -> None:
    app = run(segment=3, target="jazz")
    assert app.text[0].value == "none"
    title = songs.examples()[1]["title"]
    app.button_group[0].select(title).run()
    assert app.text[0].value == title
    assert "segment" not in app.session_state, "choices about the last song are reset"
    app.button_group[0].unselect(title).run()
    assert app.text[0].value == "none"


def test_a_link_to_a_missing_song_is_explained() -> None:
    (note,) = run(**{"song-is-lost": True}).info
    assert "please upload the song again" in note.value
    assert len(run().info) == 0


def test_the_help_names_every_format() -> None:
    names = {name.strip(",").lower() for name in FORMATS.split()} - {"and"}
    assert names == set(FILE_TYPES) - {"aif"}, "AIF is short for AIFF"
