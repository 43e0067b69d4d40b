"""The page *Scores*: every model by every protocol, with intervals, and what leaks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from core.constants import EXPLANATION_METHODS, FAITHFULNESS_METRICS, GENRES, PROTOCOLS
from core.models.registry import ENSEMBLE, MUSICNN
from dashboard import url_state
from dashboard.services import measurements
from dashboard.text import glossary, sentences
from dashboard.text.formatting import genre_title, model_name
from dashboard.text.html import grid
from dashboard.widgets.controls import choose_model, is_dark
from dashboard.widgets.song_picker import masthead
from dashboard.widgets.status import failures_as_sentences

if TYPE_CHECKING:
    from core.evaluation.predictions import Predictions

CONFIG = {"displayModeBar": False}
TITLES = {
    "artist": "unknown artists",
    "track": "unknown songs of known artists (leaks)",
    "segment": "unknown seconds of known songs (leaks)",
}
COLUMNS = ("Regions chosen by", *FAITHFULNESS_METRICS.values(), "roughness ↓", "seconds")
FEW_SONGS = 60
UNITS = {"segment": "three seconds", "song": "whole songs"}

CALIBRATION_NOTES = {
    "segment": "The larger a point, the more segments are so sure. On the line, as often right as "
    "it is sure.",
    "song": "A song's share is the mean of its segments', which is more cautious than the vote "
    "deserves: above the line, it is right more often than it says. The temperature was fitted on "
    "segments; judge by those to see how honest it is there.",
}
COUNTED = {"segment": "segments", "song": "songs"}

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    masthead("How good the models are, told honestly: with intervals, and with what leaks.")
    with failures_as_sentences():
        names = [*measurements.model_names(), ENSEMBLE]
        accuracies(names)
        leak(names)
        name = choose_model(names)
        url_state.write()
        details(name)
        explanations(name)


def accuracies(names: list[str]) -> None:
    """Draw the leaderboard: a row a model, its figures by every protocol beside each other."""
    st.header("Accuracy", anchor=False)
    scored = {
        name: score for name in names if (score := measurements.score(name, "artist")) is not None
    }
    order = sorted(scored, key=lambda name: -scored[name]["test"]["song"]["accuracy"])
    few, count, on_those = measurements.compare_on_common_songs(order)
    rows = [_cells(name, scored[name], "*" if name in few else "") for name in order]
    header = ["model", "reported", "unknown artists", "macro F1", "log loss", "ECE"]
    header += ["unknown songs (leaks)", "unknown seconds (leaks)", "MB", "ms"]
    st.html(
        grid(
            header, rows, "Share of right answers, with 95 % intervals and number of songs, seed 0"
        )
    )
    with st.expander("What the columns mean"):
        st.markdown(glossary.MEASURES)
    st.caption("\n\n".join(_notes(scored, few, count, on_those)))


def _notes(
    scored: dict[str, dict[str, Any]], few: list[str], count: int, on_those: dict[str, float]
) -> list[str]:
    """Return what must be known to read the leaderboard fairly."""
    notes = []
    if few:
        told = ", ".join(f"{model_name(name)} {share:.3f}" for name, share in on_those.items())
        notes.append(
            f"\\* Only asked about the {count} songs with audio at hand, which is "
            f"another exam. On just those songs: {told}."
        )
    if MUSICNN in scored:
        notes.append(
            f"{model_name(MUSICNN)} stands on a network that had heard a million songs before, "
            "and the YAMNet models on one that had heard two million clips: their last layers met "
            "no artist of the test, but those may have been among what was heard before."
        )
    if ENSEMBLE in scored:
        shares = scored[ENSEMBLE]["members"].items()
        told = ", ".join(f"{model_name(name)} {share:.2f}" for name, share in shares)
        notes.append(
            f"{model_name(ENSEMBLE)}: of the logarithms of three answers, weighted by how they did "
            f"on validation ({told} for unknown artists), with a temperature of its own."
        )
    lines = [
        f"{model_name(name)} {folds['song']['mean']:.3f} ± {folds['song']['deviation']:.3f} of "
        f"{folds['tracks']} songs"
        for name in scored
        if (folds := measurements.folds(name))
    ]
    if lines:
        notes.append(
            "Dealt anew five times, so that each song is asked about once, by unknown artists "
            f"(mean and deviation of the five): {'; '.join(lines)}."
        )
    return notes


def _figure(part: dict[str, Any], tracks: int) -> str:
    low, high = part["interval"]
    return f"{part['accuracy']:.3f}\n{low:.2f}–{high:.2f}, n {tracks}"


def _cells(name: str, score: dict[str, Any], mark: str) -> list[str]:
    """Return a model's row."""
    test = score["test"]
    others = [
        "–"
        if (other := measurements.score(name, protocol)) is None
        else _figure(other["test"][unit], other["test"]["tracks"])
        for protocol, unit in (("track", "song"), ("segment", "segment"))
    ]
    return [
        f"{model_name(name)}{mark}",
        f"{score['reported']:.2f}" if score.get("reported") else "–",
        _figure(test["song"], test["tracks"]),
        f"{test['song']['macro_f1']:.3f}",
        f"{test['segment']['log_loss']:.3f}",
        f"{test['segment']['ece']:.3f}",
        *others,
        f"{score['bytes'] / 1e6:.1f}" if "bytes" in score else "–",
        f"{score['ms_per_segment']:.1f}" if "ms_per_segment" in score else "–",
    ]


