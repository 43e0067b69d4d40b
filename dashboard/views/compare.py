"""The page *Compare*: two models, the same song, side by side."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import url_state
from dashboard.services import excerpts, explanations, feature_models, measurements, models, songs
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.text import formatting, glossary, sentences
from dashboard.text.formatting import genre_name, markdown_safe, model_name, percent
from dashboard.text.html import grid, verdict_card, verdict_cards
from dashboard.widgets.controls import choose_target, chosen_segment, draw_timeline, is_dark
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.analysis import Analysis

KEEP = 0.2
FEATURES = 12  # drawn
state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    song = choose_song("Two models, the same moment of a song: where do they agree?")
    pair = choose_pair()
    url_state.write()
    with renewed("compare", (song.digest if song else None, pair)):
        with failures_as_sentences():
            if song is None:
                st.info("Choose a song above to compare what the two hear in it.")
            elif any(map(feature_models.needs_yamnet, pair)):
                offer_yamnet()
            else:
                compare_song(song, pair)
        with failures_as_sentences():
            measured(pair)


def choose_pair() -> tuple[str, str]:
    """Draw the choice of two models."""
    names = measurements.model_names()
    if state.get("model") not in names:
        state["model"] = names[0]
    others = [name for name in names if name != state["model"]] or names
    if state.get("rival") not in others:
        state["rival"] = others[0]
    left, right = st.columns(2)
    with left:
        st.selectbox("One model", names, format_func=_listed, key="model", persist_state="session")
    with right:
        st.selectbox(
            "The other model", others, format_func=_listed, key="rival", persist_state="session"
        )
    return state["model"], state["rival"]


def _listed(name: str) -> str:
    return model_name(name) + (" (needs a download)" if feature_models.needs_yamnet(name) else "")


def offer_yamnet() -> None:
    """Say what is missing, and download it if that is wanted."""
    st.info(
        "This model hears through YAMNet, a network that Google trained on two million clips. It "
        "is not on this machine yet: 4 MB, downloaded once, and refused if it is not the very file "
        "that was measured here."
    )
    if st.button("Download YAMNet"):
        with Progress() as progress:
            progress("Downloading YAMNet …")
            feature_models.download_yamnet()
        st.rerun()


def compare_song(song: Song, pair: tuple[str, str]) -> None:
    """Draw verdicts, timelines, overlays and what each thinks of the other's excerpt."""
    with Progress() as progress:
        analyses = [explanations.analysis_of(song, name, progress) for name in pair]
    first, second = analyses
    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    st.markdown(sentences.agreement({each.model: each.genre for each in analyses}))
    st.html(
        verdict_cards(
            [
                verdict_card(
                    each.model,
                    each.genres,
                    each.song_probabilities,
                    models.accuracy(each.model),
                )
                for each in analyses
            ]
        )
    )
    target = choose_target(first)
    middle_s = timelines(first, second, target)
    url_state.write()
    place = explanations.segment_at(first, middle_s)
    moment = formatting.span(float(first.starts_s[place]), float(first.ends_s[place]))
    st.header(f"What speaks for {genre_name(target)}, from {moment}", anchor=False)
    overlay_section(song, pair, ExplanationTarget(target), middle_s)
    st.header("Does each accept the other's evidence?", anchor=False)
    acceptance_section(song, first, pair, ExplanationTarget(target))


def timelines(first: Analysis, second: Analysis, target: str) -> float:
    """Draw both timelines, with marks where they disagree; return the middle of what is chosen.

    Networks may hear pieces of different length; then the shorter pieces are chosen among.
    """
    leader = min(first, second, key=lambda each: each.parameters.segment_s)
    segment = chosen_segment(leader, target)
    middle_s = float(leader.starts_s[segment] + leader.ends_s[segment]) / 2
    lengths = [each.parameters.segment_s for each in (first, second)]
    st.header("Genres over time", anchor=False)
    disputed: list[int] = []
    if max(lengths) > 1.1 * min(lengths):
        st.markdown("They hear pieces of different length, so their segments are not compared.")
    else:
        winners = [each.probabilities.argmax(axis=1) for each in (first, second)]
        # Networks may cut a song a little differently: what is at the same place is compared.
        count = min(map(len, winners))
        disputed = np.flatnonzero(winners[0][:count] != winners[1][:count]).tolist()
        st.markdown(
            f"They disagree in {len(disputed)} of {count} segments (▼)."
            if disputed
            else "They agree in every segment."
        )
    for each in (first, second):
        places = (np.searchsorted(leader.starts_s, each.starts_s - 0.1, side="left")).tolist()
        last = len(leader.starts_s) - 1
        draw_timeline(
            each,
            target,
            explanations.segment_at(each, middle_s),
            disputed=disputed,
            title=model_name(each.model),
            chooses=[min(place, last) for place in places],
        )
    return middle_s


