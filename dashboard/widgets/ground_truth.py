"""Ground truth of the explanations: results in mixes of two songs, and one mix to hear."""

from __future__ import annotations

import streamlit as st

from core.constants import DEFAULT_KEEP
from dashboard.charts import ground_truth as charts
from dashboard.services import measurements, mixes
from dashboard.text import ground_truth as text
from dashboard.text.formatting import markdown_safe, model_name, share_percent
from dashboard.text.html import grid
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import choose_option, is_dark
from dashboard.widgets.status import Progress, failures_as_sentences

EXAMPLE_KINDS: dict[mixes.Kind, str] = {"seconds": "Some seconds", "bands": "Some bands"}


def draw_ground_truth(name: str) -> None:
    """Draw where a model's explanations of mixes lie."""
    st.header("Ground truth for the explanations", anchor=False)
    results = measurements.mixes()
    measured = results.get("models") or {}
    if name not in measured:
        titles = " and ".join(map(model_name, measured))
        st.info(
            f"Mixes of two songs have been measured only for {titles}."
            if titles
            else "Mixes of two songs have not been measured."
        )
        return
    st.markdown(text.INTRODUCTION)
    found = measured[name]
    kinds = {kind: title for kind, title in text.KINDS.items() if found["kinds"][kind]["mixes"]}
    kind = choose_option("Mixes", kinds, "all", "mix-kind")
    part = found["kinds"][kind]
    st.markdown(text.summary(part))
    rows = {key: title for key, title in text.table_titles().items() if key != "random"}
    draw_chart(
        charts.localisation(part["methods"], rows, dark=is_dark()),
        key="localisation",
        alt=text.localisation_alt(part),
    )
    with st.expander("Table of all methods"):
        st.html(
            grid(
                text.TABLE,
                text.localisation_rows(part["methods"]),
                text.caption(part, results["seed"]),
            )
        )
    notes = [
        text.NOTES.format(keep=share_percent(DEFAULT_KEEP)),
        text.selection(found, results),
        text.levels(found["levels"]),
    ]
    if measurements.card(name)["weights"]["sha256"] != found["weights"]:
        notes.insert(0, "**Measured on earlier weights of this model.**")
    st.caption("\n\n".join(filter(None, notes)))
    draw_example(name)


def draw_example(name: str) -> None:
    """Offer a mix of two example songs to see and to hear."""
    st.subheader("Hear an example", anchor=False)
    if not st.toggle("Mix two of the example songs", key="mix-example", persist_state="session"):
        return
    kind = choose_option("Song sounds only in", EXAMPLE_KINDS, "seconds", "mix-example-kind")
    with failures_as_sentences():
        with Progress() as progress:
            example = mixes.mix_example_of(name, kind, progress)
        explained = example.explained
        st.markdown(text.example_sentences(explained, name))
        draw_chart(
            charts.explained_mix(explained, dark=is_dark()),
            key="explained-mix",
            alt=text.example_alt(explained),
        )
        sounds = {
            "The mix": example.mix_file,
            f"{explained.mix.target.name} in the mix": example.target_file,
            "Important parts": example.kept_file,
        }
        for column, (title, file) in zip(st.columns(3), sounds.items(), strict=True):
            column.markdown(f"**{markdown_safe(title)}**")
            column.audio(file, format="audio/flac", alt=title)
        st.caption(
            "Of all pairs of example songs, this is the one whose song raises the probability of "
            "its genre most. The explanation has no influence on the choice."
        )
