"""Failures become sentences, and progress appears only while work lasts."""

from __future__ import annotations

import time

import pytest
from streamlit.testing.v1 import AppTest

from dashboard.services import workers
from dashboard.widgets import status


def run(source: str) -> AppTest:
    """Run a page made of these lines."""
    script = f"import streamlit as st\nfrom dashboard.widgets.status import *\n{source}"
    app = AppTest.from_string(script, default_timeout=60).run()
    assert not app.exception
    return app


def test_an_error_of_core_is_shown_with_its_markdown_escaped() -> None:
    app = run(
        "from core.errors import AudioError\n"
        "with failures_as_sentences():\n    raise AudioError('The file *a* is empty.')\n"
        "st.text('below')"
    )
    assert [error.value for error in app.error] == [r"The file \*a\* is empty\."]
    assert app.text[0].value == "below"


def test_details_of_an_unexpected_error_are_only_in_the_log(
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = run("with failures_as_sentences():\n    raise KeyError('secret')")
    (error,) = app.error
    assert error.value.startswith("Something went wrong on the server.")
    assert "secret" not in error.value
    assert "KeyError: 'secret'" in capsys.readouterr().err


def test_progress_disappears_at_the_end_of_its_block() -> None:
    source = (
        "with Progress() as progress:\n    progress('Reading …')\n    progress('Reading …', 0.5)"
    )
    assert len(run(f"{source}\n    st.stop()").get("progress")) == 1
    assert len(run(source).get("progress")) == 0


def test_a_place_is_renewed_only_when_its_content_changes() -> None:
    app = run(
        "content = st.text_input('content', 'a')\n"
        "with renewed('here', content):\n    st.text(content)"
    )
    assert app.session_state["place-here"] == ("a", 1)
    app.run()
    assert app.session_state["place-here"] == ("a", 1)
    app.text_input[0].set_value("b").run()
    assert app.session_state["place-here"] == ("b", 0)
    assert [text.value for text in app.text] == ["b"]


@pytest.mark.parametrize("ready", [False, True])
def test_the_loading_note_is_shown_until_the_networks_are_ready(
    monkeypatch: pytest.MonkeyPatch, ready: bool
) -> None:
    monkeypatch.setattr(type(workers.pool), "ready", ready)
    app = run("if not songs.is_loaded():\n    loading_note()")
    assert len(app.get("html")) == (not ready)


def test_the_time_left_is_that_of_the_present_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two works follow one another; the second one takes twice as long."""
    source = (
        "from dashboard.widgets import status\n"
        "clock = iter([0, 30, 60, 100, 160])\n"
        "status.time = type('Clock', (), {'monotonic': lambda: next(clock)})\n"
        "progress = Progress()\n"
        "for share in (0.0, 0.5, 1.0, 0.0, 0.5):\n    progress('Explaining', share)\n"
    )
    monkeypatch.setattr(status, "time", time)  # restored afterwards
    (bar,) = run(source).get("progress")
    assert bar.proto.text == "Explaining, about 1 minute left"
