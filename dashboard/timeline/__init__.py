"""A song's genres over time: a Streamlit component in which a click chooses a segment.

Plotly's charts lose clicks that fall into the moment when Streamlit draws them anew, which is after
every choice; this one shows the choice at once and is never taken away.
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
    """Return what the component draws.

    Parameters
    ----------
    analysis : Analysis
        What a model says of a song.
    selected : int
        Segment with an outline.
    target : str
        Genre with a bold label.
    disputed : sequence of int
        Segments with a mark above them.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    dict
        Ready for JSON; `shares` has a row a segment, `target` is the genre's place.
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
        What `content_of` returned.
    choose : callable
        Called with the segment that someone chooses, before the page is drawn again.
    key : str
        What identifies it on the page.
    """

    def chosen() -> None:
        if choice := st.session_state[key].choice:
            choose(int(choice[0]))

    known = st.session_state.get(key)
    answered = known.choice[1] if known and known.get("choice") else 0
    _component()(data={**content, "answered": answered}, key=key, on_choice_change=chosen)
