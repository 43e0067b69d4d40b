"""The page *Classroom*: the stages from a song to MFCCs, and a game against the network."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import streamlit as st

from core.constants import DEFAULT_KEEP, GENRES
from dashboard import url_state
from dashboard.charts import mfcc_stages
from dashboard.services import classroom, explanations, models, songs
from dashboard.services.songs import Song
from dashboard.text import formatting
from dashboard.text.formatting import (
    genre_name,
    genre_title,
    markdown_safe,
    model_name,
    percent,
    share_percent,
)
from dashboard.text.glossary import STAGES
from dashboard.text.html import grid
from dashboard.widgets.chart import draw_chart
from dashboard.widgets.controls import choose_model, is_dark
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage

SECTIONS = {"steps": "From song to MFCCs", "game": "Beat the network"}

state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    large = bool(state.get("projector"))
    folded = large and state.get("song") is not None
    with st.expander("Change song") if folded else st.container():
        song = choose_song("How sound becomes MFCCs, and a game against the network")
    left, right = st.columns([3, 2], vertical_alignment="center")
    with right:
        st.toggle(
            "Presentation mode",
            key="projector",
            persist_state="session",
            help="Large type, full screen",
        )
    if state.get("part") not in SECTIONS:
        state["part"] = "steps"
    section = left.segmented_control(
        "Part",
        list(SECTIONS),
        format_func=lambda name: SECTIONS[name],
        required=True,
        key="part",
        persist_state="session",
        label_visibility="collapsed",
        wrap=True,
    )
    url_state.write()
    with renewed("classroom", section), failures_as_sentences():
        if section == "steps":
            if song is None:
                st.info("Choose a song above to see how it becomes MFCCs.")
            else:
                show_stages(song)
        else:
            play(song)


def show_stages(song: Song) -> None:
    """Draw every stage from the waveform to the MFCCs, each with a chart and a sound."""
    with Progress() as progress:
        name = models.MODELS[0]
        analysis = explanations.analysis_of(song, name, progress)
    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    count = len(analysis.starts_s)
    if not 0 <= state.get("segment", -1) < count:
        state["segment"] = 0
    if count > 1:
        st.select_slider(
            "Segment",
            range(count),
            format_func=lambda index: formatting.span(
                float(analysis.starts_s[index]), float(analysis.ends_s[index])
            ),
            key="segment",
            persist_state="session",
        )
    url_state.write()
    start_s = float(analysis.starts_s[state["segment"]])
    with Progress() as progress:
        stages = classroom.stages_of(song, name, start_s, progress)
    for stage in stages:
        draw_stage(stage)


def draw_stage(stage: Stage) -> None:
    """Draw one stage: its explanation, size, sound and chart."""
    title, text = STAGES[stage.name]
    with st.container(border=True):
        left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
        with left:
            st.subheader(title, anchor=False)
            numbers = formatting.grouped(stage.values_per_second)
            st.markdown(f"{text}\n\n**{numbers}** numbers per second")
            st.audio(classroom.sound_of(stage), format="audio/flac", alt=f"Sound of {title[3:]}")
        with right:
            draw_chart(
                mfcc_stages.stage_chart(stage, large=bool(state.get("projector")), dark=is_dark()),
                key=f"stage-{stage.name}",
                alt=f"{title}: {text}",
            )


def play(song: Song | None) -> None:
    """Play the game in rounds: listen to the important parts, guess the genre, see the answer."""
    game = state.setdefault("game", {"round": 0, "right": 0, "network": 0, "rounds": 0})
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        name = choose_model(models.MODELS)
    with right:
        own = st.toggle(
            "Use the song above",
            key="own-song",
            persist_state="session",
            disabled=song is None,
        )
    puzzle = song if own and song is not None else _example_of_round(game["round"])
    if puzzle is None:
        st.info("There are no example songs. Choose your own song above.")
        return
    key = (game["round"], puzzle.digest, name)
    with Progress() as progress:
        sound = classroom.game_round_of(puzzle, name, progress)
    st.header(f"Round {game['round'] + 1}: which genre is this?", anchor=False)
    st.markdown(
        f"You hear only the {share_percent(DEFAULT_KEEP)} of the spectrogram most important to "
        f"{model_name(name)}."
    )
    st.audio(sound.file, format="audio/flac", alt="Important parts of the song")
    answered = state.get("answer")
    if not answered or answered["key"] != key:
        guess = st.pills(
            "Your guess", GENRES, format_func=genre_title, key=f"guess-{game['round']}", wrap=True
        )
        if guess:
            truth = classroom.genre_of(puzzle)
            state["answer"] = {"key": key, "guess": guess}
            if truth is not None:
                game["rounds"] += 1
                game["right"] += guess == truth
                game["network"] += sound.excerpt_genre == truth
            st.rerun()
        return
    reveal(puzzle, answered["guess"], sound, game)


def _example_of_round(number: int) -> Song | None:
    """Choose the example song of a round: all songs in random order, then again in another."""
    entries = songs.examples()
    if not entries:
        return None
    turn, place = divmod(number, len(entries))
    order = random.Random(turn).sample(range(len(entries)), len(entries))
    return songs.example_song(entries[order[place]])


def reveal(puzzle: Song, guess: str, sound: classroom.GameRound, game: dict[str, int]) -> None:
    """Draw the true genre, the predictions of the network and the score."""
    truth = classroom.genre_of(puzzle)
    title = markdown_safe(songs.title_of(puzzle))
    if truth is None:
        st.markdown(f"Your guess: **{genre_name(guess)}**. The true genre of {title} is unknown.")
    elif guess == truth:
        st.success(f"Correct: {title} is {genre_name(truth)}.", icon=":material/check:")
    else:
        st.warning(
            f"{title} is {genre_name(truth)}, not {genre_name(guess)}.", icon=":material/close:"
        )
    st.html(
        grid(
            ["Listener", "Genre", "Confidence"],
            [
                ["You", genre_title(guess), ""],
                ["Network (original)", sound.answer.title, sound.answer.note],
                [
                    "Network (important parts)",
                    genre_title(sound.excerpt_genre),
                    percent(sound.excerpt_confidence),
                ],
            ],
            "Guess and predictions",
        )
    )
    if game["rounds"]:
        st.markdown(
            f"**Score**: you {game['right']} of {game['rounds']}, network {game['network']} of "
            f"{game['rounds']} (important parts only)"
        )
    st.markdown("**The whole song**")
    st.audio(puzzle.content, alt="The whole song")

    def next_round() -> None:
        game["round"] += 1
        state.pop("answer", None)

    st.button("Next round", on_click=next_round, icon=":material/arrow_forward:", type="primary")


main()
