"""Experiments on one segment with two spectrogram models: order, and evidence in time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from dashboard.services import experiments, explanations, feature_models, measurements, models
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import experiments as texts
from dashboard.text.conclusion import Findings
from dashboard.text.formatting import (
    genre_name,
    model_name,
    percent,
    span,
)
from dashboard.text.html import grid
from dashboard.text.score_tables import MISSING
from dashboard.text.smallest_parts import MISSING_PARTS
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import is_dark
from dashboard.widgets.smallest_parts import draw_smallest_parts
from dashboard.widgets.status import Progress

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.order import OrderProbabilities
    from dashboard.charts.order import OrderLine

KINDS = ("played", "same order of frames", "mean of all shuffles")  # columns for each model
SIMILAR_LENGTH = 1.1  # largest ratio of segment lengths at which models share audio


def draw_experiments(
    song: Song,
    analyses: Sequence[Analysis],
    target: ExplanationTarget,
    middle_s: float,
) -> Findings | None:
    """Draw the experiments on the chosen segment.

    Parameters
    ----------
    song : Song
        The song.
    analyses : sequence of Analysis
        Predictions of the two models.
    target : ExplanationTarget
        The explained genre.
    middle_s : float
        A time within the chosen segment.

    Returns
    -------
    Findings or None
        What was measured; None if a model does not read a spectrogram.
    """
    pair = (analyses[0].model, analyses[1].model)
    st.header("What does time add?", anchor=False)
    if not all(map(feature_models.reads_spectrogram, pair)):
        st.caption(texts.MISSING_ORDER)
        return None
    segments = [explanations.segment_at(each, middle_s) for each in analyses]
    with Progress() as progress:
        orders = {
            name: experiments.order_of(song, name, segment, progress)
            for name, segment in zip(pair, segments, strict=True)
        }
    draw_order(analyses, orders, target.genre)
    draw_versions(song, analyses, orders, target, segments)
    st.subheader("Each other's evidence", anchor=False)
    accepted = None
    if have_similar_length(analyses):
        accepted = draw_smallest_parts(song, pair, middle_s)
    else:
        st.caption(MISSING_PARTS)
    with Progress() as progress:
        own = [
            explanations.segment_explanation_of(song, name, target, segment, progress)
            for name, segment in zip(pair, segments, strict=True)
        ]
    return Findings(
        models=pair,
        moment=_moment(analyses, segments),
        genres=_genres(analyses, segments),
        target=target.genre,
        correlation=explanations.regridded_on(own[0], own[1])[1],
        changes=_changes(list(orders.values())),
        accepted=accepted,
    )


def have_similar_length(analyses: Sequence[Analysis]) -> bool:
    """Whether the segments of two models are similar enough in length to share their audio."""
    lengths = [each.parameters.segment_s for each in analyses]
    return max(lengths) <= SIMILAR_LENGTH * min(lengths)


def _moment(analyses: Sequence[Analysis], segments: Sequence[int]) -> str:
    """Time of the compared segments; of each one, if their lengths differ."""
    spans = [
        span(float(each.starts_s[segment]), float(each.ends_s[segment]))
        for each, segment in zip(analyses, segments, strict=True)
    ]
    if have_similar_length(analyses):
        return spans[0]
    return " and ".join(
        f"{moment} ({model_name(each.model)})" for each, moment in zip(analyses, spans, strict=True)
    )


def _genres(analyses: Sequence[Analysis], segments: Sequence[int]) -> tuple[str, str]:
    """Genres that both models predict for the segment."""
    first, second = (
        each.genres[int(each.probabilities[segment].argmax())]
        for each, segment in zip(analyses, segments, strict=True)
    )
    return first, second


def _changes(orders: Sequence[OrderProbabilities]) -> tuple[float, float] | None:
    """Change in the probability of each model's predicted genre when single frames are shuffled."""
    if not all(each.chunks[:1] == (1,) for each in orders):
        return None
    first, second = (
        float((each.shuffled[0, :, 0] - each.original[0]).mean(axis=0)[each.original[0].argmax()])
        for each in orders
    )
    return first, second


def draw_order(
    analyses: Sequence[Analysis], orders: dict[str, OrderProbabilities], genre: str
) -> None:
    """Draw the probability for the segment, and the accuracy on the test set, by order."""
    st.subheader("Order of the frames", anchor=False)
    left, right = st.columns(2, gap="large")
    frames_s = {
        each.model: each.parameters.hop_length / each.parameters.sample_rate for each in analyses
    }
    with left:
        st.markdown("**This segment**")
        lines = {
            name: probability_line(found, models.genre_index(name, genre), frames_s[name])
            for name, found in orders.items()
        }
        if all(len(line.chunks_s) for line in lines.values()):
            _draw_lines(lines, f"Probability of {genre_name(genre)}", "±1 SD:", "order")
        else:
            st.caption(texts.TOO_SHORT)
    with right:
        st.markdown("**Test set: segments by unseen artists**")
        measured = {name: entry for name in orders if (entry := measurements.order(name))}
        if measured:
            accuracies = {
                name: accuracy_line(entry, frames_s[name]) for name, entry in measured.items()
            }
            _draw_lines(accuracies, "Accuracy", "95\u202f% interval", "order-accuracy")
        missing = [name for name in orders if name not in measured]
        if note := texts.not_measured(missing, "Accuracy on shuffled test segments"):
            st.caption(note)
    if measured:
        st.caption(texts.order_on_test_set(measured))


