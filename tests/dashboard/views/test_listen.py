"""The page *Listen* without a browser: it explains, stops, continues and divides a song."""

from __future__ import annotations

import time
from typing import Any

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest
from streamlit.testing.v1.element_tree import Button

from core.constants import PROJECT_DIR
from dashboard.services import excerpts, models, songs, workers
from dashboard.services.preparation import Phase

WAIT_S = 30


@pytest.fixture
def page(chosen: songs.Song, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The page with a chosen song, which counts as a long one."""
    monkeypatch.setattr(workers.pool, "start", lambda: None)
    monkeypatch.setattr(models, "accuracy", lambda name: None)
    monkeypatch.setattr(excerpts, "LONG", 2)
    monkeypatch.setattr(excerpts, "PASSAGE", 2)
    page = AppTest.from_file(str(PROJECT_DIR / "dashboard" / "app.py"), default_timeout=120)
    page.session_state["song"] = chosen
    return page


def phase(page: AppTest) -> Phase:
    """Phase that the session has observed last."""
    found: Phase = page.session_state["preparation"].phase
    return found


def finish_division(page: AppTest) -> None:
    """Wait for the task in the background."""
    task = page.session_state["division"]
    until = time.monotonic() + WAIT_S
    while task.is_running and time.monotonic() < until:
        time.sleep(0.02)
    assert not task.is_running


def button(page: AppTest, label: str) -> Button:
    """Button with a label."""
    (found,) = (each for each in page.button if each.label == label)
    return found


def errors(page: AppTest) -> list[str]:
    """Messages on the page, except for the two models that the test lacks."""
    return [str(error.value) for error in page.error if "no model" not in str(error.value)]


def test_a_long_song_is_playable_by_a_passage_until_it_is_divided(page: AppTest) -> None:
    page.run()
    assert not page.exception
    assert phase(page) is Phase.PASSAGE
    finish_division(page)
    page.run()
    assert phase(page) is Phase.COMPLETE
    assert errors(page) == []


def test_a_failed_division_is_shown_and_not_tried_again(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    attempts = []

    def fail(*_: Any) -> None:
        attempts.append(1)
        raise MemoryError

    monkeypatch.setattr(excerpts, "song_parts_of", fail)
    page.run()
    finish_division(page)
    for _ in range(2):
        page.run()
        assert phase(page) is Phase.FAILED
        assert len(errors(page)) == 1
    assert attempts == [1]


def test_a_stopped_explanation_waits_until_it_is_continued(
    page: AppTest, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = excerpts.prepare
    monkeypatch.setattr(excerpts, "prepare", lambda *_: st.stop())  # a click ends this run
    page.run()
    assert phase(page) is Phase.EXPLAINING
    button(page, "Stop").click().run()
    assert phase(page) is Phase.STOPPED
    page.run()
    assert phase(page) is Phase.STOPPED, "it does not continue by itself"
    monkeypatch.setattr(excerpts, "prepare", real)
    button(page, "Continue").click().run()
    assert phase(page) is Phase.PASSAGE
    finish_division(page)
