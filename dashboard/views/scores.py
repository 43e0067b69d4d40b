"""The page *Scores*: accuracy of all models under three test protocols, and faithfulness."""

from __future__ import annotations

import streamlit as st

from core.constants import DEFAULT_KEEP, GENRES, PROTOCOLS
from core.models.registry import ENSEMBLE, MODELS
from dashboard import url_state
from dashboard.services import measurements
from dashboard.services.measurements import Unit
from dashboard.text import glossary
from dashboard.text.formatting import genre_title, model_name, sentence_case, share_percent
from dashboard.text.html import grid
from dashboard.text.score_tables import (
    LEADERBOARD,
    RANKING_TABLE,
    leaderboard_notes,
    leaderboard_row,
    ranking_rows,
)
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import choose_model, choose_option, is_dark
from dashboard.widgets.ground_truth import draw_ground_truth
from dashboard.widgets.novelty import draw_novelty
from dashboard.widgets.song_picker import masthead
from dashboard.widgets.status import failures_as_sentences

FEW_SONGS = 60  # test songs below which a note asks for caution
UNITS: dict[Unit, str] = {"segment": "Segments", "song": "Songs"}
CALIBRATION_NOTES: dict[Unit, str] = {
    "segment": "Larger points represent more segments. On the diagonal, confidence equals "
    "accuracy.",
    "song": "Larger points represent more songs. Averaging over segments makes songs "
    "underconfident: points above the diagonal are correct more often than their confidence "
    "suggests. The temperature was fitted on segments.",
}


def main() -> None:
    """Draw the page from top to bottom."""
    masthead("Accuracy with confidence intervals and data leakage marked")
    with failures_as_sentences():
        names = [*measurements.model_names(), ENSEMBLE]
        leaderboard(names)
        protocols(names)
        name = choose_model(names)
        url_state.write()
        details(name)
        faithfulness(name)
        draw_ground_truth(name)
        draw_novelty()


def leaderboard(names: list[str]) -> None:
    """Draw the leaderboard: a row for each model, the most accurate on unseen artists first."""
    from dashboard.widgets.evaluation import draw_lstm_benefit

    st.header("Accuracy", anchor=False)
    scores = {
        name: score for name in names if (score := measurements.score(name, "artist")) is not None
    }
    if not scores:
        st.info("Accuracy has not been measured.")
        return
    order = sorted(scores, key=lambda name: -scores[name]["test"]["song"]["accuracy"])
    starred, n_common, on_common = measurements.compare_on_common_songs(order)
    rows = [
        leaderboard_row(
            name,
            {each: measurements.score(name, each) for each in PROTOCOLS},
            starred=name in starred,
        )
        for name in order
    ]
    st.html(grid(LEADERBOARD, rows, "95\u202f% confidence intervals in small type; seed 0"))
    draw_lstm_benefit()
    with st.expander("About the columns"):
        st.markdown(glossary.METRICS)
    folds = {name: fold for name in scores if (fold := measurements.folds(name))}
    notes = leaderboard_notes(scores, folds, starred, n_common, on_common)
    st.caption("\n\n".join(notes))


def protocols(names: list[str]) -> None:
    """Draw the accuracy of all models under the three protocols."""
    from dashboard.charts import metrics

    rows = {
        sentence_case(title): {
            name: score["test"]["segment" if protocol == "segment" else "song"]
            for name in names
            if (score := measurements.score(name, protocol)) is not None
        }
        for protocol, title in PROTOCOLS.items()
    }
    rows = {title: row for title, row in rows.items() if row}
    if len(rows) < 2:
        return
    st.subheader("The same models under three test protocols", anchor=False)
    st.markdown(
        "Most published results on this data set were measured on unseen segments of songs in the "
        "training set. Only results on unseen artists estimate the accuracy on your own music. "
        "Unseen segments are scored individually; three seconds are harder to classify than a "
        "whole song. Models that do not memorise songs, such as MSD-musicnn, therefore gain "
        "nothing from the leakage."
    )
    reported = {
        name: score["reported"]
        for name in names
        if (score := measurements.score(name, "artist")) is not None and score.get("reported")
    }
    draw_chart(
        metrics.protocols(rows, reported, dark=is_dark()),
        key="protocols",
        alt="Accuracy of each model by test protocol. "
        + ". ".join(
            f"{title}: "
            + ", ".join(
                f"{model_name(name)} {share_percent(part['accuracy'])}"
                for name, part in row.items()
            )
            for title, row in rows.items()
        ),
    )


def details(name: str) -> None:
    """Draw the classification report, confusions, calibration and curves of one model."""
    from dashboard.widgets.evaluation import draw_confusion, draw_curves, draw_reliability

    st.header(f"{model_name(name)} in detail", anchor=False)
    if differs := MODELS[name].differs if name in MODELS else "":
        st.caption(f"Differences from the published model: {differs}.")
    stored = measurements.stored_protocols(name)
    if not stored:
        st.info("The test predictions of this model are not stored.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        options = {each: sentence_case(PROTOCOLS[each]) for each in stored}
        protocol = choose_option("Test set", options, stored[0], "tested")
        unit: Unit = "song"
        if not measurements.predicts_whole_clips(name):
            unit = choose_option("Unit", UNITS, "song", "unit")
    n_songs = measurements.n_test_songs(name, protocol)
    caution = " With so few songs, single songs change the results noticeably." * (
        n_songs < FEW_SONGS
    )
    st.caption(f"{glossary.LEAKAGE[protocol]}: {n_songs} songs, seed 0.{caution}")
    report = measurements.genre_report(name, protocol, unit)
    st.html(
        grid(
            ["Genre", "Precision", "Recall", "F1", UNITS[unit]],
            [
                [genre_title(genre), *(f"{value:.2f}" for value in line[:3]), f"{line[3]:.0f}"]
                for genre, line in zip(GENRES, report, strict=True)
            ],
            "Classification report",
        )
    )
    left, right = st.columns(2, gap="large")
    with left:
        draw_confusion(measurements.confusion_matrix(name, protocol, unit), UNITS[unit].lower())
    with right:
        curves = {name: measurements.reliability(name, protocol, unit)}
        draw_reliability(curves, UNITS[unit].lower())
        st.caption(CALIBRATION_NOTES[unit])
    draw_curves(name, protocol, unit)


def faithfulness(name: str) -> None:
    """Draw the faithfulness of explanations of one model, by ranking."""
    st.header("Faithfulness of the explanations", anchor=False)
    found = measurements.faithfulness()
    measured = found.get("models") or {}
    if name not in measured:
        titles = " and ".join(map(model_name, measured))
        st.info(
            f"Faithfulness has been measured only for {titles}."
            if titles
            else "Faithfulness has not been measured."
        )
        return
    model = measured[name]
    areas = {str(area): share_percent(float(area)) for area in found["areas"]}
    area = choose_option("Amount kept", areas, str(DEFAULT_KEEP), "area")
    st.html(
        grid(
            RANKING_TABLE,
            ranking_rows(model["methods"], area),
            f"{model['segments']} segments of {model['tracks']} songs by unseen artists "
            "(95\u202f% confidence intervals)",
        )
    )
    st.caption(glossary.FAITHFULNESS)


main()
