"""The view in the address bar: a link opens the same page with the same choices.

What a link carries is also what survives a change of page and a reload. Uploads are nobody else's
business: of songs, only examples are named in a link.
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

CATCH_UP_S = 5.0  # how long a browser may lag behind
REMEMBERED = 20  # former addresses

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


# What a link may say, in this order, and how it is read. Pages check it against what there is.
EXTRACTORS: dict[str, Callable[[str], Any]] = {
    "model": _word,
    "rival": _word,  # the other model of a comparison
    "genre": _genre,
    "versus": _genre,
    "segment": _number,
    "keep": _number,
    "method": _word,
    "share": _word,
    "part": _word,  # of the classroom
}


def slug(title: str) -> str:
    """Return an example's title as links write it."""
    return re.sub(r"[^a-z0-9]+", "-", title.lower()).strip("-")


def read() -> None:
    """Take over what the address says, if someone has followed a link or gone back."""
    said = {name: str(value) for name, value in st.query_params.items()}
    # A change of page empties the address; the choices stay.
    if said == state.get("address") or (not said and "address" in state):
        return
    # A browser that has not caught up yet sends what was written a moment ago: nobody's wish.
    now = time.monotonic()
    if any(said == former and now - moment < CATCH_UP_S for moment, former in _written()):
        return
    for entry in songs.examples():
        if said.get("song") == slug(entry["title"]) and state.get("example") != entry["title"]:
            open_example(entry["title"])
    for name, reader in EXTRACTORS.items():
        try:
            value = reader(said[name])
        except (KeyError, ValueError):
            continue
        if name == "genre":
            state["target"], state["target-is-chosen"] = value, True
        else:
            state[name] = value
    named = {slug(entry["title"]) for entry in songs.examples()}
    state["song-is-lost"] = state.get("song") is None and (
        ("song" in said and said["song"] not in named) or ("song" not in said and "segment" in said)
    )
    state["address"] = said


def carry_over(page: str) -> None:
    """Keep what was chosen when the page changes: Streamlit forgets values of other pages' widgets.

    Parameters
    ----------
    page : str
        The page that is drawn.
    """
    if state.get("page") not in (None, page):
        for name in (*EXTRACTORS, "target", "example"):
            if name in state:
                state[name] = state[name]
    state["page"] = page


def write() -> None:
    """Bring the address up to what is chosen."""
    wanted = {}
    if state.get("example"):
        wanted["song"] = slug(state["example"])
    for name in EXTRACTORS:
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
    """Return what the address said before, and until when."""
    return state.get("written", [])