def overlay_section(
    song: Song, pair: tuple[str, str], target: ExplanationTarget, moment_s: float
) -> None:
    """Draw the evidence of both models and, where it can be drawn, the difference."""
    with_picture = [name for name in pair if feature_models.reads_spectrogram(name)]
    if with_picture:
        pictures(song, with_picture, target, moment_s)
    for name in pair:
        if name not in with_picture:
            number_bars(song, name, target, moment_s)


def pictures(song: Song, names: Sequence[str], target: ExplanationTarget, moment_s: float) -> None:
    """Draw the evidence of one or two models on the spectrogram, the second on the first's grid."""
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
    said = [sentences.pictures_meaning(genre_name(target.genre), len(found))]
    silent = [sentences.silence_after(each, model_name(each.model)) for each in found]
    if len(found) == 2:
        lengths = [each.parameters.segment_s for each in found]
        grids = {replace(each.parameters, n_mfcc=0) for each in found}
        found[1], same = explanations.regridded_on(*found)
        said.append(f"Where both hear the song, the two correlate by **{same:.2f}**.")
        if len(grids) > 1:
            said.append(
                f"They hear different bands and moments: the evidence of the {titles[1]} is drawn "
                f"on the grid of the {titles[0]}"
                + (
                    ", and what it makes of the rest is left out."
                    if lengths[1] > 1.1 * lengths[0]
                    else "."
                )
            )
    rows = axes.band_rows(models.band_frequencies(names[0]))
    st.markdown(" ".join([*said, *filter(None, silent)]))
    st.plotly_chart(
        overlays(found, titles, rows, dark=is_dark()),
        key="overlays",
        config={"displayModeBar": False},
        alt=" ".join(
            f"{title}: {sentences.evidence_alt(target.genre, each.mel[0], rows.labels)}"
            for title, each in zip(titles, found, strict=True)
        ),
    )


def number_bars(song: Song, name: str, target: ExplanationTarget, moment_s: float) -> None:
    """Draw what speaks for a genre to a model that reads no picture: features, or moments."""
    from dashboard.charts import metrics

    with Progress() as progress:
        analysis = explanations.analysis_of(song, name, progress)
        place = explanations.segment_at(analysis, moment_s)
        found = feature_models.feature_explanation_of(song, name, target.genre, place, progress)
    st.subheader(model_name(name), anchor=False)
    order = np.argsort(-np.abs(found.values))[:FEATURES]
    names, values = [found.names[index] for index in order], found.values[order]
    unit = f"SHAP value ({found.output})"
    if found.unit == "moment":
        start_s, length_s = float(analysis.starts_s[place]), analysis.parameters.segment_s
        names, values = sentences.moments_in_song(
            found, start_s, length_s, float(analysis.ends_s[place])
        )
        figure = metrics.bars(names, values, "moment from", unit, dark=is_dark())
    else:
        figure = metrics.named_bars(names, values, unit, dark=is_dark())
    loudest = sorted(zip(names, values, strict=True), key=lambda bar: -abs(bar[1]))
    st.plotly_chart(
        figure,
        key=f"numbers-{name}",
        config={"displayModeBar": False},
        alt=f"The {found.unit}s that count most for {model_name(name)}: "
        + ", ".join(str(bar[0]) for bar in loudest[:3]),
    )
    st.caption(sentences.numbers_caption(found, FEATURES))
    if found.unit == "moment":
        moments_to_hear(song, name, target, place, sentences.spoke(names, values))
    else:
        with st.expander("What the features are"):
            st.markdown(glossary.FEATURES)


