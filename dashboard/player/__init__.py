"""The player: a Streamlit component that plays a song in step with its spectrogram."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.player.pack import Pack

HERE = Path(__file__).resolve().parent
SCRIPTS = ("../clock.js", "blobs.js", "sound.js", "picture.js", "player.js")  # with the entry last
CARRIER = """
export default function ({ data }) {
  const digests = takeIn(data);
  return () => setTimeout(() => release(digests), 0);
}
"""
CARRIED = 50_000  # bytes from which a blob travels alone; smaller ones are sent again each time


def parts() -> tuple[str, str, str]:
    """Return the player's HTML, CSS and JavaScript."""
    return _text("player.html"), _text("player.css"), "\n".join(map(_text, SCRIPTS))


def _text(name: str) -> str:
    return (HERE / name).read_text(encoding="utf-8")


@cache
def _player() -> Any:
    html, css, js = parts()
    return st.components.v2.component("groove_guide_player", html=html, css=css, js=js)


@cache
def _carrier() -> Any:
    js = _text("blobs.js") + CARRIER
    return st.components.v2.component("groove_guide_carrier", js=js)


def player(pack: Pack, *, key: str) -> None:
    """Draw the player.

    Large blobs are carried by components of their own, which show nothing: Streamlit does not send
    again what a browser has.

    Parameters
    ----------
    pack : Pack
        Tracks and pictures.
    key : str
        As long as it stays the same, what plays goes on when the pack changes.
    """
    carried = [digest for digest, blob in pack.blobs.items() if len(blob) >= CARRIED]
    with st.container(gap=None):
        _player()(data=pack.to_bytes(pack.blobs.keys() - set(carried)), key=key)
        for digest in carried:
            alone = Pack({}, {digest: pack.blobs[digest]})
            _carrier()(data=alone.to_bytes(), key=f"{key}-{digest[:16]}")
