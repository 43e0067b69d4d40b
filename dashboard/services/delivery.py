"""Samples of songs in a worker: decoded there, or delivered with its task."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any

from dashboard.services.cache import results
from dashboard.services.warmup import ProgressCallback

if TYPE_CHECKING:
    from core.audio.io import Audio

READING = "Reading the song …"

_delivered: ContextVar[dict[tuple[str, int], Audio] | None] = ContextVar("delivered", default=None)


class MissingAudio(Exception):
    """Raised, and returned from a worker, if it lacks the samples of a song.

    Parameters
    ----------
    digest : str
        SHA-256 of the song's bytes.
    sample_rate : int
        Wanted sampling rate in Hz.
    """

    def __init__(self, digest: str, sample_rate: int) -> None:
        super().__init__(digest, sample_rate)
        self.digest, self.sample_rate = digest, sample_rate


def decode(content: bytes, sample_rate: int, *, report: ProgressCallback) -> Audio:
    """Decode a song, in the worker that decodes.

    Raises
    ------
    AudioError
        If the file cannot be decoded.
    """
    from core.audio.io import load_audio

    report(READING, None)
    return load_audio(content, name="song", sample_rate=sample_rate)


def call_with_audio(
    function: Callable[..., Any],
    args: tuple[Any, ...],
    identity: Hashable,
    keys: tuple[tuple[str, int], ...],
    *audios: Audio,
    report: ProgressCallback,
) -> Any:
    """Call a function in a worker that has got the samples of some songs.

    A result with an identity is cached in the worker too, because later functions build on it.

    Returns
    -------
    object
        Result of the function, or a `MissingAudio` if it needs other samples.
    """
    for key, audio in zip(keys, audios, strict=True):
        results.get(("audio", *key), lambda audio=audio: audio)  # type: ignore[misc]
    token = _delivered.set(dict(zip(keys, audios, strict=True)))
    try:
        if identity is None:
            return function(*args, report=report)
        return results.get(identity, lambda: function(*args, report=report))
    except MissingAudio as missing:
        return missing
    finally:
        _delivered.reset(token)


def has_deliveries() -> bool:
    """Whether this thread runs a task of another process."""
    return _delivered.get() is not None


def delivered_audio(digest: str, sample_rate: int) -> Audio:
    """Find samples that have been sent to this worker with its task.

    Raises
    ------
    MissingAudio
        If they have not.
    """
    found = (_delivered.get() or {}).get((digest, sample_rate))
    if found is None:
        raise MissingAudio(digest, sample_rate)
    return found