def moments_to_hear(
    song: Song, name: str, target: ExplanationTarget, segment: int, spoke: np.ndarray
) -> None:
    """Let a segment be heard with only the moments that spoke for a genre, and without them."""
    with Progress() as progress:
        gated = feature_models.gated_sounds_of(song, name, target.genre, segment, progress)
    titles = {
        "original": "All of it",
        "kept": "Only the moments that spoke for it",
        "removed": "All but those",
    }
    columns = st.columns(3)
    for column, (kind, title) in zip(columns, titles.items(), strict=True):
        content, probability = gated[kind]
        with column:
            st.markdown(
                f"{title}: **{percent(probability)}** {genre_name(target.genre)}, asked again."
            )
            st.audio(content, format="audio/flac")
    st.caption(sentences.moments_heard(spoke))


def acceptance_section(
    song: Song, analysis: Analysis, pair: tuple[str, str], target: ExplanationTarget
) -> None:
    """Draw what each model hears in what matters to each."""
    if not all(map(feature_models.reads_spectrogram, pair)):
        st.caption(
            "Only models that read a spectrogram say at which moments and frequencies their "
            "evidence is, so that it can be kept, played and given to another."
        )
        return
    if not st.toggle(
        "Let each listen to what matters to the other", key="accept", persist_state="session"
    ):
        st.caption("This explains the whole song to both networks, which takes a while.")
        return
    with Progress() as progress:
        matrix = excerpts.cross_evaluation_of(song, pair, target, KEEP, progress)
    genre = genre_name(target.genre)
    header = ["Excerpt of", "heard by", "whole song", f"its {percent(KEEP)} alone", "without it"]
    rows = [
        [
            model_name(explained),
            model_name(listener),
            *(percent(cell[sound]) for sound in ("original", "kept", "removed")),
        ]
        for explained, listeners in matrix.items()
        for listener, cell in listeners.items()
    ]
    st.html(grid(header, rows, f"Probability of {genre}"))
    over_all = measurements.faithfulness().get("across") or {}
    if set(pair) <= set(over_all):
        shares = [
            f"what matters to the {model_name(one)} is {percent(cell['kept']['same_genre'])} of "
            f"the time the same genre to the {model_name(other)}"
            for one, other in (pair, pair[::-1])
            if (cell := over_all[one][other])
        ]
        st.caption(f"Over the whole test side, {', and '.join(shares)}.")


def measured(pair: tuple[str, str]) -> None:
    """Draw how good both are: accuracy, McNemar's test, calibration, training."""
    from core.evaluation.curves import reliability
    from dashboard.charts import metrics

    st.header("How good they are", anchor=False)
    found = {
        name: answers for name in pair if (answers := measurements.predictions(name)) is not None
    }
    header = ["Model", "songs", "song vote", "95 % interval", "three seconds", "log loss", "ECE"]
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
    st.html(grid(header, rows, "Songs by artists that were not heard in training"))
    test = measurements.mcnemar_test(*pair)
    if test is not None:
        only_a, only_b = int(test["only_a"]), int(test["only_b"])
        st.markdown(
            f"Of the {int(test['songs'])} songs that both were asked about, the "
            f"{model_name(pair[0])} alone got {only_a} right, the {model_name(pair[1])} alone "
            f"{only_b}: McNemar's p {formatting.p_value(test['p_value'])}."
        )
    with st.expander("What these figures mean"):
        st.markdown(glossary.MEASURES)
        st.markdown(glossary.MCNEMAR)
    left, right = st.columns(2, gap="large")
    if found:
        with left:
            st.subheader("Calibration", anchor=False)
            curves = {
                name: reliability(each.probabilities, each.labels) for name, each in found.items()
            }
            st.plotly_chart(
                metrics.reliability(curves, "segments", dark=is_dark()),
                key="reliability",
                config={"displayModeBar": False},
                alt="How often each network is right when it is so sure",
            )
            st.caption("Of segments by unknown artists; the larger a point, the more of them.")
    histories = {
        name: measurements.card(name).get("training", {}).get("history", {}).get("train", [])
        for name in pair
    }
    if any(histories.values()):
        with right:
            st.subheader("Training", anchor=False)
            st.plotly_chart(
                metrics.training(histories, dark=is_dark()),
                key="training",
                config={"displayModeBar": False},
                alt="Loss by epoch of training and validation",
            )
            st.caption(
                "Training is made harder than the real thing: its cuts are blended, filtered and "
                "partly silenced, and its labels softened. So validation can lie below it."
            )


main()
