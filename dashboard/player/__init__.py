"""The player: a Streamlit component that plays a song in step with its spectrogram.

In: an analysis, explanations and audio files (`payload`), encoded as bytes (`wire_format`).
Out: the component on the page; it sends nothing back.

May import: `dashboard.services`, `dashboard.charts`, `dashboard.text`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from dashboard.player.wire_format import Payload

HERE = Path(__file__).resolve().parent
SCRIPTS = (
    "../clock.js",
    "blobs.js",
    "sound.js",
    "picture.js",
    "waveform.js",
    "player.js",
)  # the entry point comes last
CARRIER = """
export default function ({ data }) {
  const digests = hold(data);
  return () => setTimeout(() => release(digests), 0);
}
"""
CARRIED = 50_000  # bytes from which a blob has a component of its own; others are sent each time


def parts() -> tuple[str, str, str]:
    """Read the HTML, CSS and JavaScript of the player."""
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


def player(payload: Payload, *, key: str) -> None:
    """Draw the player.

    Components of their own carry the large blobs and show nothing: Streamlit does not send a
    component's data again if it has not changed.

    Parameters
    ----------
    payload : Payload
        Tracks and spectrograms.
    key : str
        Identifier. While it stays the same, playback continues when the payload changes.
    """
    carried = [digest for digest, blob in payload.blobs.items() if len(blob) >= CARRIED]
    with st.container(gap=None):
        _player()(data=payload.to_bytes(payload.blobs.keys() - set(carried)), key=key)
        for digest in carried:
            single = Payload({}, {digest: payload.blobs[digest]})
            _carrier()(data=single.to_bytes(), key=f"{key}-{digest[:16]}")
