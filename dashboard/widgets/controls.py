"""What people choose about a song: network, genres, segment, and how to divide it.

Each function draws a choice and returns it. What is chosen lives in the session, survives a change
of page, and is checked against what there is.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from dashboard.services.excerpts import ATTRIBUTED, OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.text.formatting import genre_title, model_name, percent
from dashboard.timeline import content_of, timeline

if TYPE_CHECKING:
    from core.analysis import Analysis

FEW = 4  # networks that stand side by side
KEEP_PERCENTS = (1, 2, 3, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)
KEEP_PERCENT_AT_FIRST = 20
METHODS = {ATTRIBUTED: "What counted", OPTIMISED: "What would be enough"}
METHOD_MEANINGS = {
    ATTRIBUTED: "The regions that speak most for it by their SHAP values, and that the network "
    "would miss most.",
    OPTIMISED: "Another question, and a harder light on the network: regions sought, by trial and "
    "correction, so that they alone convince it and nothing of the kind is left without them. "
    "They show what would persuade this network, not what did.",
}
SHARES = {"area": "the area of the sound", "evidence": "the evidence for it"}

state = st.session_state


def choose_model(names: Sequence[str]) -> str:
    """Draw the choice of a network."""
    if state.get("model") not in names:
        state["model"] = names[0]
    if len(names) > FEW:
        return st.selectbox(
            "Model", names, format_func=model_name, key="model", persist_state="session"
        )
    st.segmented_control(
        "Network",
        names,
        format_func=model_name,
        key="model",
        persist_state="session",
        required=True,
    )
    return state["model"]


def choose_target(analysis: Analysis) -> str:
    """Draw the choice of the genre to explain; it follows the verdict until someone chooses."""
    wanted = state.get("target") if state.get("target-is-chosen") else analysis.genre
    if wanted not in analysis.genres:
        wanted = analysis.genre
    if state.get("target") != wanted:  # what is set anew could overwrite a click under way
        state["target"] = wanted

    def label(genre: str) -> str:
        share = percent(analysis.song_probabilities[analysis.genres.index(genre)])
        return f"{genre_title(genre)}, {share}{' (verdict)' if genre == analysis.genre else ''}"

    return st.selectbox(
        "Genre to explain",
        analysis.genres,
        format_func=label,
        key="target",
        persist_state="session",
        on_change=lambda: state.update({"target-is-chosen": True}),
    )


def choose_rival(analysis: Analysis, target: str) -> str:
    """Draw the choice of a genre that the target is explained rather than."""
    others = ["", *(genre for genre in analysis.genres if genre != target)]
    if state.get("versus") not in others:
        state["versus"] = ""
    return st.selectbox(
        "Rather than",
        others,
        format_func=lambda genre: genre_title(genre) if genre else "Any other genre",
        key="versus",
        persist_state="session",
    )


def chosen_segment(analysis: Analysis, target: str) -> int:
    """Return the chosen segment; at first it is the one that is likeliest of the target."""
    count = len(analysis.starts_s)
    if not 0 <= state.get("segment", -1) < count:
        state["segment"] = int(analysis.probabilities[:, analysis.genres.index(target)].argmax())
    return state["segment"]


def choose_segment(analysis: Analysis, target: str) -> int:
    """Draw the timeline to choose in; return the chosen segment."""
    segment = chosen_segment(analysis, target)
    draw_timeline(analysis, target, segment)
    return segment


def draw_timeline(
    analysis: Analysis,
    target: str,
    selected: int,
    *,
    disputed: Sequence[int] = (),
    title: str = "",
    chooses: Sequence[int] | None = None,
) -> None:
    """Draw a timeline of what a network says; a click chooses the segment.

    Parameters
    ----------
    analysis : Analysis
        What it says.
    target : str
        Genre whose row is marked.
    selected : int
        Its marked segment.
    disputed : sequence of int
        Segments that get a mark.
    title : str
        What stands above it.
    chooses : sequence of int, optional
        For each of its segments the one that a click on it chooses, if that is another.
    """
    if title:
        st.markdown(f"**{title}**")
    content = content_of(
        analysis, selected=selected, target=target, disputed=disputed, dark=is_dark()
    )

    def choose(segment: int) -> None:
        state["segment"] = segment if chooses is None else chooses[segment]

    timeline(content, choose, key=f"timeline-{analysis.model}")


def choose_selection(target: ExplanationTarget) -> PartSelection:
    """Draw the choices of what is kept."""
    left, middle, right = st.columns([3, 4, 2], vertical_alignment="bottom", gap="medium")
    if state.get("method") not in METHODS:
        state["method"] = ATTRIBUTED
    if state.get("keep") not in KEEP_PERCENTS:
        state["keep"] = KEEP_PERCENT_AT_FIRST
    if state.get("share") not in SHARES:
        state["share"] = "area"
    with left:
        st.segmented_control(
            "What to keep",
            list(METHODS),
            format_func=lambda name: METHODS[name],
            key="method",
            persist_state="session",
            required=True,
        )
    with middle:
        st.select_slider(
            "How much of it",
            KEEP_PERCENTS,
            format_func=lambda value: f"{value}\u202f%",
            key="keep",
            persist_state="session",
        )
    with right:
        st.selectbox(
            "Measured by",
            list(SHARES),
            format_func=lambda name: SHARES[name],
            key="share",
            persist_state="session",
            disabled=state["method"] == OPTIMISED,
        )
    st.caption(METHOD_MEANINGS[state["method"]])
    return PartSelection(target, state["method"], state["keep"] / 100, state["share"])


def is_dark() -> bool:
    """Return whether the page is dark."""
    return st.context.theme.type == "dark"
