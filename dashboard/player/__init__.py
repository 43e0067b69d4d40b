"""The player: a Streamlit component that plays a song in step with its spectrogram."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

HERE = Path(__file__).resolve().parent
SCRIPTS = ("sound.js", "picture.js", "player.js")  # the last one has the entry


def parts() -> tuple[str, str, str]:
    """Return the player's HTML, CSS and JavaScript."""

    def text(name: str) -> str:
        return (HERE / name).read_text(encoding="utf-8")

    return text("player.html"), text("player.css"), "\n".join(map(text, SCRIPTS))


@cache
def _component() -> Any:
    html, css, js = parts()
    return st.components.v2.component("groove_guide_player", html=html, css=css, js=js)


def player(pack: bytes, *, key: str) -> None:
    """Draw the player.

    Parameters
    ----------
    pack : bytes
        What `dashboard.player.pack` made of tracks and pictures.
    key : str
        As long as it stays the same, what plays goes on when the pack changes.
    """
    _component()(data=pack, key=key)
