"""An explanation in numbers and sentences: contributions, predictions for parts, model input."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from dashboard.services import excerpts
from dashboard.services.excerpts import Excerpt, PartSelection, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import sentences
from dashboard.text.html import contributions_table
from dashboard.widgets.status import Progress

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation


def draw_contributions(own: Explanation, target: ExplanationTarget) -> None:
    """Draw how the contributions of a segment add up to its prediction."""
    base_value, prediction = float(own.base_value[0]), float(own.prediction[0])
    st.html(contributions_table(target.genre, target.versus, base_value, own.mfcc[0], prediction))
    gap = sentences.shown_gap(base_value, own.mfcc[0], prediction, target.versus)
    st.caption(sentences.additivity(gap, target.versus))
    if not target.versus and (note := sentences.cancellation(own.mfcc[0])):
        st.caption(note)


def draw_readings(
    analysis: Analysis, selection: PartSelection, whole: Excerpt, parts: SongParts | PassageParts
) -> None:
    """Interpret the predictions for the two parts."""
    st.markdown("**Prediction for each part**")
    if isinstance(parts, PassageParts):
        st.markdown("Available once the whole song is ready.")
        return
    genre = analysis.genres.index(selection.target.genre)
    shares = (float(each.probabilities[genre]) for each in (whole, parts.kept, parts.rest))
    st.markdown(sentences.readings(selection.keep, selection.of, selection.target.genre, *shares))


def draw_network_input(song: Song, model: str, segment: int) -> None:
    """Offer the network's input for a segment, resynthesised."""
    st.markdown(
        "The MFCCs keep the broad shape of the spectrum but lose pitch and phase. Resynthesised, "
        "they resemble these 3 seconds only faintly, yet they are the network's only input. The "
        "player therefore filters the original song instead."
    )
    if st.toggle("Sound of the MFCCs", key="input-sound", persist_state="session"):
        with Progress() as progress:
            file = excerpts.network_input_of(song, model, segment, progress)
        st.audio(file, format="audio/flac", alt="Sound of the network's input")
