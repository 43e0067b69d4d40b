"""Evidence of models that read features or time steps instead of a spectrogram."""

from __future__ import annotations

import numpy as np
import streamlit as st

from dashboard.charts import bars
from dashboard.services import explanations, feature_models
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import glossary, sentences
from dashboard.text.formatting import genre_name, model_name, percent
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import is_dark
from dashboard.widgets.status import Progress

MOST_FEATURES = 12  # drawn
NAMED = 3  # features in a text alternative
TRACKS = {
    "original": "Original",
    "kept": "Time steps for {}",
    "removed": "Other time steps",
}


def draw_feature_evidence(
    song: Song, name: str, target: ExplanationTarget, moment_s: float
) -> None:
    """Draw the SHAP values of the most important features, or of all time steps.

    Parameters
    ----------
    song : Song
        The song.
    name : str
        Model that reads features.
    target : ExplanationTarget
        The explained genre.
    moment_s : float
        Time within the segment to explain.
    """
    with Progress() as progress:
        analysis = explanations.analysis_of(song, name, progress)
        segment = explanations.segment_at(analysis, moment_s)
        found = feature_models.feature_explanation_of(song, name, target.genre, segment, progress)
    st.subheader(model_name(name), anchor=False)
    unit = f"SHAP value ({found.output})"
    steps = found.unit == "time step"
    if steps:
        names, values = bars.time_step_bars(
            found,
            float(analysis.starts_s[segment]),
            analysis.parameters.segment_s,
            float(analysis.ends_s[segment]),
        )
        figure = bars.bars(names, values, "Start of the time step (min:s)", unit, dark=is_dark())
    else:
        order = np.argsort(-np.abs(found.values))[:MOST_FEATURES]
        names, values = [found.names[index] for index in order], found.values[order]
        figure = bars.named_bars(names, values, unit, dark=is_dark())
    strongest = sorted(zip(names, values, strict=True), key=lambda bar: -abs(bar[1]))[:NAMED]
    draw_chart(
        figure,
        key=f"features-{name}",
        alt=f"Most important {'time steps' if steps else 'features'} for {model_name(name)}: "
        + ", ".join(bar for bar, _ in strongest),
    )
    st.caption(sentences.feature_caption(found, MOST_FEATURES))
    if steps:
        _draw_gated_sounds(song, name, target, segment, bars.in_favour(names, values))
    else:
        with st.expander("About the features"):
            st.markdown(glossary.FEATURES)


def _draw_gated_sounds(
    song: Song, name: str, target: ExplanationTarget, segment: int, in_favour: np.ndarray
) -> None:
    """Draw players for the whole segment, the time steps for the genre, and the others."""
    with Progress() as progress:
        sounds = feature_models.gated_sounds_of(song, name, target.genre, segment, progress)
    for column, (kind, label) in zip(st.columns(len(TRACKS)), TRACKS.items(), strict=True):
        content, probability = sounds[kind]
        title = label.format(genre_name(target.genre))
        with column:
            st.markdown(f"{title}: **{percent(probability)}** {genre_name(target.genre)}")
            st.audio(content, format="audio/flac", alt=title)
    st.caption(
        f"{sentences.time_steps_in_favour(in_favour, target.genre)} Percentages are the model's "
        "predictions for each sound."
    )
