"""Songs: uploads, bundled examples and free recordings, decoded on demand.

`core` is imported inside the functions, because its libraries take seconds to load.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from typing import TYPE_CHECKING, Any

from core.constants import EXAMPLES_DIR, SAMPLE_RATE
from dashboard.services import delivery, workers
from dashboard.services.cache import results
from dashboard.services.song import Song as Song
from dashboard.services.warmup import ProgressCallback

if TYPE_CHECKING:
    from core.audio.io import Audio


@cache
def examples() -> list[dict[str, Any]]:
    """List the bundled songs: dictionaries with `file`, `title` and `genre`."""
    try:
        songs = json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [song for song in songs if (EXAMPLES_DIR / song["file"]).is_file()]


def start_loading() -> None:
    """Start the workers in the background, unless that has been done before."""
    workers.pool.start()


def is_loaded() -> bool:
    """Whether songs can be analysed without waiting for anything to load."""
    return workers.pool.ready


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
    title = recordings()[name]
    file, content = workers.pool.run(
        _recording, name, report=lambda *_: None, doing=f"Downloading {title} …"
    )
    return song_from_bytes(content, file, title=title)


def _recording(name: str, *, report: ProgressCallback) -> tuple[str, bytes]:
    """Name and content of a free recording."""
    from core.audio.sample_recordings import download_recording

    file = download_recording(name)
    return file.name, file.read_bytes()


def title_of(song: Song) -> str:
    """Title of a song: one line without control characters, not yet escaped."""
    from core.audio.io import clean_name

    return song.title or clean_name(song.name)


def audio_of(song: Song, report: ProgressCallback, sample_rate: int = SAMPLE_RATE) -> Audio:
    """Find the samples of a song, in a process that computes.

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

    def find() -> Audio:
        if song.content or not delivery.has_deliveries():
            return delivery.decode(song.content, sample_rate, report=report)
        return delivery.delivered_audio(song.digest, sample_rate)

    return results.get(
        ("audio", song.digest, sample_rate),
        find,
        waiting=lambda: report(delivery.READING, None),
    )
