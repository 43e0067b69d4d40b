"""Choices in the URL: a link opens the same view.

The same choices survive a change of page and a reload. Links name example songs only; uploads
remain private.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import streamlit as st

from core.constants import GENRES
from dashboard.services import songs
from dashboard.widgets.song_picker import open_example

CATCH_UP_S = 5.0  # longest delay of a browser behind the server
REMEMBERED = 20  # former URLs

state = st.session_state

_WORD = re.compile(r"[a-z0-9_]{1,40}")


def _number(text: str) -> int:
    if not re.fullmatch(r"\d{1,4}", text):
        raise ValueError(text)
    return int(text)


def _genre(text: str) -> str:
    if text not in GENRES:
        raise ValueError(text)
    return text


def _word(text: str) -> str:
    if not _WORD.fullmatch(text):
        raise ValueError(text)
    return text


# Parameters of the URL in this order, with their parsers. Pages check values against the options.
PARSERS: dict[str, Callable[[str], Any]] = {
    "model": _word,
    "rival": _word,  # second model of a comparison
    "genre": _genre,
    "versus": _genre,
    "segment": _number,
    "keep": _number,
    "method": _word,
    "share": _word,
    "part": _word,  # section of the classroom
}


def slug(title: str) -> str:
    """Convert the title of an example song to its form in links."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def read() -> None:
    """Apply the parameters of the URL if the user has followed a link or gone back."""
    given = {name: str(value) for name, value in st.query_params.items()}
    # A change of page clears the URL; the choices stay.
    if given == state.get("address") or (not given and "address" in state):
        return
    # A browser that lags behind sends a URL that was written a moment ago; ignore it.
    now = time.monotonic()
    if any(given == former and now - moment < CATCH_UP_S for moment, former in _written()):
        return
    for entry in songs.examples():
        if given.get("song") == slug(entry["title"]) and state.get("example") != entry["title"]:
            open_example(entry["title"])
    for name, parse in PARSERS.items():
        try:
            value = parse(given[name])
        except (KeyError, ValueError):
            continue
        if name == "genre":
            state["target"], state["target-is-chosen"] = value, True
        else:
            state[name] = value
    named = {slug(entry["title"]) for entry in songs.examples()}
    state["song-is-lost"] = state.get("song") is None and (
        ("song" in given and given["song"] not in named)
        or ("song" not in given and "segment" in given)
    )
    state["address"] = given


def carry_over(page: str) -> None:
    """Keep the choices when the page changes: Streamlit drops values of other pages' widgets.

    Parameters
    ----------
    page : str
        Title of the current page.
    """
    if state.get("page") not in (None, page):
        for name in (*PARSERS, "target", "example"):
            if name in state:
                state[name] = state[name]
    state["page"] = page


def write() -> None:
    """Write the current choices to the URL."""
    wanted = {}
    if state.get("example"):
        wanted["song"] = slug(state["example"])
    for name in PARSERS:
        value = state.get(name)
        if name == "genre":
            value = state.get("target") if state.get("target-is-chosen") else None
        if value not in (None, ""):
            wanted[name] = str(value)
    if wanted != dict(st.query_params.items()):
        st.query_params.from_dict(wanted)
    if wanted != state.get("address"):
        state["written"] = [*_written(), (time.monotonic(), state.get("address", {}))][-REMEMBERED:]
    state["address"] = wanted


def _written() -> list[tuple[float, dict[str, str]]]:
    """Former parameters of the URL, each with the time when they were replaced."""
    return state.get("written", [])
