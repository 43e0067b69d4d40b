"""Genres over time: a Streamlit component in which a click chooses a segment.

Streamlit redraws a Plotly chart after every choice, and the chart loses clicks meanwhile. This
component shows the choice at once and stays on the page.

In: an analysis. Out: the chosen segment.

May import: `dashboard.charts`, `dashboard.text`.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from dashboard.charts.theme import palette
from dashboard.text.alternatives import timeline_alt
from dashboard.text.formatting import genre_name

if TYPE_CHECKING:
    from core.analysis import Analysis

HERE = Path(__file__).resolve().parent


@cache
def _component() -> Any:
    def text(name: str) -> str:
        return (HERE / name).read_text(encoding="utf-8")

    return st.components.v2.component(
        "groove_guide_timeline",
        html=text("timeline.html"),
        css=text("timeline.css"),
        js=text("../clock.js") + text("timeline.js"),
    )


def content_of(
    analysis: Analysis, *, selected: int, target: str, disputed: Sequence[int], dark: bool
) -> dict[str, Any]:
    """Collect what the component draws.

    Parameters
    ----------
    analysis : Analysis
        Predictions of a model for a song.
    selected : int
        Segment with an outline.
    target : str
        Genre with a bold label.
    disputed : sequence of int
        Segments with a mark above them, because models disagree.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    dict
        JSON-ready; `shares` has one row per segment, `target` is the index of the genre.
    """
    colours = palette(dark)
    red, green, blue = colours.favour
    return {
        "starts_s": analysis.starts_s.tolist(),
        "ends_s": analysis.ends_s.tolist(),
        "genres": [genre_name(genre) for genre in analysis.genres],
        "shares": analysis.probabilities.astype(float).round(4).tolist(),
        "selected": selected,
        "target": analysis.genres.index(target),
        "disputed": list(disputed),
        "alt": f"Segment to explain. {timeline_alt(analysis.genres, analysis.probabilities)}",
        "colours": {
            "quiet": colours.quiet,
            "loud": colours.loud,
            "ink": colours.ink,
            "on_loud": colours.on_loud,
            "label": colours.label,
            "mark": f"rgb({red}, {green}, {blue})",
        },
    }


def timeline(content: dict[str, Any], choose: Callable[[int], None], *, key: str) -> None:
    """Draw a timeline.

    Parameters
    ----------
    content : dict
        Content, as `content_of` returns it.
    choose : callable
        Called with the chosen segment before the page is drawn again.
    key : str
        Identifier, unique on the page.
    """

    def chosen() -> None:
        if choice := st.session_state[key].choice:
            choose(int(choice[0]))

    known = st.session_state.get(key)
    answered = known.choice[1] if known and known.get("choice") else 0
    _component()(data={**content, "answered": answered}, key=key, on_choice_change=chosen)
