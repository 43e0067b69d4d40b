"""The page *Listen*: see what two networks hear in a song and why, and hear the why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from dashboard import session, sounds, wording
from dashboard.cards import account, heard, legend, verdict_card, verdict_cards
from dashboard.chooser import choose_song
from dashboard.notices import Progress, failures_as_sentences, renewed
from dashboard.palette import diverging_scale, palette
from dashboard.session import Song
from dashboard.sounds import ATTRIBUTED, OPTIMISED, Excerpt
from dashboard.wording import genre_name, genre_title, markdown_safe, model_name, percent

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation import Explanation
    from core.listening import Mode

SHADED_DEVIATIONS = 2.5  # of the training data, from white to the darkest grey
KEEP_PERCENTS = (1, 2, 3, 5, 10, 15, 20, 25, 30, 35, 40, 45, 50)
KEEP_PERCENT_AT_FIRST = 20
VIEWS = {"mfcc": "MFCC", "mel": "Mel spectrogram"}
VIEW_MEANINGS = {
    "mfcc": "Grey: the numbers that the network reads at every moment. The first is the level, the "
    "second the balance of low and high, the others ever finer detail of the sound. Colour: their "
    "part in its answer.",
    "mel": "Grey: the sound by frequency, from low to high. Colour: the same evidence, carried "
    "back to what can be heard.",
}
METHODS = {ATTRIBUTED: "What counted", OPTIMISED: "What would be enough"}
METHOD_MEANINGS = {
    ATTRIBUTED: "The regions whose SHAP values speak most for the genre: what makes it as likely "
    "as it is to this network.",
    OPTIMISED: "Another question, and a harder light on the network: regions sought, by trial and "
    "correction, so that they alone convince it and nothing of the kind is left without them. "
    "They show what would persuade this network, not what did.",
}

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    song = choose_song()
    with renewed("song", song.digest if song else None), failures_as_sentences():
        if song is None:
            empty_page()
        elif analyses := verdicts(song):
            explore(song, analyses)


def empty_page() -> None:
    """Say what will be here once a song is chosen."""
    steps = {
        "Verdict": "A CNN and a CNN-LSTM listen to every three seconds of the song and say how "
        "likely each of ten genres is.",
        "Evidence": "SHAP values show which parts of the spectrogram speak for a genre, and which "
        "against it. Together they add up to the network's answer.",
        "Sound": "Hear only the parts that mattered, or everything but them, and see what the "
        "network says of each.",
    }
    st.space("small")
    for column, (title, text) in zip(st.columns(3, gap="large"), steps.items(), strict=True):
        column.markdown(f"##### {title}\n{text}", anchors=False)


def verdicts(song: Song) -> dict[str, Analysis]:
    """Draw one card a model; return what the models say, by their names."""
    with Progress() as progress:
        audio = session.audio_of(song, progress)
        analyses, failures = session.analyses_of(song, progress)

    genres = {name: analysis.genre for name, analysis in analyses.items()}
    st.header(markdown_safe(session.title_of(song)), anchor=False)
    agreement = f" {wording.agreement(genres)}" if genres else ""
    st.markdown(f"{wording.duration(audio.duration_s)}.{agreement}")
    cards = [
        verdict_card(name, answer.genres, answer.song_probabilities, session.accuracy(name))
        for name, answer in analyses.items()
    ]
    st.html(verdict_cards(cards))
    for failure in failures:
        st.error(markdown_safe(failure), icon=":material/error:")
    if any(analysis.padded for analysis in analyses.values()):
        st.info(
            "This recording is shorter than the three seconds that the networks listen to at a "
            "time. The rest was filled up with silence: take the verdicts with care.",
            icon=":material/info:",
        )
    return analyses


def explore(song: Song, analyses: dict[str, Analysis]) -> None:
    """Draw what depends on the chosen network: timeline, evidence and players."""
    if state.get("model") not in analyses:
        state["model"] = next(iter(analyses))
    st.header("Genres over time", anchor=False)
    st.markdown(
        "How likely each genre is in every three seconds. The stronger the colour, the likelier."
    )
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        st.segmented_control(
            "Network",
            list(analyses),
            format_func=model_name,
            key="model",
            persist_state="session",
            required=True,
        )
    analysis = analyses[state["model"]]
    with right:
        target = choose_target(analysis)
    segment = choose_segment(analysis, target)

    evidence_place = st.container()
    method = state.get("method", ATTRIBUTED)
    players_place = renewed("players", (song.digest, analysis.model, target, method))
    # Streamlit forgets an audio file when a run ends without having drawn it, also when someone's
    # next click ended that run early: players that are ready are drawn before anything slow.
    if sounds.is_ready(song, analysis, target, method):
        with players_place:
            players_section(song, analysis, target)
        with evidence_place:
            evidence_section(song, analysis, target, segment)
    else:
        with evidence_place:
            evidence_section(song, analysis, target, segment)
        with players_place:
            players_section(song, analysis, target)


def choose_target(analysis: Analysis) -> str:
    """Draw the choice of the genre to explain; it follows the verdict until someone chooses."""
    if not state.get("target-is-chosen") or state.get("target") not in analysis.genres:
        state["target"] = analysis.genre

    def label(genre: str) -> str:
        share = percent(analysis.song_probabilities[analysis.genres.index(genre)])
        return f"{genre_title(genre)}, {share}{' (verdict)' if genre == analysis.genre else ''}"

    return st.selectbox(
        "Genre to explain",
        analysis.genres,
        format_func=label,
        key="target",
        persist_state="session",
        on_change=lambda: state.update({"target-is-chosen": True}),
    )


def choose_segment(analysis: Analysis, target: str) -> int:
    """Draw the timeline and a slider to choose with; at first the likeliest segment is chosen."""
    from dashboard import charts

    count = len(analysis.starts_s)
    if not 0 <= state.get("segment", -1) < count:
        state["segment"] = int(analysis.probabilities[:, analysis.genres.index(target)].argmax())

    def clicked() -> None:
        points = state["timeline"].selection.points
        if points:
            state["segment"] = int(points[0]["customdata"])

    st.plotly_chart(
        charts.timeline(
            analysis.probabilities,
            analysis.starts_s,
            analysis.ends_s,
            analysis.genres,
            selected=state["segment"],
            target=target,
            dark=is_dark(),
        ),
        key="timeline",
        on_select=clicked,
        selection_mode="points",
        config=charts.CONFIG,
        alt=wording.timeline_alt(analysis.genres, analysis.probabilities),
    )
    if count > 1:
        st.select_slider(
            "Segment to explain: click the chart or move the slider",
            range(count),
            format_func=lambda index: wording.span(
                float(analysis.starts_s[index]), float(analysis.ends_s[index])
            ),
            key="segment",
            persist_state="session",
        )
    return state["segment"]


def evidence_section(song: Song, analysis: Analysis, target: str, segment: int) -> None:
    """Draw a segment's spectrogram with its SHAP values, and how they add up."""
    moment = wording.span(float(analysis.starts_s[segment]), float(analysis.ends_s[segment]))
    st.header(f"Why {genre_name(target)}, from {moment}?", anchor=False)
    with Progress() as progress:
        explanation = session.segment_explanation_of(
            song, analysis.model, target, segment, progress
        )
    left, right = st.columns([5, 2], gap="large")
    with left:
        view = st.segmented_control(
            "Spectrogram",
            list(VIEWS),
            format_func=lambda name: VIEWS[name],
            default="mfcc",
            key="view",
            persist_state="session",
            required=True,
            label_visibility="collapsed",
        )
        draw_evidence(explanation, view)
        st.caption(VIEW_MEANINGS[view])
        filled = int(explanation.filled[0])
        if filled < explanation.mfcc.shape[1]:
            end_s = float(explanation.ends_s[0])
            st.caption(f"The song ends at {wording.clock(end_s, digits=1)}: the rest is silence.")
        network_input(song, analysis.model, segment)
    with right:
        st.html(
            account(
                target,
                float(explanation.base_value[0]),
                explanation.mfcc[0],
                float(explanation.prediction[0]),
            )
        )
        st.caption(wording.additivity(float(explanation.gap[0])))


