"""The page *Listen*: see what networks hear in a song and why, and hear the why."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import url_state
from dashboard.player import player
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.background_task import BackgroundTask
from dashboard.services.excerpts import OPTIMISED, Excerpt, PartSelection, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text import formatting, sentences
from dashboard.text.formatting import markdown_safe
from dashboard.text.html import account, verdict_card, verdict_cards
from dashboard.widgets.controls import (
    choose_model,
    choose_rival,
    choose_segment,
    choose_selection,
    choose_target,
    is_dark,
)
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.explanation.explain import Explanation

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
        audio = songs.audio_of(song, progress)
        analyses, failures = explanations.analyses_of(song, progress)

    genres = {name: analysis.genre for name, analysis in analyses.items()}
    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    agreement = f" {sentences.agreement(genres)}" if genres else ""
    st.markdown(f"{formatting.duration(audio.duration_s)}.{agreement}")
    cards = [
        verdict_card(name, answer.genres, answer.song_probabilities, models.accuracy(name))
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
        genre = choose_target(analysis)
    with right:
        versus = choose_rival(analysis, genre)
    segment = choose_segment(analysis, genre)
    url_state.write()
    target = ExplanationTarget(genre, versus)
    moment = formatting.span(float(analysis.starts_s[segment]), float(analysis.ends_s[segment]))
    st.header(f"Why {sentences.question_name(genre, versus)}, from {moment}?", anchor=False)
    with renewed("stage", (song.digest, analysis.model)):
        state["whole-run"] = True
        selection = stage_section(song, analysis, target, segment)
        state["whole-run"] = False
        # Not in the fragment: only a run of the whole page can be stopped by a click.
        if not excerpts.is_ready(song, analysis, selection):
            get_ready(song, analysis, selection)
    if analysis.parameters.n_mfcc < analysis.parameters.n_mels:
        with st.expander("Hear what the network is given", icon=":material/hearing:"):
            network_input(song, analysis.model, segment)


@st.fragment
def stage_section(
    song: Song, analysis: Analysis, target: ExplanationTarget, segment: int
) -> PartSelection:
    """Draw how to divide the song, the player and the account; a fragment: the slider is quick."""
    from dashboard.player.payload import pack_of

    name = analysis.model
    selection = choose_selection(target)
    url_state.write()
    with failures_as_sentences():
        left, right = st.columns([5, 2], gap="large")
        with left:
            with Progress() as progress:
                own = explanations.segment_explanation_of(song, name, target, segment, progress)
                ready = excerpts.is_ready(song, analysis, selection)
                whole = excerpts.whole_song_of(song, name, progress)
                heard = hear_first(song, analysis, selection, segment, progress) if ready else None
            parts = explanations.finished_batches(song, analysis, target)
            player(
                pack_of(
                    song, analysis, target, [own, *parts], segment, whole, heard, dark=is_dark()
                ),
                key="player",
            )
            if isinstance(heard, PassageParts):
                wait_for_the_rest(song, analysis, selection)
            st.caption(sentences.view_meanings(own.parameters.n_mfcc < own.parameters.n_mels))
            filled = int(own.filled[0])
            if filled < own.mfcc.shape[1]:
                end = formatting.clock(float(own.ends_s[0]), digits=1)
                st.caption(f"The song ends at {end}: the rest of the segment is silence.")
        with right:
            evidence_account(own, target)
            if heard is not None:
                readings(analysis, selection, whole, heard)
        if heard is not None:
            downloads(song, analysis, target, segment, selection)
        elif not state["whole-run"]:
            st.rerun()
    return selection


def hear_first(
    song: Song, analysis: Analysis, selection: PartSelection, segment: int, report: ProgressCallback
) -> SongParts | PassageParts:
    """Return the parts of a song; of a long one at first those around the segment."""
    name = analysis.model
    if len(analysis.starts_s) > LONG and excerpts.cached_song_parts(song, name, selection) is None:
        return excerpts.passage_parts_of(song, name, selection, segment, report)
    return excerpts.song_parts_of(song, name, selection, report)


@st.fragment(run_every=REST_EVERY_S)
def wait_for_the_rest(song: Song, analysis: Analysis, selection: PartSelection) -> None:
    """Have the whole song divided without holding up the page, then draw everything."""
    errand = state.setdefault("errand", BackgroundTask())
    name = analysis.model
    if excerpts.cached_song_parts(song, name, selection) is None:
        st.html('<p class="busy" role="status">The rest of the song follows …</p>')
        errand.send(
            (song.digest, name, selection), partial(excerpts.song_parts_of, song, name, selection)
        )
        if errand.is_running:
            return
        with failures_as_sentences():  # it failed, or has just ended
            excerpts.song_parts_of(song, name, selection, lambda *_: None)
    st.rerun()


def evidence_account(own: Explanation, target: ExplanationTarget) -> None:
    """Draw how the evidence of a segment adds up."""
    st.html(
        account(
            target.genre,
            target.versus,
            float(own.base_value[0]),
            own.mfcc[0],
            float(own.prediction[0]),
        )
    )
    st.caption(sentences.additivity(float(own.gap[0]), target.versus))
    if not target.versus and float(own.mfcc[0].clip(0).sum()) > 1:
        st.caption(
            "Its parts count for more than the whole can be: what speaks for and what speaks "
            "against it nearly cancel."
        )


def readings(
    analysis: Analysis, selection: PartSelection, whole: Excerpt, heard: SongParts | PassageParts
) -> None:
    """Say what the network's answers to the two parts mean."""
    st.markdown("**What the network says of what you hear**")
    if isinstance(heard, PassageParts):
        st.markdown("It is listening to the whole of it …")
        return
    genre = analysis.genres.index(selection.target.genre)
    shares = (float(each.probabilities[genre]) for each in (whole, heard.kept, heard.rest))
    st.markdown(sentences.readings(selection.keep, selection.of, selection.target.genre, *shares))


