"""The page *Compare*: two models on the same song, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from core.models.registry import DEFAULT_MODELS
from dashboard import url_state
from dashboard.services import explanations, feature_models, measurements, models, songs
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import alternatives, answers, formatting, glossary, sentences
from dashboard.text.conclusion import conclusion
from dashboard.text.formatting import genre_name, markdown_safe, model_name
from dashboard.text.html import prediction_card, prediction_cards
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import (
    choose_pair,
    choose_target,
    chosen_segment,
    draw_timeline,
    is_dark,
)
from dashboard.widgets.experiments import draw_experiments
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.analysis import Analysis

SIMILAR_LENGTH = 1.1  # ratio of segment lengths up to which segments are compared


def main() -> None:
    """Draw the page from top to bottom."""
    song = choose_song("Compare two models on the same song")
    pair = choose_pair()
    url_state.write()
    with renewed("compare", (song.digest if song else None, pair)):
        with failures_as_sentences():
            if song is None:
                st.info("Choose a song above to compare the two models.")
            elif any(map(feature_models.needs_yamnet, pair)):
                offer_yamnet()
            else:
                compare_song(song, pair)
        with failures_as_sentences():
            accuracy_section(pair)


def offer_yamnet() -> None:
    """Explain that YAMNet is missing, and offer its download."""
    st.info(
        "This model needs YAMNet, a network pretrained by Google on two million audio clips. "
        "Download it once (4 MB); its checksum is verified."
    )
    if st.button("Download YAMNet"):
        with Progress() as progress:
            progress("Downloading YAMNet …")
            feature_models.download_yamnet()
        st.rerun()


def compare_song(song: Song, pair: tuple[str, str]) -> None:
    """Draw predictions, timelines, evidence and experiments."""
    with Progress() as progress:
        first, second = (explanations.analysis_of(song, name, progress) for name in pair)
    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    analyses = {each.model: each for each in (first, second)}
    agreement = answers.summary(analyses)
    place = st.empty()
    place.markdown(agreement)
    cards = [
        prediction_card(
            each.model,
            each.genres,
            each.song_probabilities,
            answers.answer(each),
            models.accuracy(each.model),
        )
        for each in (first, second)
    ]
    st.html(prediction_cards(cards))
    if missing := answers.missing_data(analyses):
        st.caption(missing)
    genre = choose_target(first)
    target = ExplanationTarget(genre)
    middle_s = timelines(first, second, genre)
    url_state.write()
    segment = explanations.segment_at(first, middle_s)
    moment = formatting.span(float(first.starts_s[segment]), float(first.ends_s[segment]))
    st.header(f"Evidence for {genre_name(genre)} at {moment}", anchor=False)
    evidence_section(song, pair, target, middle_s)
    found = draw_experiments(song, (first, second), target, middle_s)
    if found is not None:
        place.markdown(f"{agreement} {conclusion(found)}")


def timelines(first: Analysis, second: Analysis, genre: str) -> float:
    """Draw both timelines with marks where the models disagree.

    If the models read segments of different length, a segment of the shorter length is chosen.

    Returns
    -------
    float
        Middle of the chosen segment, in seconds.
    """
    leader = min(first, second, key=lambda each: each.parameters.segment_s)
    segment = chosen_segment(leader, genre)
    middle_s = float(leader.starts_s[segment] + leader.ends_s[segment]) / 2
    lengths = [each.parameters.segment_s for each in (first, second)]
    st.header("Genres over time", anchor=False)
    disputed: list[int] = []
    if max(lengths) > SIMILAR_LENGTH * min(lengths):
        st.markdown(
            "The models use segments of different lengths, so disagreements are not marked."
        )
    else:
        winners = [each.probabilities.argmax(axis=1) for each in (first, second)]
        # The last segment may exist for one model only.
        count = min(map(len, winners))
        disputed = np.flatnonzero(winners[0][:count] != winners[1][:count]).tolist()
        st.markdown(
            f"The models disagree on {len(disputed)} of {count} segments (▼)."
            if disputed
            else "The models agree on every segment."
        )
    last = len(leader.starts_s) - 1
    for each in (first, second):
        segments = np.searchsorted(leader.starts_s, each.starts_s - 0.1, side="left").tolist()
        draw_timeline(
            each,
            genre,
            explanations.segment_at(each, middle_s),
            disputed=disputed,
            title=model_name(each.model),
            chooses=[min(index, last) for index in segments],
        )
    return middle_s


def evidence_section(
    song: Song, pair: tuple[str, str], target: ExplanationTarget, moment_s: float
) -> None:
    """Draw the evidence of both models: on the spectrogram, or as bars of features."""
    from dashboard.widgets.feature_evidence import draw_feature_evidence

    on_spectrogram = [name for name in pair if feature_models.reads_spectrogram(name)]
    if on_spectrogram:
        spectrograms(song, on_spectrogram, target, moment_s)
    for name in pair:
        if name not in on_spectrogram:
            draw_feature_evidence(song, name, target, moment_s)


def spectrograms(
    song: Song, names: Sequence[str], target: ExplanationTarget, moment_s: float
) -> None:
    """Draw the evidence of one or two models, the second on the first model's grid."""
    from dashboard.charts import axes
    from dashboard.charts.evidence import overlays

    with Progress() as progress:
        found = [
            explanations.segment_explanation_of(
                song,
                name,
                target,
                explanations.segment_at(explanations.analysis_of(song, name, progress), moment_s),
                progress,
            )
            for name in names
        ]
    titles = [model_name(name) for name in names]
    notes = [sentences.charts_meaning(genre_name(target.genre), len(found))]
    silence = [sentences.silence_after(each, model_name(each.model)) for each in found]
    if len(found) == 2:
        lengths = [each.parameters.segment_s for each in found]
        grids = {replace(each.parameters, n_mfcc=0) for each in found}
        found[1], correlation = explanations.regridded_on(*found)
        notes.append(
            "Correlation of the two models' SHAP values where their segments overlap: "
            f"**{formatting.signed(correlation)}**."
        )
        if len(grids) > 1:
            longer = lengths[1] > SIMILAR_LENGTH * lengths[0]
            notes.append(sentences.common_grid(titles[0], titles[1], longer=longer))
    rows = axes.band_rows(models.band_frequencies(names[0]))
    st.markdown(" ".join([*notes, *filter(None, silence)]))
    draw_chart(
        overlays(found, titles, rows, dark=is_dark()),
        key="overlays",
        alt=" ".join(
            f"{title}: {alternatives.evidence_alt(target.genre, each.mel[0], rows.labels)}"
            for title, each in zip(titles, found, strict=True)
        ),
    )


