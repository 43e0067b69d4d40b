"""Evaluation of models on the test set: accuracy, confusions, calibration and curves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.constants import GENRES
from core.models.registry import DEFAULT_MODELS
from dashboard.charts import metrics
from dashboard.services import measurements
from dashboard.services.measurements import Unit
from dashboard.text import alternatives, glossary
from dashboard.text.conclusion import lstm_benefit
from dashboard.text.experiments import not_measured
from dashboard.text.formatting import genre_title, model_name
from dashboard.text.html import grid
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import is_dark

if TYPE_CHECKING:
    from core.evaluation.curves import Reliability

CURVES_AT_FIRST = (0, 1, 5, 9)  # genres: blues, classical, jazz, rock
MOST_CURVES = 6  # as many as there are distinguishable colours


def draw_accuracy(pair: Sequence[str]) -> None:
    """Draw the table of models' accuracy, log loss and calibration error on unseen artists."""
    rows = []
    for name in pair:
        score = measurements.score(name, "artist")
        if score is None:
            continue
        song, segment = score["test"]["song"], score["test"]["segment"]
        low, high = song["interval"]
        rows.append(
            [
                model_name(name),
                str(score["test"]["tracks"]),
                f"{song['accuracy']:.3f}",
                f"{low:.3f}–{high:.3f}",
                "–" if measurements.predicts_whole_clips(name) else f"{segment['accuracy']:.3f}",
                f"{segment['log_loss']:.3f}",
                f"{segment['ece']:.3f}",
            ]
        )
    missing = [name for name in pair if measurements.score(name, "artist") is None]
    if note := not_measured(missing, "Accuracy on unseen artists"):
        st.caption(note)
    if not rows:
        return
    header = [
        "Model",
        "Test songs",
        "Accuracy (songs)",
        "95\u202f% interval",
        "Accuracy (segments)",
        "Log loss",
        "ECE",
    ]
    st.html(grid(header, rows, "Accuracy on unseen artists"))


def draw_lstm_benefit() -> None:
    """Draw whether the LSTM improves the accuracy on unseen artists, if that was measured."""
    test = measurements.mcnemar_test(*DEFAULT_MODELS)
    if test is not None:
        st.markdown(lstm_benefit(DEFAULT_MODELS, test))


def draw_reliability(found: Mapping[str, Reliability], unit: str) -> None:
    """Draw calibration curves, by name of the model.

    Parameters
    ----------
    found : mapping of str to Reliability
        Accuracy by confidence.
    unit : str
        ``"songs"`` or ``"segments"``.
    """
    st.subheader("Calibration", anchor=False)
    draw_chart(
        metrics.reliability(dict(found), unit, dark=is_dark()),
        key="calibration",
        alt=f"Accuracy at each confidence level: {', '.join(map(model_name, found))}",
    )


def draw_confusion(counts: np.ndarray, unit: str) -> None:
    """Draw a confusion matrix.

    Parameters
    ----------
    counts : np.ndarray [shape=(10, 10), dtype=int]
        Counts by true genre (rows) and predicted genre (columns).
    unit : str
        ``"songs"`` or ``"segments"``.
    """
    st.subheader("Confusion matrix", anchor=False)
    draw_chart(
        metrics.confusion(counts, GENRES, unit, dark=is_dark()),
        key="matrix",
        alt=alternatives.confusion_alt(counts, GENRES),
    )


def draw_curves(name: str, protocol: str, unit: Unit) -> None:
    """Draw precision–recall and ROC curves of the genres that are chosen in a control.

    Parameters
    ----------
    name, protocol : str
        Model and test protocol.
    unit : {"segment", "song"}
        Unit of the predictions, see `dashboard.services.measurements`.
    """
    genres = st.multiselect(
        "Genres shown",
        range(len(GENRES)),
        default=CURVES_AT_FIRST,
        format_func=lambda index: genre_title(GENRES[index]),
        key="curves",
        persist_state="session",
        max_selections=MOST_CURVES,
    )
    with st.expander("About the charts"):
        st.markdown(glossary.CURVES)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Precision–recall curves", anchor=False)
        found = {
            genre_title(GENRES[index]): measurements.precision_recall(name, protocol, unit, index)
            for index in genres
        }
        draw_chart(
            metrics.curves(found, "Recall", "Precision", "average precision", dark=is_dark()),
            key="pr",
            alt=alternatives.areas_alt("Average precision", found),
        )
    with right:
        st.subheader("ROC curves", anchor=False)
        found = {
            genre_title(GENRES[index]): measurements.roc(name, protocol, unit, index)
            for index in genres
        }
        draw_chart(
            metrics.curves(
                found, "False positive rate", "True positive rate", "area", dark=is_dark()
            ),
            key="roc",
            alt=alternatives.areas_alt("Area under the ROC curve", found),
        )