def leak(names: list[str]) -> None:
    """Draw the same models by the three protocols."""
    from dashboard.charts import metrics

    units = {"artist": "song", "track": "song", "segment": "segment"}
    rows = {
        PROTOCOLS[protocol]: {
            name: score["test"][unit]
            for name in names
            if (score := measurements.score(name, protocol)) is not None
        }
        for protocol, unit in units.items()
    }
    rows = {title: row for title, row in rows.items() if row}
    if len(rows) < 2:
        return
    st.subheader("The same models, three ways to test them", anchor=False)
    st.markdown(
        "Most published figures on this collection come from the last way: the network has heard "
        "other seconds of the very same songs. Only the first tells what to expect of your music. "
        "Unknown seconds are judged by three seconds each, which are harder than whole songs: who "
        "does not learn songs by heart, as MSD-musicnn, gains nothing there."
    )
    reported = {
        name: score["reported"]
        for name in names
        if (score := measurements.score(name, "artist")) is not None and score.get("reported")
    }
    st.plotly_chart(
        metrics.protocols(rows, reported, dark=is_dark()),
        key="leak",
        config=CONFIG,
        alt="Share of right answers of each network by protocol: "
        + "; ".join(
            f"{title}: "
            + ", ".join(f"{model_name(name)} {row['accuracy']:.0%}" for name, row in row_.items())
            for title, row_ in rows.items()
        ),
    )


def details(name: str) -> None:
    """Draw report, confusion, curves and calibration of one model."""
    from core.evaluation.curves import genre_report

    st.header(f"{model_name(name)} in detail", anchor=False)
    if differs := measurements.card(name).get("differs") if name != ENSEMBLE else "":
        st.caption(f"Where it differs from its source: {differs}.")
    stored = [each for each in PROTOCOLS if measurements.predictions(name, each) is not None]
    if not stored:
        st.info("The answers of this network to its test songs are not stored.")
        return
    with st.container(horizontal=True, vertical_alignment="bottom", gap="large"):
        protocol = _choice(
            "Tested on", {each: PROTOCOLS[each] for each in stored}, stored[0], "tested"
        )
        unit = "song"
        if not measurements.predicts_whole_clips(name):
            unit = _choice("Judged by", UNITS, "song", "unit")
    answers = measurements.predictions(name, protocol)
    assert answers is not None
    st.caption(
        f"{TITLES[protocol].capitalize()}: {len(answers.names)} songs, seed 0."
        + (
            " With so few, single songs move these figures and curves."
            if len(answers.names) < FEW_SONGS
            else ""
        )
    )
    rows, labels = answers.votes if unit == "song" else (answers.probabilities, answers.labels)
    report = genre_report(rows, labels)
    st.html(
        grid(
            ["Genre", "precision", "recall", "F1", COUNTED[unit]],
            [
                [genre_title(genre), *(f"{value:.2f}" for value in line[:3]), f"{line[3]:.0f}"]
                for genre, line in zip(GENRES, report, strict=True)
            ],
            "Classification report",
        )
    )
    pictures(name, answers, unit)


