"""What pages say besides results: progress, failures and that the networks are still loading."""

from __future__ import annotations

import sys
import time
import traceback
from collections.abc import Hashable, Iterator
from contextlib import contextmanager

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from dashboard.services import songs
from dashboard.text.formatting import html_safe, markdown_safe, time_left


class Progress:
    """A progress line that appears when something takes time, and goes when the block ends.

    Every report is a Streamlit call, and therefore a moment at which Streamlit ends this run if
    the person has chosen something else or has pressed Stop.
    """

    def __init__(self) -> None:
        self._place = st.empty()
        self._is_shown = False
        self._first: tuple[float, float] | None = None  # moment and share of the first known share

    def __call__(self, text: str, share: float | None = None) -> None:
        """Show what is being done and, if known, which share of it is finished."""
        self._is_shown = True
        if share is None:
            self._place.html(f'<p class="busy" role="status">{html_safe(text)}</p>')
            return
        now = time.monotonic()
        if self._first is None:
            self._first = now, share
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
    """Return a place on the page that is cleared at once when it is to show something else.

    Streamlit leaves what the last run drew until this run replaces it. Where that would be wrong
    beside what is already new, two places take turns: the one that is not used is empty.

    Parameters
    ----------
    name : str
        Name of the place, unique on the page.
    content : Hashable
        What it will show; if that is the same as in the last run, the place stays as it is.

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
    """Turn what goes wrong in the block into one sentence on the page.

    Errors of `core` are sentences already. Anything else is unexpected: its details go to the
    server's log, never to the page.
    """
    try:
        yield
    except Exception as error:  # Streamlit's own stop and rerun are not Exceptions
        from core.errors import AudioError, ExplanationError, ModelError

        if isinstance(error, AudioError | ExplanationError | ModelError):
            st.error(markdown_safe(str(error)), icon=":material/error:")
            return
        traceback.print_exc(file=sys.stderr)
        st.error(
            "Something went wrong on our side while working on this song. Choose it again or try "
            "another one; the server's log has the details.",
            icon=":material/error:",
        )


@st.fragment(run_every=2.0)
def loading_note() -> None:
    """Say that the networks are loading, and take the note away when they have."""
    if songs.warm_up.ready:
        st.rerun()
    st.html('<p class="busy">The networks are still loading. Choose a song meanwhile.</p>')
