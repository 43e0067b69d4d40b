"""Songs that fit no genre, and genre sets: results on the page *Scores*."""

from __future__ import annotations

import streamlit as st

from dashboard.charts import novelty as charts
from dashboard.services import measurements
from dashboard.text import novelty as text
from dashboard.text.html import grid
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import is_dark


def draw_novelty() -> None:
    """Draw how well the models recognise what they were not trained on, and their genre sets."""
    st.header("Songs of several genres, or of none", anchor=False)
    content = measurements.novelty()
    models, sets = content.get("models"), content.get("sets")
    if not models and not sets:
        st.info("Novelty and genre sets have not been measured.")
        return
    st.markdown(text.INTRODUCTION)
    if models:
        st.html(
            grid(
                text.NOVELTY_TABLE,
                text.novelty_rows(models),
                "Recordings that fit no genre (95\u202f% confidence intervals)",
            )
        )
        left, right = st.columns(2, gap="large")
        with left:
            st.subheader("No music", anchor=False)
            draw_chart(
                charts.detection(models, dark=is_dark()), key="no-music", alt=text.roc_alt(models)
            )
        with right:
            st.subheader("Unknown genres", anchor=False)
            draw_chart(
                charts.unknown_genres(models, dark=is_dark()),
                key="unknown-genres",
                alt=text.genres_alt(models),
            )
        st.markdown("\n\n".join(text.hardest(name, entry) for name, entry in models.items()))
        stale = [name for name, entry in models.items() if measurements.is_stale(name, entry)]
        st.caption(text.notes(content, stale))
    if sets:
        st.subheader("Genre sets", anchor=False)
        st.html(
            grid(
                text.SETS_TABLE,
                text.sets_rows(sets),
                "Sets of test songs by unseen artists (95\u202f% confidence intervals)",
            )
        )
        st.caption(text.sets_notes(sets))
