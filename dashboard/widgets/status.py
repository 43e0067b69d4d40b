"""Status messages: progress, failures, and the note that the networks are loading."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from core.errors import AudioError, EngineError, ExplanationError, ModelError
from dashboard.services import songs
from dashboard.text.formatting import html_safe, markdown_safe, time_left


class Progress:
    """Progress line that appears during long work and disappears at the end of the block.

    Every report is a Streamlit call. Streamlit uses it to end this run if the user has changed a
    control or pressed Stop.
    """

    def __init__(self) -> None:
        self._place = st.empty()
        self._is_shown = False
        self._first: tuple[float, float] | None = None  # time and value of the first share
        self._last = 0.0  # share

    def __call__(self, text: str, share: float | None = None) -> None:
        """Show the current work and, if known, the finished share of it."""
        self._is_shown = True
        if share is None:
            self._place.html(f'<p class="busy" role="status">{html_safe(text)}</p>')
            return
        now = time.monotonic()
        # A smaller share is that of the next work, which takes a time of its own.
        if self._first is None or share < self._last:
            self._first = now, share
        self._last = share
        began, first = self._first
        if share > first:
            text += time_left((now - began) * (1 - share) / (share - first))
        self._place.progress(min(max(share, 0.0), 1.0), text)

    def __enter__(self) -> Progress:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        # Streamlit's stop and rerun are not Exceptions; they end the run without another call.
        if self._is_shown and (kind is None or issubclass(kind, Exception)):
            self._place.empty()


def renewed(name: str, content: Hashable) -> DeltaGenerator:
    """Create a place on the page that is cleared as soon as its content changes.

    Streamlit keeps the elements of the last run until this run replaces them. Where old elements
    would be wrong beside new ones, two places take turns, and the unused one is empty.

    Parameters
    ----------
    name : str
        Name of the place, unique on the page.
    content : Hashable
        Identity of the content; the place is kept while this stays the same.

    Returns
    -------
    DeltaGenerator
        Container to draw in.
    """
    places = [st.empty(), st.empty()]
    shown, turn = st.session_state.get(f"place-{name}", (None, 0))
    if shown != content:
        turn = 1 - turn
        st.session_state[f"place-{name}"] = (content, turn)
    return places[turn].container()


@contextmanager
def failures_as_sentences() -> Iterator[None]:
    """Turn an exception in the block into one sentence on the page.

    The messages of `core`'s own errors are sentences. Any other exception is unexpected: its
    details go to the server's log, never to the page.
    """
    try:
        yield
    except Exception as error:  # Streamlit's own stop and rerun are not Exceptions
        if isinstance(error, AudioError | EngineError | ExplanationError | ModelError):
            st.error(markdown_safe(str(error)), icon=":material/error:")
            return
        traceback.print_exc(file=sys.stderr)
        st.error(
            "Something went wrong on the server. Choose the song again or try another. Details are "
            "in the server log.",
            icon=":material/error:",
        )


@st.fragment(run_every=2.0)
def loading_note() -> None:
    """Show that the networks are loading; remove the note when they are ready."""
    if songs.is_loaded():
        st.rerun()
    st.html('<p class="busy">Loading the networks. You can choose a song now.</p>')
