"""The page *Genres*: what a genre is to a network, and which it takes for which."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.constants import GENRES
from dashboard import url_state
from dashboard.services import feature_models, measurements, models
from dashboard.text import sentences
from dashboard.text.formatting import genre_name, genre_title, model_name, percent
from dashboard.text.html import grid
from dashboard.widgets.controls import choose_model, is_dark
from dashboard.widgets.song_picker import masthead
from dashboard.widgets.status import failures_as_sentences

SONGS = 12  # in a list
PAIRS = 4  # of genres, most alike and best told apart
CONFIG = {"displayModeBar": False}
state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    masthead("What a genre is to a network, learnt from songs by artists it had never heard.")
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        name = choose_model(measurements.model_names())
    if state.get("target") not in GENRES:
        state["target"] = GENRES[0]
    with right:
        genre = st.selectbox(
            "Genre", GENRES, format_func=genre_title, key="target", persist_state="session"
        )
    state["target-is-chosen"] = True
    url_state.write()
    with failures_as_sentences():
        profile(name, genre)
        mistakes(name, genre)


def profile(name: str, genre: str) -> None:
    """Draw where the evidence for a genre lies: by band, by coefficient, over time."""
    from dashboard.charts import axes, metrics

    st.header(f"What speaks for {genre_name(genre)}", anchor=False)
    found = measurements.genre_profiles(name)
    if not feature_models.reads_spectrogram(name):
        st.info(
            "This model reads numbers about a segment, not its spectrogram, so no band or moment "
            "speaks for a genre. *Compare* shows which numbers count in a song."
        )
        return
    if found is None:
        there = [
            each
            for each in measurements.model_names()
            if measurements.genre_profiles(each) is not None
        ]
        st.info(
            "What genres are to this model was not worked out: that takes thousands of "
            f"explanations. It was for {' and '.join(map(model_name, there)) or 'no model'}."
        )
        return
    index = GENRES.index(genre)
    count = int(found.segments[index])
    bands = axes.band_rows(models.band_frequencies(name))
    strongest = int(np.argmax(found.signed_bands[index]))
    st.markdown(
        f"Mean SHAP values of {count} segments of {genre_name(genre)}: orange speaks for it, blue "
        f"against it. The strongest band lies around **{bands.labels[strongest]}**. "
        f"{found.coefficients.shape[1]} MFCCs know no finer ripples than these."
    )
    st.plotly_chart(
        metrics.bars(
            bands.labels,
            found.signed_bands[index],
            "frequency",
            "SHAP",
            dark=is_dark(),
        ),
        key="bands",
        config=CONFIG,
        alt=f"Mean SHAP value by mel band for {genre_name(genre)}; {bands.labels[strongest]} "
        "speaks most for it",
    )
    left, right = st.columns(2, gap="large")
    coefficients = axes.coefficient_rows(found.signed_coefficients.shape[1])
    with left:
        st.subheader("By coefficient", anchor=False)
        st.plotly_chart(
            metrics.bars(
                [str(number + 1) for number in range(len(coefficients.labels))],
                found.signed_coefficients[index],
                "MFCC coefficient",
                "SHAP",
                dark=is_dark(),
            ),
            key="coefficients",
            config=CONFIG,
            alt=f"Mean SHAP value by MFCC coefficient for {genre_name(genre)}",
        )
    with right:
        st.subheader("Over the three seconds", anchor=False)
        frame_s = models.frame_seconds(name)
        st.plotly_chart(
            metrics.bars(
                [f"{frame * frame_s:.2f}" for frame in range(found.signed_frames.shape[1])],
                found.signed_frames[index],
                "seconds",
                "SHAP",
                dark=is_dark(),
            ),
            key="frames",
            config=CONFIG,
            alt=f"Mean SHAP value over time for {genre_name(genre)}",
        )
    st.caption(
        "Bars in one place can hide evidence that cancels: what speaks for a genre in one song "
        "speaks against it in another."
    )


def mistakes(name: str, genre: str) -> None:
    """Draw the confusion matrix and what hides behind a cell."""
    from dashboard.charts import metrics

    st.header("What is taken for what", anchor=False)
    counts = measurements.confusion_of(name, "artist")
    if counts is None:
        st.info("This network was not measured by unknown artists.")
        return

    index = GENRES.index(genre)
    if state.get("cell-of") != (name, genre):
        state["cell-of"] = name, genre
        state["row"], state["column"] = index, _most_confused(counts, index)

    def clicked() -> None:
        points = state["confusion"].selection.points
        if points:
            state["row"], state["column"] = map(int, points[0]["customdata"])

    left, right = st.columns([3, 2], gap="large")
    with left:
        st.plotly_chart(
            metrics.confusion(counts, GENRES, "songs", dark=is_dark()),
            key="confusion",
            on_select=clicked,
            selection_mode="points",
            config=CONFIG,
            alt=sentences.confusion_alt(counts, GENRES),
        )
    with right:
        rows, columns = (
            st.selectbox(
                label,
                range(len(GENRES)),
                format_func=lambda place: genre_title(GENRES[place]),
                key=key,
            )
            for label, key in (("Songs of", "row"), ("taken for", "column"))
        )
        songs = measurements.songs_confused_as(name, rows, columns)
        if songs:
            shown = [[song, percent(share)] for song, share in songs[:SONGS]]
            if len(songs) > SONGS:
                shown.append([f"and {len(songs) - SONGS} more", ""])
            st.html(
                grid(
                    ["Song", "how sure"],
                    shown,
                    f"{len(songs)} of {int(counts[rows].sum())} songs (names of GTZAN)",
                )
            )
        else:
            st.markdown(
                f"No song of {genre_name(GENRES[rows])} was taken for "
                f"{genre_name(GENRES[columns])}."
            )
    pairs(counts)


def _most_confused(counts: np.ndarray, index: int) -> int:
    """Return what a genre is most often wrongly taken for."""
    others = counts[index].copy()
    others[index] = -1
    return int(others.argmax())


def pairs(counts: np.ndarray) -> None:
    """Draw which genres are typical, and which pairs are most often mixed up."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    sure = np.argsort(-np.diag(shares), kind="stable")
    mixed = [
        (float(shares[one, other]), one, other)
        for one in range(len(GENRES))
        for other in range(len(GENRES))
        if one != other
    ]
    mixed.sort(reverse=True)
    left, right = st.columns(2, gap="large")
    with left:
        rows = [
            [genre_title(GENRES[index]), percent(shares[index, index])] for index in sure[:PAIRS]
        ]
        st.html(grid(["Genre", "recognised"], rows, "Most typical"))
    with right:
        rows = [
            [f"{genre_title(GENRES[one])} → {genre_name(GENRES[other])}", percent(share)]
            for share, one, other in mixed[:PAIRS]
        ]
        st.html(grid(["Taken for another", "of its songs"], rows, "Most confusing"))


main()
