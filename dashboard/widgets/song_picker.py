"""Song picker: masthead, uploader, microphone, free recordings and examples."""

from __future__ import annotations

import streamlit as st

from dashboard.services import songs
from dashboard.services.songs import Song
from dashboard.widgets.status import failures_as_sentences, loading_note

FILE_TYPES = ["wav", "mp3", "flac", "ogg", "opus", "m4a", "aac", "webm", "mp4", "aiff", "aif", "au"]
FORMATS = "WAV, MP3, FLAC, Ogg, Opus, M4A, AAC, WebM, MP4, AIFF and AU"
# Keys of the session that a new song resets.
BELONGS_TO_SONG = ("song", "segment", "target", "target-is-chosen", "versus", "preparation")

state = st.session_state


def masthead(sentence: str) -> None:
    """Draw the name of the dashboard and the purpose of the page."""
    with st.container(key="masthead", gap="xsmall"):
        st.title("Groove-Guide", anchor=False)
        st.markdown(sentence)


def choose_song(sentence: str) -> Song | None:
    """Draw the masthead and all sources of songs.

    Parameters
    ----------
    sentence : str
        Purpose of the page.

    Returns
    -------
    Song or None
        The chosen song, if any.
    """
    masthead(sentence)
    left, right = st.columns([3, 2], gap="large")
    with left:
        st.file_uploader(
            "Upload a song (up to 15 minutes)",
            type=FILE_TYPES,
            key=_uploader_key(),
            on_change=_take_upload,
            help=f"Supported formats: {FORMATS}. Uploads stay on the server that runs the "
            "dashboard.",
        )
        with st.expander("Record a song or use a free recording", icon=":material/mic:"):
            other_sources()
    with right:
        titles = [entry["title"] for entry in songs.examples()]
        if titles:
            st.pills(
                "Example songs",
                titles,
                key="example",
                on_change=_take_example,
                persist_state="session",
                wrap=True,
            )
        note = st.empty()  # cleared as soon as a song is chosen
        if state.get("song") is None and not songs.is_loaded():
            with note.container():
                loading_note()
    if state.get("song") is None and state.get("song-is-lost"):
        st.info(
            "The song of this page is not available. Links work with example songs only, and "
            "reloading the page or restarting the server clears uploads: please upload the song "
            "again.",
            icon=":material/link_off:",
        )
    return state.get("song")


def other_sources() -> None:
    """Draw the microphone, and free recordings to download."""
    st.audio_input(
        "Microphone recording",
        sample_rate=48_000,
        key=f"microphone-{state.get('uploads', 0)}",
        on_change=_take_recording,
    )
    titles = songs.recordings()
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Free recordings (librosa collection)", list(titles), format_func=titles.__getitem__
        )
        fetch = st.button("Use this recording")
    if fetch:
        with failures_as_sentences(), st.spinner("Downloading …"):
            song = songs.downloaded_recording(name)
            _forget_song()
            state["example"] = None
            state["uploads"] = state.get("uploads", 0) + 1
            state["song"] = song
            st.rerun()


def _take_recording() -> None:
    recording = state.get(f"microphone-{state.get('uploads', 0)}")
    _forget_song()
    if recording is not None:
        state["example"] = None
        state["song"] = songs.song_from_bytes(
            recording.getvalue(), "recording.wav", title="Your recording"
        )


def _uploader_key() -> str:
    # A new key makes a new, empty uploader.
    return f"upload-{state.get('uploads', 0)}"


def _take_upload() -> None:
    upload = state.get(_uploader_key())
    _forget_song()
    if upload is not None:
        state["example"] = None
        state["song"] = songs.song_from_bytes(upload.getvalue(), upload.name)


def _take_example() -> None:
    title = state.get("example")
    if title:
        open_example(title)
    else:
        _forget_song()


def open_example(title: str) -> None:
    """Choose the example song with a title."""
    _forget_song()
    for entry in songs.examples():
        if entry["title"] == title:
            state["example"] = title
            state["uploads"] = state.get("uploads", 0) + 1
            state["song"] = songs.example_song(entry)


def _forget_song() -> None:
    for key in BELONGS_TO_SONG:
        state.pop(key, None)
