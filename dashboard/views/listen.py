"""The page *Listen*: predicted genre of a song, the evidence for it, and its sound."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from itertools import count
from typing import TYPE_CHECKING

import streamlit as st

from dashboard import url_state
from dashboard.player import player
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.background_task import BackgroundTask
from dashboard.services.excerpts import OPTIMISED, PartSelection, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.preparation import InvalidTransition, Phase, Preparation, needs_page_run
from dashboard.services.songs import Song
from dashboard.services.warmup import ProgressCallback
from dashboard.text import answers, formatting, sentences
from dashboard.text.formatting import markdown_safe
from dashboard.text.html import prediction_card, prediction_cards
from dashboard.widgets.controls import (
    choose_model,
    choose_rival,
    choose_segment,
    choose_selection,
    choose_target,
    is_dark,
)
from dashboard.widgets.explanation import (
    draw_contributions,
    draw_network_input,
    draw_readings,
)
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.analysis import Analysis

POLL_S = 0.4  # between two looks at the task in the background

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    song = choose_song("Three networks predict the genre of a song. See and hear why.")
    with renewed("song", song.digest if song else None), failures_as_sentences():
        if song is None:
            empty_page()
        elif analyses := predictions(song):
            explore(song, analyses)


def empty_page() -> None:
    """Outline what the page shows for a song."""
    steps = {
        "Prediction": "A CNN, a CNN-LSTM and a third network, pretrained on a million songs, "
        "predict the genre of every three seconds of the song.",
        "Evidence": "SHAP values show which parts of the spectrogram count for a genre and which "
        "against it. Added to the average probability, they give the prediction.",
        "Sound": "Play only the important parts, or everything else, and compare the predictions "
        "for both.",
    }
    st.space("small")
    for column, (title, text) in zip(st.columns(3, gap="large"), steps.items(), strict=True):
        column.markdown(f"##### {title}\n{text}", anchors=False)


def predictions(song: Song) -> dict[str, Analysis]:
    """Draw the prediction of each model as a card; return the analyses by name of the model."""
    with Progress() as progress:
        analyses, failures = explanations.analyses_of(song, progress)

    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    summary = f" {answers.summary(analyses)}" if analyses else ""
    if analyses:
        duration_s = next(iter(analyses.values())).duration_s
        st.markdown(f"{formatting.duration(duration_s)}.{summary}")
    cards = [
        prediction_card(
            name,
            analysis.genres,
            analysis.song_probabilities,
            answers.answer(analysis),
            models.accuracy(name),
        )
        for name, analysis in analyses.items()
    ]
    st.html(prediction_cards(cards))
    if missing := answers.missing_data(analyses):
        st.caption(missing)
    for failure in failures:
        st.error(markdown_safe(failure), icon=":material/error:")
    if any(analysis.padded for analysis in analyses.values()):
        st.info(
            "This recording is shorter than one 3-second segment. It was padded with silence, so "
            "the predictions are less reliable.",
            icon=":material/info:",
        )
    return analyses


def explore(song: Song, analyses: dict[str, Analysis]) -> None:
    """Draw everything about the chosen model: timeline, evidence and player."""
    st.header("Genres over time", anchor=False)
    st.markdown(
        "Probability of each genre in every 3-second segment; stronger colour means higher "
        "probability. Click, tap or use the arrow keys to choose a segment."
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
    st.header(f"Why {sentences.question_name(genre, versus)} at {moment}?", anchor=False)
    with renewed("stage", (song.digest, analysis.model)):
        selection = player_section(song, analysis, target, segment, count())
        # Not in the fragment: a click can interrupt only a run of the whole page.
        complete_explanation(song, analysis, selection)
    if analysis.parameters.n_mfcc < analysis.parameters.n_mels:
        with st.expander("Hear the network's input", icon=":material/hearing:"):
            draw_network_input(song, analysis.model, segment)


@st.fragment
def player_section(
    song: Song, analysis: Analysis, target: ExplanationTarget, segment: int, runs: Iterator[int]
) -> PartSelection:
    """Draw selection, player and contributions; a fragment, so that the slider stays quick.

    Parameters
    ----------
    song : Song
        The song.
    analysis : Analysis
        Predictions of the chosen model.
    target : ExplanationTarget
        The explained genre.
    segment : int
        The chosen segment.
    runs : iterator of int
        Counts the runs: the run of the whole page is number 0, later ones are of this fragment.

    Returns
    -------
    PartSelection
        Selection of the important parts.
    """
    from dashboard.player.payload import payload_of

    in_fragment = next(runs) > 0
    name = analysis.model
    selection = choose_selection(target)
    url_state.write()
    with failures_as_sentences():
        left, right = st.columns([5, 2], gap="large")
        with left:
            with Progress() as progress:
                own = explanations.segment_explanation_of(song, name, target, segment, progress)
                phase = observe(song, analysis, selection).phase
                whole = excerpts.whole_song_of(song, name, progress)
                parts = playable_parts(phase, song, name, selection, segment, progress)
            finished = explanations.finished_batches(song, analysis, target)
            player(
                payload_of(
                    song, analysis, target, [own, *finished], segment, whole, parts, dark=is_dark()
                ),
                key="player",
            )
            if phase is Phase.PASSAGE:
                divide_in_background(song, name, selection)
            elif phase is Phase.FAILED:
                draw_failure()
            st.caption(sentences.view_meanings(own.parameters.n_mfcc < own.parameters.n_mels))
            filled = int(own.filled[0])
            if filled < own.mfcc.shape[1]:
                end = formatting.duration(float(own.ends_s[0]))
                st.caption(f"The song ends after {end}; the rest of the segment is silence.")
        with right:
            draw_contributions(own, target)
            if parts is not None and phase is not Phase.FAILED:
                draw_readings(analysis, selection, whole, parts)
        if parts is not None:
            downloads(song, analysis, target, segment, selection)
        elif needs_page_run(phase, in_fragment=in_fragment):
            st.rerun()
    return selection


def observe(song: Song, analysis: Analysis, selection: PartSelection) -> Preparation:
    """Observe what is cached of a song, and keep it for the session's next event."""
    found = excerpts.preparation_of(song, analysis, selection)
    state["preparation"] = found.observed(state.get("preparation"))
    return state["preparation"]


