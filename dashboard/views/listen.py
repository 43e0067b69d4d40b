"""The page *Listen*: see what networks hear in a song and why, and hear the why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import address, session, sounds, wording
from dashboard.cards import account, verdict_card, verdict_cards
from dashboard.choices import (
    choose_cut,
    choose_model,
    choose_rival,
    choose_segment,
    choose_target,
    is_dark,
)
from dashboard.chooser import choose_song
from dashboard.errand import Errand
from dashboard.notices import Progress, failures_as_sentences, renewed
from dashboard.player import player
from dashboard.session import Question, Song
from dashboard.sounds import OPTIMISED, Cut, Excerpt, Halves, Passage
from dashboard.warmup import Report
from dashboard.wording import markdown_safe

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation import Explanation

LONG = 20  # segments: of a longer song the parts of a passage are there first

REST_EVERY_S = 0.4  # how often the page looks whether the rest is there

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    song = choose_song("Three networks say which genre a song is. See and hear why.")
    with renewed("song", song.digest if song else None), failures_as_sentences():
        if song is None:
            empty_page()
        elif analyses := verdicts(song):
            explore(song, analyses)


def empty_page() -> None:
    """Say what will be here once a song is chosen."""
    steps = {
        "Verdict": "A CNN, a CNN-LSTM and one that has heard a large share of a million songs "
        "listen to every three seconds and say how likely each of ten genres is.",
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
    """Draw what depends on the chosen network: timeline, evidence and player."""
    st.header("Genres over time", anchor=False)
    st.markdown(
        "How likely each genre is in every three seconds: the stronger the colour, the likelier. "
        "Choose three seconds by a click or tap, or with the arrows."
    )
    left, middle, right = st.columns(3, vertical_alignment="bottom")
    with left:
        analysis = analyses[choose_model(list(analyses))]
    with middle:
        target = choose_target(analysis)
    with right:
        versus = choose_rival(analysis, target)
    segment = choose_segment(analysis, target)
    address.write()
    question = Question(target, versus)
    moment = wording.span(float(analysis.starts_s[segment]), float(analysis.ends_s[segment]))
    st.header(f"Why {wording.question_name(target, versus)}, from {moment}?", anchor=False)
    with renewed("stage", (song.digest, analysis.model)):
        state["whole-run"] = True
        cut = stage_section(song, analysis, question, segment)
        state["whole-run"] = False
        # Not in the fragment: only a run of the whole page can be stopped by a click.
        if not sounds.is_ready(song, analysis, cut):
            get_ready(song, analysis, cut)
    if analysis.parameters.n_mfcc < analysis.parameters.n_mels:
        with st.expander("Hear what the network is given", icon=":material/hearing:"):
            network_input(song, analysis.model, segment)


@st.fragment
def stage_section(song: Song, analysis: Analysis, question: Question, segment: int) -> Cut:
    """Draw how to divide the song, the player and the account; a fragment: the slider is quick."""
    from dashboard.stage import pack_of

    name = analysis.model
    cut = choose_cut(question)
    address.write()
    with failures_as_sentences():
        left, right = st.columns([5, 2], gap="large")
        with left:
            with Progress() as progress:
                own = session.segment_explanation_of(song, name, question, segment, progress)
                ready = sounds.is_ready(song, analysis, cut)
                whole = sounds.whole_of(song, name, progress)
                heard = hear_first(song, analysis, cut, segment, progress) if ready else None
            parts = session.finished_parts(song, analysis, question)
            player(
                pack_of(
                    song, analysis, question, [own, *parts], segment, whole, heard, dark=is_dark()
                ),
                key="player",
            )
            if isinstance(heard, Passage):
                wait_for_the_rest(song, analysis, cut)
            st.caption(wording.view_meanings(own.parameters.n_mfcc < own.parameters.n_mels))
            filled = int(own.filled[0])
            if filled < own.mfcc.shape[1]:
                end = wording.clock(float(own.ends_s[0]), digits=1)
                st.caption(f"The song ends at {end}: the rest of the segment is silence.")
        with right:
            evidence_account(own, question)
            if heard is not None:
                readings(analysis, cut, whole, heard)
        if heard is not None:
            downloads(song, analysis, question, segment, cut)
        elif not state["whole-run"]:
            st.rerun()
    return cut


def hear_first(
    song: Song, analysis: Analysis, cut: Cut, segment: int, report: Report
) -> Halves | Passage:
    """Return the parts of a song; of a long one at first those around the segment."""
    name = analysis.model
    if len(analysis.starts_s) > LONG and sounds.halves_at_hand(song, name, cut) is None:
        return sounds.passage_of(song, name, cut, segment, report)
    return sounds.halves_of(song, name, cut, report)


@st.fragment(run_every=REST_EVERY_S)
def wait_for_the_rest(song: Song, analysis: Analysis, cut: Cut) -> None:
    """Have the whole song divided without holding up the page, then draw everything."""
    errand = state.setdefault("errand", Errand())
    name = analysis.model
    if sounds.halves_at_hand(song, name, cut) is None:
        st.html('<p class="busy" role="status">The rest of the song follows …</p>')
        errand.send((song.digest, name, cut), partial(sounds.halves_of, song, name, cut))
        if errand.is_out:
            return
        with failures_as_sentences():  # it failed, or has just ended
            sounds.halves_of(song, name, cut, lambda *_: None)
    st.rerun()


def evidence_account(own: Explanation, question: Question) -> None:
    """Draw how the evidence of a segment adds up."""
    st.html(
        account(
            question.target,
            question.versus,
            float(own.base_value[0]),
            own.mfcc[0],
            float(own.prediction[0]),
        )
    )
    st.caption(wording.additivity(float(own.gap[0]), question.versus))
    if not question.versus and float(own.mfcc[0].clip(0).sum()) > 1:
        st.caption(
            "Its parts count for more than the whole can be: what speaks for and what speaks "
            "against it nearly cancel."
        )


def readings(analysis: Analysis, cut: Cut, whole: Excerpt, heard: Halves | Passage) -> None:
    """Say what the network's answers to the two parts mean."""
    st.markdown("**What the network says of what you hear**")
    if isinstance(heard, Passage):
        st.markdown("It is listening to the whole of it …")
        return
    genre = analysis.genres.index(cut.question.target)
    shares = (float(each.probabilities[genre]) for each in (whole, heard.kept, heard.rest))
    st.markdown(wording.readings(cut.keep, cut.of, cut.question.target, *shares))