def downloads(
    song: Song,
    analysis: Analysis,
    target: ExplanationTarget,
    segment: int,
    selection: PartSelection,
) -> None:
    """Offer the two parts as WAV, and everything as JSON and as a page of its own."""
    from dashboard import export

    name = analysis.model
    percentage = round(100 * selection.keep)
    if selection.method == OPTIMISED:
        with Progress() as progress:
            enough = excerpts.sufficient_share_of(song, name, selection.target, progress)
        st.markdown(sentences.enough(enough, selection.target.genre))
    stem = formatting.file_stem(song.name, target.genre)
    files = [
        (
            "What is kept, WAV",
            partial(excerpts.wav_file_of, song, name, selection, "keep"),
            "audio/wav",
            f"{stem}-kept-{percentage}.wav",
        ),
        (
            "The rest, WAV",
            partial(excerpts.wav_file_of, song, name, selection, "remove"),
            "audio/wav",
            f"{stem}-rest-{percentage}.wav",
        ),
        (
            "Figures, JSON",
            partial(export.figures, song, analysis, selection),
            "application/json",
            f"{stem}.json",
        ),
        (
            "Report, HTML",
            partial(export.report, song, analysis, target, segment, selection),
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


def get_ready(song: Song, analysis: Analysis, selection: PartSelection) -> None:
    """Work through the whole song unless that was stopped, then draw everything."""
    key = (song.digest, analysis.model, selection.target, selection.method)
    if state.get("stopped") == key:
        st.markdown("Stopped. What was finished is kept; the whole song is needed to divide it.")
        st.button(
            "Go on", on_click=lambda: state.pop("stopped", None), icon=":material/play_arrow:"
        )
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button("Stop", on_click=lambda: state.update(stopped=key), icon=":material/stop:")
        with Progress() as progress:
            excerpts.prepare(song, analysis.model, selection, progress)
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
            file = excerpts.network_input_of(song, model, segment, progress)
        st.audio(file, format="audio/flac", alt="The network's input as sound")


main()