def pictures(name: str, answers: Predictions, unit: str) -> None:
    """Draw confusion, reliability, precision-recall and ROC."""
    from core.evaluation.curves import precision_recall, reliability, roc
    from core.evaluation.metrics import confusion
    from dashboard.charts import metrics

    dark = is_dark()
    rows, labels = answers.votes if unit == "song" else (answers.probabilities, answers.labels)
    left, right = st.columns(2, gap="large")
    counts = confusion(rows, labels)
    with left:
        st.subheader("Confusion", anchor=False)
        st.plotly_chart(
            metrics.confusion(counts, GENRES, COUNTED[unit], dark=dark),
            key="matrix",
            config=CONFIG,
            alt=sentences.confusion_alt(counts, GENRES),
        )
    with right:
        st.subheader("Calibration", anchor=False)
        st.plotly_chart(
            metrics.reliability({name: reliability(rows, labels)}, COUNTED[unit], dark=dark),
            key="calibration",
            config=CONFIG,
            alt="How often the network is right when it is so sure",
        )
        st.caption(CALIBRATION_NOTES[unit])
    genres = st.multiselect(
        "Genres in the curves",
        range(len(GENRES)),
        default=[0, 1, 5, 9],
        format_func=lambda index: genre_title(GENRES[index]),
        key="curves",
        persist_state="session",
        max_selections=6,
    )
    with st.expander("How to read these pictures"):
        st.markdown(glossary.CURVES)
    left, right = st.columns(2, gap="large")
    with left:
        st.subheader("Precision by recall", anchor=False)
        found = {
            genre_title(GENRES[index]): precision_recall(rows, labels, index) for index in genres
        }
        st.plotly_chart(
            metrics.curves(found, "recall", "precision", "average precision", dark=dark),
            key="pr",
            config=CONFIG,
            alt=sentences.areas_alt("Average precision", found),
        )
    with right:
        st.subheader("ROC", anchor=False)
        found = {genre_title(GENRES[index]): roc(rows, labels, index) for index in genres}
        st.plotly_chart(
            metrics.curves(found, "false positive rate", "true positive rate", "area", dark=dark),
            key="roc",
            config=CONFIG,
            alt=sentences.areas_alt("Area under the ROC curve", found),
        )


def _choice(label: str, options: dict[str, str], default: str, key: str) -> str:
    """Draw a choice of few; return the chosen key."""
    if state.get(key) not in options:
        state[key] = default
    st.segmented_control(
        label,
        list(options),
        format_func=options.__getitem__,
        required=True,
        key=key,
        persist_state="session",
    )
    return state[key]


def _with_interval(row: dict[str, Any], area: str, metric: str) -> str:
    low, high = row["intervals"][area][metric]
    digits = 1 if metric in ("AI", "AD", "AG") else 2
    return f"{row[area][metric]:.{digits}f} ({low:.{digits}f}–{high:.{digits}f})"


def explanations(name: str) -> None:
    """Draw how faithful explanations are."""
    st.header("Do the explanations tell the truth?", anchor=False)
    found = measurements.faithfulness()
    metrics = (found.get("models") or {}).get(name)
    if not metrics:
        told = " and ".join(model_name(each) for each in found.get("models") or {})
        st.info(f"That was measured for {told} only." if told else "That was not measured.")
        return
    areas = {str(area): f"{100 * float(area):.0f}\u202f%" for area in found["areas"]}
    area = _choice("Share of the sound that is kept", areas, "0.2", "area")
    rows = [
        [
            EXPLANATION_METHODS[method],
            *(_with_interval(row, area, metric) for metric in FAITHFULNESS_METRICS),
            f"{row['roughness']:.1f}",
            f"{row['seconds']:.2f}",
        ]
        for method, row in metrics["methods"].items()
    ]
    st.html(
        grid(
            COLUMNS,
            rows,
            f"{metrics['segments']} segments of {metrics['tracks']} songs by unknown artists; the "
            "kept and the removed audio is analysed again from its waveform; 95 % intervals",
        )
    )
    st.caption(
        "AI: share of segments whose genre is surer from the kept part alone; AD: mean drop, AG: "
        "mean gain of the probability, in %. FF: what removing the part costs. Fid-In: share of "
        "segments whose genre stays. SPS: sparseness of the map. Roughness: fast modulation of "
        "what is kept, as a multiple of the song's. After Paissan et al. 2024."
    )


main()