def accuracy_section(pair: tuple[str, str]) -> None:
    """Draw accuracy, McNemar's test, calibration and training of both models."""
    from dashboard.charts import metrics
    from dashboard.widgets.evaluation import draw_accuracy, draw_lstm_benefit, draw_reliability

    st.header("Accuracy", anchor=False)
    draw_accuracy(pair)
    test = measurements.mcnemar_test(*pair)
    if test is not None:
        st.markdown(sentences.difference(pair, test))
        if set(pair) == set(DEFAULT_MODELS):
            draw_lstm_benefit()
    with st.expander("About the metrics"):
        st.markdown(glossary.METRICS)
        st.markdown(glossary.MCNEMAR)
    left, right = st.columns(2, gap="large")
    curves = {
        name: measurements.reliability(name, "artist", "segment")
        for name in pair
        if "artist" in measurements.stored_protocols(name)
    }
    if curves:
        with left:
            draw_reliability(curves, "segments")
            st.caption("Segments of unseen artists. Larger points represent more segments.")
    histories = {
        name: measurements.card(name).get("training", {}).get("history", {}).get("train", [])
        for name in pair
    }
    if any(histories.values()):
        with right:
            st.subheader("Training", anchor=False)
            draw_chart(
                metrics.training(histories, dark=is_dark()),
                key="training",
                alt=f"Training and validation loss by epoch: {' and '.join(map(model_name, pair))}",
            )
            st.caption(
                "Training segments are augmented (mixed, filtered, partly muted) and their labels "
                "smoothed, so validation loss can be lower than training loss."
            )


main()
