"""The page *Classroom*: how a song becomes 13 numbers a frame, and a game against the network."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

import streamlit as st

from core.constants import GENRES
from dashboard import url_state
from dashboard.charts import mfcc_stages
from dashboard.services import classroom, explanations, models, songs
from dashboard.services.songs import Song
from dashboard.text import formatting
from dashboard.text.formatting import genre_name, genre_title, markdown_safe, model_name, percent
from dashboard.text.html import grid
from dashboard.widgets.controls import choose_model, is_dark
from dashboard.widgets.song_picker import choose_song
from dashboard.widgets.status import Progress, failures_as_sentences, renewed

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage

CONFIG = {"displayModeBar": False}
SECTIONS = {"steps": "From a song to 13 numbers", "game": "Beat the network"}
EXPLAINED = {
    "waveform": (
        "1. Waveform",
        "Air pressure, 22 050 times a second. Everything is in it, and nothing can be read from "
        "it.",
    ),
    "stft": (
        "2. Spectrogram (STFT)",
        "Windows of a tenth of a second, 24 a second, taken apart into 1025 frequencies. The phase "
        "is thrown away: the sound below had to invent it.",
    ),
    "mel": (
        "3. Mel bands",
        "1025 frequencies become 128 bands, as wide as the ear is sharp: narrow below, broad "
        "above. The power shows little but the loudest.",
    ),
    "db": (
        "4. Decibels",
        "The logarithm, as the ear does it. What is 80 dB below the loudest is given up.",
    ),
    "dct": (
        "5. Cosine transform (DCT)",
        "Each column is written as a sum of cosines: the first says how loud, the second how low "
        "or high, the others ever finer ripples. Nothing is lost, so it sounds the same.",
    ),
    "mfcc": (
        "6. MFCCs",
        "Only the first 13 are kept: the broad shape of the sound. This is all that the networks "
        "are given, and the sound below is made of nothing else.",
    ),
}
state = st.session_state


def main() -> None:
    """Draw the page from top to bottom."""
    large = bool(state.get("projector"))
    folded = large and state.get("song") is not None
    with st.expander("Another song") if folded else st.container():
        song = choose_song(
            "For the class: what a network hears, step by step, and a game against it."
        )
    left, right = st.columns([3, 2], vertical_alignment="center")
    with right:
        projector()
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
    )
    url_state.write()
    with renewed("classroom", section), failures_as_sentences():
        if section == "steps":
            if song is None:
                st.info("Choose a song above: its first steps into the network are shown here.")
            else:
                show_steps(song)
        else:
            play(song)


def projector() -> None:
    """Offer large type and the full screen, for thirty people to read."""
    st.toggle("Large type, full screen", key="projector", persist_state="session")


def show_steps(song: Song) -> None:
    """Draw every step from the waveform to the MFCCs, each with a picture and a sound."""
    with Progress() as progress:
        name = models.MODELS[0]
        analysis = explanations.analysis_of(song, name, progress)
    st.header(markdown_safe(songs.title_of(song)), anchor=False)
    count = len(analysis.starts_s)
    if not 0 <= state.get("segment", -1) < count:
        state["segment"] = 0
    if count > 1:
        st.select_slider(
            "Three seconds of it",
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
        found = classroom.stages_of(song, name, start_s, progress)
    for step in found:
        draw_step(step)


def draw_step(step: Stage) -> None:
    """Draw one step: what it does, its picture, its sound, and how many numbers are left."""
    title, text = EXPLAINED[step.name]
    with st.container(border=True):
        left, right = st.columns([2, 3], gap="large", vertical_alignment="center")
        with left:
            st.subheader(title, anchor=False)
            numbers = f"{step.values_per_second:,}".replace(",", "\u202f")
            st.markdown(f"{text}\n\n**{numbers}** numbers a second")
            st.audio(classroom.sound_of(step), format="audio/flac", alt=f"{title}, as sound")
        with right:
            st.plotly_chart(
                mfcc_stages.picture(step, large=bool(state.get("projector")), dark=is_dark()),
                key=f"step-{step.name}",
                config=CONFIG,
                alt=f"{title}: {text}",
            )


def play(song: Song | None) -> None:
    """Play one round after the other: hear what mattered, guess, and see what it was."""
    game = state.setdefault("game", {"round": 0, "right": 0, "network": 0, "rounds": 0})
    names = models.MODELS
    left, right = st.columns(2, vertical_alignment="bottom")
    with left:
        name = choose_model(names)
    with right:
        own = st.toggle(
            "Play with the song above instead of the examples",
            key="own-song",
            persist_state="session",
            disabled=song is None,
        )
    puzzle = song if own and song is not None else _draw(game["round"])
    if puzzle is None:
        st.info("There is no example song. Choose a song of your own above.")
        return
    key = (game["round"], puzzle.digest, name)
    with Progress() as progress:
        sound = classroom.game_round_of(puzzle, name, progress)
    st.header(f"Round {game['round'] + 1}: which genre is this?", anchor=False)
    st.markdown(
        f"**What you hear:** only the fifth of the sound that counted most for the "
        f"{model_name(name)}."
    )
    st.audio(sound.file, format="audio/flac", alt="What mattered most to the network")
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


def _draw(number: int) -> Song | None:
    """Return the example song of a round: all of them in an order, then again in another."""
    entries = songs.examples()
    if not entries:
        return None
    turn, place = divmod(number, len(entries))
    order = random.Random(turn).sample(range(len(entries)), len(entries))
    return songs.example_song(entries[order[place]])


def reveal(puzzle: Song, guess: str, sound: classroom.GameRound, game: dict[str, int]) -> None:
    """Say what it was, what the network said, and how the game stands."""
    truth = classroom.genre_of(puzzle)
    title = markdown_safe(songs.title_of(puzzle))
    if truth is None:
        st.markdown(f"You said **{genre_name(guess)}**. Nobody here knows what {title} really is.")
    elif guess == truth:
        st.success(f"Right: {title} is {genre_name(truth)}.", icon=":material/check:")
    else:
        st.warning(
            f"{title} is {genre_name(truth)}, not {genre_name(guess)}.", icon=":material/close:"
        )
    st.html(
        grid(
            ["", "says", "how sure"],
            [
                ["You", genre_name(guess), ""],
                [
                    "Network, whole song",
                    genre_name(sound.song_genre),
                    percent(sound.song_confidence),
                ],
                [
                    "Network, what you heard",
                    genre_name(sound.excerpt_genre),
                    percent(sound.excerpt_confidence),
                ],
            ],
            "What was said",
        )
    )
    if game["rounds"]:
        st.markdown(
            f"**Score:** you {game['right']} of {game['rounds']}, the network {game['network']} of "
            f"{game['rounds']}, from the same fifth of the sound."
        )
    st.markdown("**The whole song**")
    st.audio(puzzle.content, alt="The whole song")

    def go_on() -> None:
        game["round"] += 1
        state.pop("answer", None)

    st.button("Next round", on_click=go_on, icon=":material/arrow_forward:", type="primary")


main()