def note(event: Callable[[Preparation], Preparation]) -> None:
    """Note an event of the preparation."""
    with suppress(InvalidTransition):  # a click can arrive when the phase has just ended
        state["preparation"] = event(state["preparation"])


def background_task() -> BackgroundTask:
    """Task of this session that divides songs."""
    task: BackgroundTask = state.setdefault("division", BackgroundTask())
    return task


def draw_failure() -> None:
    """Draw the reason why the whole song could not be filtered."""
    with failures_as_sentences():
        raise background_task().error or RuntimeError("The song could not be filtered.")


def playable_parts(
    phase: Phase,
    song: Song,
    name: str,
    selection: PartSelection,
    segment: int,
    report: ProgressCallback,
) -> SongParts | PassageParts | None:
    """Compute the parts that can be played in a phase, if there are any."""
    if phase is Phase.COMPLETE:
        return excerpts.song_parts_of(song, name, selection, report)
    if phase.plays_parts:
        return excerpts.passage_parts_of(song, name, selection, segment, report)
    return None


@st.fragment(run_every=POLL_S)
def divide_in_background(song: Song, name: str, selection: PartSelection) -> None:
    """Divide the whole song without holding up the page, then draw everything."""
    if excerpts.cached_song_parts(song, name, selection) is None:
        st.html('<p class="busy" role="status">Preparing the rest of the song …</p>')
        task, key = background_task(), (song.digest, name, selection)
        if not task.has_failed(key):
            task.start(key, partial(excerpts.song_parts_of, song, name, selection))
            return
        note(Preparation.division_failed)
    st.rerun()


def downloads(
    song: Song,
    analysis: Analysis,
    target: ExplanationTarget,
    segment: int,
    selection: PartSelection,
) -> None:
    """Offer the two parts as WAV, the results as JSON and a self-contained HTML report."""
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
            "Important parts (WAV)",
            partial(excerpts.wav_file_of, song, name, selection, "keep"),
            "audio/wav",
            f"{stem}-important-{percentage}.wav",
        ),
        (
            "Everything else (WAV)",
            partial(excerpts.wav_file_of, song, name, selection, "remove"),
            "audio/wav",
            f"{stem}-everything-else-{percentage}.wav",
        ),
        (
            "Results (JSON)",
            partial(export.results, song, analysis, selection),
            "application/json",
            f"{stem}-results.json",
        ),
        (
            "Report (HTML)",
            partial(export.report, song, analysis, target, segment, selection),
            "text/html",
            f"{stem}-report.html",
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


def complete_explanation(song: Song, analysis: Analysis, selection: PartSelection) -> None:
    """Explain the rest of the song unless the user has stopped that, then draw everything."""
    phase = observe(song, analysis, selection).phase
    if phase is Phase.STOPPED:
        st.markdown(
            "Stopped. Finished explanations are kept. Choose *Continue* to explain the rest of the "
            "song and hear its important parts."
        )
        st.button(
            "Continue",
            on_click=note,
            args=(Preparation.resume,),
            icon=":material/play_arrow:",
        )
    elif phase is Phase.EXPLAINING:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Stop", on_click=note, args=(Preparation.stop,), icon=":material/stop:")
            with Progress() as progress:
                excerpts.prepare(song, analysis.model, selection, progress)
        note(Preparation.explained)
        st.rerun()


main()