def _draw_lines(lines: dict[str, OrderLine], title: str, bar: str, key: str) -> None:
    from dashboard.charts.order import order_lines

    values = {
        name: (line.values[0], line.values[-2], line.values[-1]) for name, line in lines.items()
    }
    draw_chart(
        order_lines(lines, title, bar, dark=is_dark()),
        key=key,
        alt=texts.order_alt(values, title),
    )


def probability_line(found: OrderProbabilities, genre: int, frame_s: float) -> OrderLine:
    """Probabilities of a genre by order: means and standard deviations over the shuffles."""
    from dashboard.charts.order import OrderLine

    shuffled = found.shuffled[:, :, 0, genre]
    whole = np.array([found.original[0, genre], found.backwards[0, genre]])
    means = np.concatenate([shuffled.mean(axis=1), whole])
    spread = np.concatenate([shuffled.std(axis=1), np.zeros(2)])
    return OrderLine(
        [chunk * frame_s for chunk in found.chunks],
        means,
        np.maximum(means - spread, 0),
        np.minimum(means + spread, 1),
    )


def accuracy_line(entry: dict[str, Any], frame_s: float) -> OrderLine:
    """Accuracies of segments by order, with their intervals, from an entry of order.json."""
    from dashboard.charts.order import OrderLine

    chunks = sorted(entry["shuffled"], key=int)
    rows = [
        *(entry["shuffled"][chunk]["segment"] for chunk in chunks),
        entry["original"]["segment"],
        entry["backwards"]["segment"],
    ]
    low, high = np.array([row["interval"] for row in rows]).T
    return OrderLine(
        [int(chunk) * frame_s for chunk in chunks],
        np.array([row["accuracy"] for row in rows]),
        low,
        high,
    )


def draw_versions(
    song: Song,
    analyses: Sequence[Analysis],
    orders: dict[str, OrderProbabilities],
    target: ExplanationTarget,
    segments: Sequence[int],
) -> None:
    """Draw the player of the versions with the evidence in time, and interpret both."""
    from dashboard.player import player
    from dashboard.player.versions import payload_of_versions, title_of

    pair = [each.model for each in analyses]
    with Progress() as progress:
        timing = {
            name: experiments.evidence_in_time_of(song, name, target, segment, progress)
            for name, segment in zip(pair, segments, strict=True)
        }
        leader = experiments.leader_of(pair)
        segment = segments[pair.index(leader)]
        versions = None
        if have_similar_length(analyses):
            names = sorted(pair, key=lambda name: name != leader)
            versions = experiments.versions_of(song, names, segment, progress)
    index = models.genre_index(pair[0], target.genre)
    st.markdown("**Listen to it**")
    if versions is None:
        st.caption(texts.MISSING_VERSIONS)
    else:
        payload = payload_of_versions(
            song,
            segment,
            versions,
            timing,
            leader,
            target.genre,
            index,
            analyses[pair.index(leader)].parameters.sample_rate,
            dark=is_dark(),
        )
        player(payload, key="versions")
        st.caption(texts.versions_meaning())
        # On other frames, no order is the same as that of the played version.
        comparable = {
            name: found if timing[name].frame_s == timing[leader].frame_s else None
            for name, found in orders.items()
        }
        with st.expander("Predictions for the played audio and for the spectrogram"):
            st.html(
                grid(
                    [
                        "Version",
                        *(f"{model_name(name)}, {kind}" for name in pair for kind in KINDS),
                    ],
                    [
                        [
                            title_of(each.name, timing[leader].frame_s),
                            *_probability_cells(each, comparable, index),
                        ]
                        for each in versions
                    ],
                    f"Versions: probability of {genre_name(target.genre)}",
                )
            )
            st.markdown(texts.order_method(next(iter(orders.values())).shuffled.shape[1]))
    st.subheader("Where in time", anchor=False)
    st.markdown(
        texts.concentration(
            pair,
            [timing[name].half_share for name in pair],
            [timing[name].gini for name in pair],
        )
    )
    lags = [
        texts.lag(name, each.lags_s, each.correlation, each.chance, each.frame_s)
        for name, each in timing.items()
        if each.has_onsets
    ]
    st.markdown(" ".join(lags) or texts.NO_ONSETS)
    stored = {name: entry["timing"] for name in pair if (entry := measurements.order(name))}
    if stored:
        st.caption(texts.timing_on_test_set(stored))
    missing = [name for name in pair if name not in stored]
    if note := texts.not_measured(missing, "Evidence in time on the test set"):
        st.caption(note)


def _probability_cells(
    version: experiments.Version, orders: dict[str, OrderProbabilities | None], genre: int
) -> list[str]:
    """Cells of one version: for each model the played audio, the same order, and the mean."""
    cells = []
    for name, found in orders.items():
        cells.append(percent(float(version.probabilities[name][genre])))
        if found is None:
            cells += [MISSING, MISSING]
            continue
        same, mean = found.original[0], found.original[0]
        if version.name == experiments.BACKWARDS:
            same = mean = found.backwards[0]
        elif version.name != experiments.ORIGINAL:
            shuffled = found.shuffled[found.chunks.index(int(version.name)), :, 0]
            same, mean = shuffled[0], shuffled.mean(axis=0)
        cells += [percent(float(each[genre])) for each in (same, mean)]
    return cells