def network_input(song: Song, model: str, segment: int) -> None:
    """Offer to hear what the network is given of a segment."""
    with st.expander("Hear what the network is given", icon=":material/hearing:"):
        st.markdown(
            "Thirteen MFCCs keep the broad shape of the spectrum and lose pitch and phase. Turned "
            "back into sound they are a ghost of these three seconds: all that the network has to "
            "go by. The players below filter the song itself instead."
        )
        if st.toggle("Turn them into sound", key="ghost", persist_state="session"):
            with Progress() as progress:
                file = sounds.network_input_of(song, model, segment, progress)
            st.audio(file, format="audio/flac", alt="The network's input as sound")


def draw_evidence(explanation: Explanation, view: str) -> None:
    """Draw the evidence of an explanation's first segment on its MFCCs or on its mel bands."""
    from dashboard import charts

    parameters = explanation.parameters
    if view == "mfcc":
        values, shap_values = explanation.mfcc_values[0], explanation.mfcc[0]
        deviations = session.standardised(explanation.model, values)
        shade = np.clip(0.5 + deviations / (2 * SHADED_DEVIATIONS), 0, 1)
        rows = charts.coefficient_rows(parameters.n_mfcc)
    else:
        values, shap_values = explanation.logmel[0], explanation.mel[0]
        shade = 1 + values / parameters.top_db
        rows = charts.band_rows(session.band_frequencies(explanation.model))
    st.html(
        legend(
            explanation.target,
            diverging_scale(palette(is_dark())),
            charts.evidence_limit(shap_values),
        )
    )
    st.plotly_chart(
        charts.evidence(
            values,
            shade,
            shap_values,
            rows,
            start_s=float(explanation.starts_s[0]),
            frame_s=parameters.hop_length / parameters.sample_rate,
            target=explanation.target,
            dark=is_dark(),
        ),
        key="evidence",
        config=charts.CONFIG,
        alt=wording.evidence_alt(explanation.target, shap_values, rows.labels),
    )


