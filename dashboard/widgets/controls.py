"""Controls for a song: model, genres, segment, and the selection of the important parts.

Each function draws a control and returns the chosen value. Values live in the session, survive a
change of page, and are checked against the options.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, TypeVar

import streamlit as st

from core.constants import DEFAULT_KEEP
from dashboard.services import feature_models, measurements
from dashboard.services.excerpts import ATTRIBUTED, OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.text.formatting import genre_title, model_name, percent
from dashboard.timeline import content_of, timeline

if TYPE_CHECKING:
    from core.analysis import Analysis

MOST_BUTTONS = 4  # models shown side by side; more are a list
KEEP_PERCENTS = (1, 2, 3, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50, 60, 70, 80, 90)
METHODS = {ATTRIBUTED: "Most important regions", OPTIMISED: "Smallest sufficient region"}
METHOD_MEANINGS = {
    ATTRIBUTED: "Regions are ranked by SHAP value and by how much muting them lowers the "
    "prediction.",
    OPTIMISED: "This method finds the smallest region that alone convinces the network. It shows "
    "what is sufficient for the prediction, not what caused it.",
}
SHARES = {"area": "Spectrogram area", "evidence": "Positive evidence"}

Option = TypeVar("Option", bound=str)

state = st.session_state


def choose_model(names: Sequence[str]) -> str:
    """Draw the choice of a model."""
    if state.get("model") not in names:
        state["model"] = names[0]
    if len(names) > MOST_BUTTONS:
        return st.selectbox(
            "Model", names, format_func=model_name, key="model", persist_state="session"
        )
    st.segmented_control(
        "Model",
        names,
        format_func=model_name,
        key="model",
        persist_state="session",
        required=True,
    )
    return state["model"]


def choose_pair() -> tuple[str, str]:
    """Draw the choice of two different models; return their names."""
    names = measurements.model_names()
    if state.get("model") not in names:
        state["model"] = names[0]
    others = [name for name in names if name != state["model"]] or names
    if state.get("rival") not in others:
        state["rival"] = others[0]

    def label(name: str) -> str:
        return model_name(name) + (
            " (download required)" if feature_models.needs_yamnet(name) else ""
        )

    left, right = st.columns(2)
    with left:
        st.selectbox("First model", names, format_func=label, key="model", persist_state="session")
    with right:
        st.selectbox(
            "Second model", others, format_func=label, key="rival", persist_state="session"
        )
    if damaged := measurements.damaged_models():
        st.caption(f"Damaged and not available: {', '.join(map(model_name, damaged))}.")
    return state["model"], state["rival"]


def choose_option(label: str, options: Mapping[Option, str], default: Option, key: str) -> Option:
    """Draw a choice among a few options as buttons.

    Parameters
    ----------
    label : str
        Label of the control.
    options : mapping of str to str
        Titles by option.
    default : str
        Option that is chosen at first.
    key : str
        Key in the session.

    Returns
    -------
    str
        The chosen option.
    """
    if state.get(key) not in options:
        state[key] = default
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        key=key,
        persist_state="session",
        wrap=True,
    )
    return state[key]


def choose_target(analysis: Analysis) -> str:
    """Draw the choice of the genre to explain; at first, it is the predicted genre."""
    wanted = state.get("target") if state.get("target-is-chosen") else analysis.genre
    if wanted not in analysis.genres:
        wanted = analysis.genre
    if state.get("target") != wanted:  # setting it again could undo a click in progress
        state["target"] = wanted

    def label(genre: str) -> str:
        share = percent(analysis.song_probabilities[analysis.genres.index(genre)])
        return f"{genre_title(genre)}, {share}{' (prediction)' if genre == analysis.genre else ''}"

    return st.selectbox(
        "Genre to explain",
        analysis.genres,
        format_func=label,
        key="target",
        persist_state="session",
        on_change=lambda: state.update({"target-is-chosen": True}),
    )


def choose_rival(analysis: Analysis, target: str) -> str:
    """Draw the choice of a genre that the explained genre is compared with."""
    others = ["", *(genre for genre in analysis.genres if genre != target)]
    if state.get("versus") not in others:
        state["versus"] = ""
    return st.selectbox(
        "Compared with",
        others,
        format_func=lambda genre: genre_title(genre) if genre else "All genres",
        key="versus",
        persist_state="session",
    )


def chosen_segment(analysis: Analysis, target: str) -> int:
    """Chosen segment; at first the one with the highest probability of the explained genre."""
    count = len(analysis.starts_s)
    if not 0 <= state.get("segment", -1) < count:
        state["segment"] = int(analysis.probabilities[:, analysis.genres.index(target)].argmax())
    return state["segment"]


def choose_segment(analysis: Analysis, target: str) -> int:
    """Draw the timeline for choosing a segment; return the chosen one."""
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
    """Draw the timeline of a model's predictions; a click chooses a segment.

    Parameters
    ----------
    analysis : Analysis
        Predictions of the model.
    target : str
        Genre whose row is highlighted.
    selected : int
        The outlined segment.
    disputed : sequence of int
        Segments that are marked because two models disagree.
    title : str
        Title above the timeline.
    chooses : sequence of int, optional
        For each segment, the index that a click on it chooses; by default its own.
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
    """Draw the selection of the important parts."""
    left, middle, right = st.columns([4, 4, 2], vertical_alignment="bottom", gap="medium")
    if state.get("method") not in METHODS:
        state["method"] = ATTRIBUTED
    if state.get("keep") not in KEEP_PERCENTS:
        state["keep"] = round(100 * DEFAULT_KEEP)
    if state.get("share") not in SHARES:
        state["share"] = "area"
    with left:
        st.segmented_control(
            "Method",
            list(METHODS),
            format_func=lambda name: METHODS[name],
            key="method",
            persist_state="session",
            required=True,
            wrap=True,
        )
    with middle:
        st.select_slider(
            "Amount kept",
            KEEP_PERCENTS,
            format_func=lambda value: f"{value}\u202f%",
            key="keep",
            persist_state="session",
        )
    with right:
        st.selectbox(
            "Percentage of",
            list(SHARES),
            format_func=lambda name: SHARES[name],
            key="share",
            persist_state="session",
            disabled=state["method"] == OPTIMISED,
        )
    st.caption(METHOD_MEANINGS[state["method"]])
    return PartSelection(target, state["method"], state["keep"] / 100, state["share"])


def is_dark() -> bool:
    """Whether the page has the dark theme."""
    return st.context.theme.type == "dark"