def downloads(song: Song, analysis: Analysis, question: Question, segment: int, cut: Cut) -> None:
    """Offer the two parts as WAV, and everything as JSON and as a page of its own."""
    from dashboard import saved

    name = analysis.model
    percentage = round(100 * cut.keep)
    if cut.method == OPTIMISED:
        with Progress() as progress:
            enough = sounds.enough_of(song, name, cut.question, progress)
        st.markdown(wording.enough(enough, cut.question.target))
    stem = wording.file_stem(song.name, question.target)
    files = [
        (
            "What is kept, WAV",
            partial(sounds.wav_of, song, name, cut, "keep"),
            "audio/wav",
            f"{stem}-kept-{percentage}.wav",
        ),
        (
            "The rest, WAV",
            partial(sounds.wav_of, song, name, cut, "remove"),
            "audio/wav",
            f"{stem}-rest-{percentage}.wav",
        ),
        (
            "Figures, JSON",
            partial(saved.figures, song, analysis, cut),
            "application/json",
            f"{stem}.json",
        ),
        (
            "Report, HTML",
            partial(saved.report, song, analysis, question, segment, cut),
            "text/html",
            f"{stem}.html",
        ),
    ]
    with st.container(horizontal=True):
        for label, data, mime, file_name in files:
            st.download_button(
                label,
                data=data,
                file_name=file_name,
                mime=mime,
                icon=":material/download:",
                on_click="ignore",
                key=f"save-{label}",
            )


def get_ready(song: Song, analysis: Analysis, cut: Cut) -> None:
    """Work through the whole song unless that was stopped, then draw everything."""
    key = (song.digest, analysis.model, cut.question, cut.method)
    if state.get("stopped") == key:
        st.markdown("Stopped. What was finished is kept; the whole song is needed to divide it.")
        st.button(
            "Go on", on_click=lambda: state.pop("stopped", None), icon=":material/play_arrow:"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Stop", on_click=lambda: state.update(stopped=key), icon=":material/stop:")
        with Progress() as progress:
            sounds.prepare(song, analysis.model, cut, progress)
    st.rerun()


def network_input(song: Song, model: str, segment: int) -> None:
    """Offer to hear what the network is given of a segment."""
    st.markdown(
        "Thirteen MFCCs keep the broad shape of the spectrum and lose pitch and phase. Turned back "
        "into sound they are a ghost of these three seconds: all that the network has to go by. "
        "The player filters the song itself instead."
    )
    if st.toggle("Turn them into sound", key="ghost", persist_state="session"):
        with Progress() as progress:
            file = sounds.network_input_of(song, model, segment, progress)
        st.audio(file, format="audio/flac", alt="The network's input as sound")


main()