def players_section(song: Song, analysis: Analysis, target: str) -> None:
    """Draw the players once the whole song is explained."""
    st.header("Hear the evidence", anchor=False)
    method = st.segmented_control(
        "What to keep",
        list(METHODS),
        format_func=lambda name: METHODS[name],
        default=ATTRIBUTED,
        key="method",
        persist_state="session",
        required=True,
        label_visibility="collapsed",
    )
    st.markdown(METHOD_MEANINGS[method])
    st.caption("Excerpts are played about as loud as the song; the network hears what you hear.")
    if prepared(song, analysis, target, method):
        if method == OPTIMISED:
            with Progress() as progress:
                enough = sounds.enough_of(song, analysis.model, target, progress)
            st.markdown(wording.enough(enough, target))
        players(song, analysis.model, target, method)


def prepared(song: Song, analysis: Analysis, target: str, method: str) -> bool:
    """Work through the whole song unless that was stopped; return whether all is done."""
    key = (song.digest, analysis.model, target, method)
    if state.get("stopped") == key:
        st.markdown("Stopped. What was finished is kept.")
        st.button(
            "Go on", on_click=lambda: state.pop("stopped", None), icon=":material/play_arrow:"
        )
        return False
    place = st.empty()
    if not sounds.is_ready(song, analysis, target, method):
        place.button("Stop", on_click=lambda: state.update(stopped=key), icon=":material/stop:")
    with Progress() as progress:
        sounds.prepare(song, analysis.model, target, method, progress)
    place.empty()
    return True


@st.fragment
def players(song: Song, model: str, target: str, method: str) -> None:
    """Draw the three players and what the network says of each; a fragment: the slider is quick."""
    if state.get("keep") not in KEEP_PERCENTS:
        state["keep"] = KEEP_PERCENT_AT_FIRST
    percentage = st.select_slider(
        "How much of the sound counts as important",
        KEEP_PERCENTS,
        format_func=lambda value: f"{value}\u202f%",
        key="keep",
        persist_state="session",
    )
    keep = percentage / 100
    with failures_as_sentences():
        with Progress() as progress:
            whole = sounds.excerpt_of(song, model, None, method, 1.0, "keep", progress)
            kept = sounds.excerpt_of(song, model, target, method, keep, "keep", progress)
            rest = sounds.excerpt_of(song, model, target, method, keep, "remove", progress)

        original, *others = st.columns(3, border=True)
        genre = session.genre_index(model, target)
        before = float(whole.probabilities[genre])
        with original:
            player("Original", whole.file, target, before)
            st.markdown(wording.original_reading(model))
        parts: list[tuple[Mode, str, Excerpt]] = [
            ("keep", "Important regions only", kept),
            ("remove", "Without them", rest),
        ]
        for column, (mode, title, excerpt) in zip(others, parts, strict=True):
            with column:
                now = float(excerpt.probabilities[genre])
                player(title, excerpt.file, target, now)
                st.markdown(wording.reading(mode, keep, target, before, now))
                st.download_button(
                    "Save as WAV",
                    data=partial(sounds.wav_of, song, model, target, method, keep, mode),
                    file_name=wording.file_name(song.name, target, mode, percentage),
                    mime="audio/wav",
                    icon=":material/download:",
                    on_click="ignore",
                    key=f"save-{mode}",
                )


def player(title: str, file: bytes, target: str, probability: float) -> None:
    """Draw one player and the genre's probability for what it plays."""
    st.html(heard(title, target, probability))
    st.audio(file, format="audio/flac", alt=title)


def is_dark() -> bool:
    """Return whether the page is dark."""
    return st.context.theme.type == "dark"


main()
