"""The page *Genres*: mean evidence for each genre, and confusions between genres."""

from __future__ import annotations

import numpy as np
import streamlit as st

from core.constants import GENRES
from dashboard import url_state
from dashboard.services import feature_models, measurements, models
from dashboard.text import alternatives
from dashboard.text.formatting import (
    genre_name,
    genre_title,
    model_name,
    percent,
    share_percent,
)
from dashboard.text.html import grid
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import choose_model, is_dark
from dashboard.widgets.song_picker import masthead
from dashboard.widgets.status import failures_as_sentences

MOST_SONGS = 12  # in a list
MOST_PAIRS = 4  # genres, and pairs of genres, in a list

SHAP_UNIT = "Mean SHAP value (probability)"

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    masthead("Average evidence for each genre, measured on unseen artists")
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
        confusions(name, genre)


def profile(name: str, genre: str) -> None:
    """Draw the mean evidence for a genre by frequency band, by coefficient and over time."""
    from dashboard.charts import axes, bars

    st.header(f"Evidence for {genre_name(genre)}", anchor=False)
    if not feature_models.reads_spectrogram(name):
        st.info(
            "This model classifies features instead of a spectrogram, so its evidence has no "
            "frequency or time. The page *Compare* shows its most important features for a song."
        )
        return
    found = measurements.genre_profiles(name)
    if found is None:
        available = [
            each
            for each in measurements.model_names()
            if measurements.genre_profiles(each) is not None
        ]
        st.info(
            "No genre profile has been computed for this model. Available: "
            f"{' and '.join(map(model_name, available)) or 'none'}."
        )
        return
    index = GENRES.index(genre)
    count = int(found.segments[index])
    bands = axes.band_rows(models.band_frequencies(name))
    strongest = bands.labels[int(np.argmax(found.signed_bands[index]))]
    n_mfcc = found.coefficients.shape[1]
    st.markdown(
        f"Mean SHAP values over {count} segments of {genre_name(genre)}. Orange: evidence for it. "
        f"Blue: evidence against it. The strongest evidence is near **{strongest}**. The waves "
        f"reflect the resolution of {n_mfcc} MFCCs; do not read single peaks."
    )
    draw_chart(
        bars.bars(bands.labels, found.signed_bands[index], "Frequency", SHAP_UNIT, dark=is_dark()),
        key="bands",
        alt=f"Mean SHAP value by mel band for {genre_name(genre)}, strongest near {strongest}",
    )
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("By coefficient", anchor=False)
        draw_chart(
            bars.bars(
                [str(number + 1) for number in range(n_mfcc)],
                found.signed_coefficients[index],
                "MFCC",
                SHAP_UNIT,
                dark=is_dark(),
            ),
            key="coefficients",
            alt=f"Mean SHAP value by MFCC for {genre_name(genre)}",
        )
    with right:
        st.subheader("Over time", anchor=False)
        frame_s = models.frame_seconds(name)
        draw_chart(
            bars.bars(
                [f"{frame * frame_s:.2f}" for frame in range(found.signed_frames.shape[1])],
                found.signed_frames[index],
                "Time in the segment (s)",
                SHAP_UNIT,
                dark=is_dark(),
            ),
            key="frames",
            alt=f"Mean SHAP value over the time of a segment for {genre_name(genre)}",
        )
    st.caption(
        "A short bar can hide strong evidence: contributions of opposite sign in different songs "
        "cancel in the mean."
    )


def confusions(name: str, genre: str) -> None:
    """Draw the confusion matrix, and the songs behind its selected cell."""
    from dashboard.charts import metrics

    st.header("Confusions between genres", anchor=False)
    counts = measurements.confusion_of(name, "artist")
    if counts is None:
        st.info("This model was not tested on unseen artists.")
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
        draw_chart(
            metrics.confusion(counts, GENRES, "songs", dark=is_dark()),
            key="confusion",
            alt=alternatives.confusion_alt(counts, GENRES),
            on_select=clicked,
            selection_mode="points",
        )
    with right:
        true, predicted = (
            st.selectbox(
                label,
                range(len(GENRES)),
                format_func=lambda place: genre_title(GENRES[place]),
                key=key,
            )
            for label, key in (("True genre", "row"), ("Predicted genre", "column"))
        )
        _draw_songs(name, true, predicted, int(counts[true].sum()))
    _draw_extremes(counts)


def _draw_songs(name: str, true: int, predicted: int, total: int) -> None:
    """Draw the list of test songs with a true and a predicted genre."""
    songs = measurements.songs_confused_as(name, true, predicted)
    if not songs:
        st.markdown(
            f"No {genre_name(GENRES[true])} song was predicted as {genre_name(GENRES[predicted])}."
        )
        return
    rows = [[song, percent(share)] for song, share in songs[:MOST_SONGS]]
    if len(songs) > MOST_SONGS:
        rows.append([f"and {len(songs) - MOST_SONGS} more", ""])
    caption = f"{len(songs)} of {total} songs (GTZAN names)"
    st.html(grid(["Song", "Confidence"], rows, caption))


def _most_confused(counts: np.ndarray, index: int) -> int:
    """Find the genre that a genre is most often wrongly predicted as."""
    others = counts[index].copy()
    others[index] = -1
    return int(others.argmax())


def _draw_extremes(counts: np.ndarray) -> None:
    """Draw the genres that are recognised best, and the pairs that are confused most."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    recall = np.diag(shares)
    best = np.argsort(-recall, kind="stable")[:MOST_PAIRS]
    errors = sorted(
        (
            (float(shares[true, predicted]), true, predicted)
            for true in range(len(GENRES))
            for predicted in range(len(GENRES))
            if true != predicted
        ),
        reverse=True,
    )[:MOST_PAIRS]
    left, right = st.columns(2, gap="large")
    with left:
        rows = [[genre_title(GENRES[index]), share_percent(recall[index])] for index in best]
        st.html(grid(["Genre", "Recall"], rows, "Best recognised genres"))
    with right:
        rows = [
            [f"{genre_title(GENRES[true])} → {genre_name(GENRES[predicted])}", share_percent(share)]
            for share, true, predicted in errors
        ]
        st.html(
            grid(
                ["True → predicted genre", "Share of the true genre's songs"],
                rows,
                "Most frequent confusions",
            )
        )


main()
