"""The songs people choose: uploads, bundled examples and free recordings, decoded on demand."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import streamlit as st

from core.constants import EXAMPLES_DIR, SAMPLE_RATE
from dashboard.services.cache import results
from dashboard.services.models import MODELS
from dashboard.services.warmup import ProgressCallback, WarmUp

if TYPE_CHECKING:
    from core.audio.io import Audio


@dataclass(frozen=True)
class Song:
    """A chosen song, not yet decoded.

    Parameters
    ----------
    digest : str
        SHA-256 of the file's bytes.
    name : str
        What the file claims to be called; not to be trusted.
    content : bytes
        The file.
    title : str
        Title of an example song; empty for an upload.
    """

    digest: str
    name: str
    content: bytes = field(repr=False, compare=False)
    title: str = ""


@st.cache_data(show_spinner=False, max_entries=1)
def examples() -> list[dict[str, Any]]:
    """Return the bundled songs: dictionaries with `file`, `title` and `genre`."""
    try:
        songs = json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [song for song in songs if (EXAMPLES_DIR / song["file"]).is_file()]


def _rehearsal_song() -> Path | None:
    return next((EXAMPLES_DIR / entry["file"] for entry in examples()), None)


warm_up = WarmUp(MODELS, _rehearsal_song)


def song_from_bytes(content: bytes, name: str, *, title: str = "") -> Song:
    """Return the song that a file's bytes hold."""
    return Song(hashlib.sha256(content).hexdigest(), name, content, title)


def example_song(entry: dict[str, Any]) -> Song:
    """Return the song of an entry of `examples`."""
    file = EXAMPLES_DIR / entry["file"]
    return song_from_bytes(file.read_bytes(), file.name, title=entry["title"])


def recordings() -> dict[str, str]:
    """Return titles of free recordings that can be downloaded, by their names."""
    from core.audio.sample_recordings import RECORDINGS

    return RECORDINGS


def downloaded_recording(name: str) -> Song:
    """Return a free recording, after its download if need be.

    Raises
    ------
    AudioError
        If it cannot be downloaded.
    """
    from core.audio.sample_recordings import RECORDINGS, download_recording

    file = download_recording(name)
    return song_from_bytes(file.read_bytes(), file.name, title=RECORDINGS[name])


def title_of(song: Song) -> str:
    """Return what to call a song: one line of harmless characters, not yet escaped."""
    from core.audio.io import clean_name

    return song.title or clean_name(song.name)


def audio_of(song: Song, report: ProgressCallback, sample_rate: int = SAMPLE_RATE) -> Audio:
    """Return the decoded song, at the sampling rate that a model hears.

    Raises
    ------
    AudioError
        If the file cannot be heard.
    """
    warm_up.wait(report)
    from core.audio.io import load_audio

    def decode() -> Audio:
        report("Reading the song …", None)
        # Its name is shared by all who bring these bytes.
        return load_audio(song.content, name="song", sample_rate=sample_rate)

    return results.get(
        ("audio", song.digest, sample_rate),
        decode,
        waiting=lambda: report("Reading the song …", None),
    )
