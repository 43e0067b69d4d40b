"""Songs: uploads, bundled examples and free recordings, decoded on demand.

`core` is imported inside the functions, because its libraries take seconds to load.
"""

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
        Name of the file as its sender gave it; untrusted in file names and markup.
    content : bytes
        The file.
    title : str
        Title of an example or a recording; empty for an upload.
    """

    digest: str
    name: str
    content: bytes = field(repr=False, compare=False)
    title: str = ""


@st.cache_data(show_spinner=False, max_entries=1)
def examples() -> list[dict[str, Any]]:
    """List the bundled songs: dictionaries with `file`, `title` and `genre`."""
    try:
        songs = json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [song for song in songs if (EXAMPLES_DIR / song["file"]).is_file()]


def _first_example() -> Path | None:
    return next((EXAMPLES_DIR / entry["file"] for entry in examples()), None)


warm_up = WarmUp(MODELS, _first_example)


def start_loading() -> None:
    """Start to load libraries and models in the background, unless that has been done before."""
    warm_up.start()


def is_loaded() -> bool:
    """Whether songs can be analysed without waiting for anything to load."""
    return warm_up.ready


def song_from_bytes(content: bytes, name: str, *, title: str = "") -> Song:
    """Make a song of the bytes of a file; nothing is decoded yet."""
    return Song(hashlib.sha256(content).hexdigest(), name, content, title)


def example_song(entry: dict[str, Any]) -> Song:
    """Read the song of an entry of `examples`."""
    file = EXAMPLES_DIR / entry["file"]
    return song_from_bytes(file.read_bytes(), file.name, title=entry["title"])


def recordings() -> dict[str, str]:
    """List the titles of free recordings that can be downloaded, by name."""
    from core.audio.sample_recordings import RECORDINGS

    return RECORDINGS


def downloaded_recording(name: str) -> Song:
    """Download a free recording, or find it in the cache.

    Raises
    ------
    AudioError
        If the download fails.
    """
    from core.audio.sample_recordings import RECORDINGS, download_recording

    file = download_recording(name)
    return song_from_bytes(file.read_bytes(), file.name, title=RECORDINGS[name])


def title_of(song: Song) -> str:
    """Title of a song: one line without control characters, not yet escaped."""
    from core.audio.io import clean_name

    return song.title or clean_name(song.name)


def audio_of(song: Song, report: ProgressCallback, sample_rate: int = SAMPLE_RATE) -> Audio:
    """Decode a song.

    Parameters
    ----------
    song : Song
        The song.
    report : callable
        Called with the current work; may raise to stop.
    sample_rate : int
        Sampling rate of the result in Hz.

    Returns
    -------
    Audio
        Mono samples. The name is "song": all who upload these bytes share the result.

    Raises
    ------
    AudioError
        If the file cannot be decoded.
    """
    warm_up.wait(report)
    from core.audio.io import load_audio

    def decode() -> Audio:
        report("Reading the song …", None)
        return load_audio(song.content, name="song", sample_rate=sample_rate)

    return results.get(
        ("audio", song.digest, sample_rate),
        decode,
        waiting=lambda: report("Reading the song …", None),
    )
