"""The smallest sufficient and necessary parts of two models, each classified by the other."""

from __future__ import annotations

import streamlit as st

from dashboard.services import measurements, models
from dashboard.services.smallest_parts import FoundPart, PartsOfSegment, smallest_parts_of
from dashboard.services.songs import Song
from dashboard.text import smallest_parts as texts
from dashboard.text.experiments import not_measured
from dashboard.text.formatting import model_name
from dashboard.text.html import grid
from dashboard.widgets.status import Progress


def draw_smallest_parts(
    song: Song, pair: tuple[str, str], middle_s: float
) -> tuple[bool, bool] | None:
    """Draw the smallest parts of both models, and what each predicts for the other's.

    Returns
    -------
    tuple of bool or None
        Whether the second model predicts the first one's genre from its part, and the reverse;
        None if that is unknown.
    """
    draw_transfer(pair)
    if not st.toggle(
        "Find the smallest sufficient and necessary parts of this segment",
        key="smallest-parts",
        persist_state="session",
    ):
        st.caption(texts.SMALLEST_PARTS)
        return None
    with Progress() as progress:
        found = {name: smallest_parts_of(song, pair, name, middle_s, progress) for name in pair}
    for column, (name, parts) in zip(st.columns(2, gap="large"), found.items(), strict=True):
        with column:
            draw_parts(pair, name, parts)
    if any(parts.sufficient is None for parts in found.values()):
        return None
    first, second = (
        _predicted(parts.sufficient, other)[0] == parts.genre
        for parts, other in zip(found.values(), pair[::-1], strict=True)
        if parts.sufficient is not None
    )
    return first, second


def _predicted(part: FoundPart, name: str) -> tuple[str, float]:
    """Genre that a model predicts from a part, and its probability."""
    probabilities = part.probabilities[name]
    best = int(probabilities.argmax())
    return models.genre_at(name, best), float(probabilities[best])


def draw_parts(pair: tuple[str, str], name: str, parts: PartsOfSegment) -> None:
    """Draw the smallest parts of one model: sentences and sounds."""
    st.markdown(f"**{model_name(name)}**")
    enough, needed = parts.sufficient, parts.necessary
    predicted = {} if enough is None else {each: _predicted(enough, each) for each in pair}
    share = None if enough is None else enough.share
    st.markdown(texts.sufficient(pair, name, parts.genre, share, predicted))
    if enough is not None:
        alt = f"Smallest sufficient part of {model_name(name)}"
        st.audio(enough.file, format="audio/flac", alt=alt)
    without = "" if needed is None else _predicted(needed, name)[0]
    share = None if needed is None else needed.share
    st.markdown(texts.necessary(name, parts.genre, share, without))
    if needed is not None:
        alt = f"Segment without the smallest necessary part of {model_name(name)}"
        st.audio(needed.file, format="audio/flac", alt=alt)


def draw_transfer(pair: tuple[str, str]) -> None:
    """Draw the measured matrix of predictions for each other's smallest parts."""
    matrix = measurements.transfer()
    missing = [name for name in pair if name not in matrix]
    for explained, other in (pair, pair[::-1]):
        if other in matrix.get(explained, {}).get("others", {}):
            st.markdown(texts.transfer_note(matrix[explained], explained, other))
    if note := not_measured(missing, "Transfer of the smallest sufficient part"):
        st.caption(note)
    if not matrix:
        return
    with st.expander("All networks"):
        header, rows = texts.transfer_rows(matrix, measurements.model_names())
        st.html(grid(header, rows, texts.TRANSFER_TITLE))
        st.caption(texts.TRANSFER_METHOD)
