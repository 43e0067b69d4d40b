"""Songs travel without their bytes, samples are delivered once, and failures are sentences."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from core.audio.io import Audio
from core.errors import AudioError, EngineError
from dashboard.services import delivery, songs, workers
from dashboard.services.cache import results
from dashboard.services.songs import Song
from dashboard.services.workers import KnownAudio, WorkerPool, cached

SAMPLES = Audio(np.ones(4, np.float32), 22_050, "song")


class Engine:
    """Stands for the engine: calls every function here, as another process would."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []
        self.broken_decoder = False

    def run(self, function: Any, *args: Any, report: Any, keep: bool = False, **_: Any) -> Any:
        """Call a function; the decoder returns the same samples for every file."""
        self.calls.append((function.__name__, args))
        if function is delivery.decode:
            assert keep, "samples stay in the worker"
            if self.broken_decoder:
                raise EngineError("The computation failed twice.")
            return SAMPLES
        if function is delivery.call_with_audio:  # its cache is that of another process
            called, sent, _, *rest = args
            args = (called, sent, None, *rest)
        return pickle.loads(pickle.dumps(function(*args, report=report)))  # noqa: S301

    def named(self, name: str) -> list[tuple[Any, ...]]:
        """Arguments of all calls of a function."""
        return [args for called, args in self.calls if called == name]


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """A pool with an engine, and an empty cache."""
    engine, pool = Engine(), WorkerPool()
    pool._is_started, pool._engine = True, engine  # type: ignore[assignment]
    monkeypatch.setattr(workers, "pool", pool)
    monkeypatch.setattr(workers, "known", KnownAudio())
    results.clear()
    yield engine
    results.clear()


def silent(text: str, share: float | None = None) -> None:
    """Ignore progress."""


def length(song: Song, *, report: Any) -> int:
    """Count the samples of a song; what a worker would do."""
    assert not song.content
    found = len(songs.audio_of(song, report).samples)
    results.clear()  # another process has another cache
    return found


def double(number: int, *, report: Any) -> int:
    """Double a number."""
    report("Doubling", None)
    return 2 * number


SONG = songs.song_from_bytes(b"the bytes of a file", "name.wav")


def test_without_workers_a_function_is_called_here() -> None:
    assert WorkerPool().run(double, 4, report=silent, doing="") == 8


def test_samples_that_are_missing_are_decoded_and_delivered(engine: Engine) -> None:
    assert workers.pool.run(length, SONG, report=silent, doing="") == 4
    assert [name for name, _ in engine.calls] == ["call_with_audio", "decode", "call_with_audio"]
    assert engine.named("decode") == [(SONG.content, 22_050)]


def test_samples_of_a_new_song_are_decoded_first_if_they_are_needed(engine: Engine) -> None:
    for _ in range(2):
        audio = (SONG, 22_050)
        assert workers.pool.run(length, SONG, report=silent, doing="", audio=audio) == 4
    # The second time, a worker may have them; this one has not.
    names = [name for name, _ in engine.calls]
    assert names[:2] == ["decode", "call_with_audio"]
    assert names[2:] == ["call_with_audio", "decode", "call_with_audio"]


def test_a_file_that_crashes_the_decoder_is_a_sentence(engine: Engine) -> None:
    engine.broken_decoder = True
    with pytest.raises(AudioError, match="Convert it to another format"):
        workers.pool.run(length, SONG, report=silent, doing="")


def test_places_for_samples_are_given_back(engine: Engine) -> None:
    engine.broken_decoder = True
    for _ in range(2 * workers.AUDIOS):
        with pytest.raises(AudioError):
            workers.pool.run(length, SONG, report=silent, doing="")


def test_a_result_is_cached_under_its_key(engine: Engine) -> None:
    for _ in range(3):
        assert cached(("double", 4), double, 4, report=silent, doing="") == 8
    assert len(engine.calls) == 1


def test_the_reason_why_workers_cannot_be_started_is_shown() -> None:
    pool = WorkerPool()
    pool._is_started, pool._failure = True, EngineError("No scheduler answers.")
    with pytest.raises(EngineError, match="No scheduler"):
        pool.run(double, 4, report=silent, doing="")


def test_a_wait_is_told_with_its_place_in_line() -> None:
    assert workers._waiting(0) == workers.LOADING
    assert workers._waiting(3).endswith("line: 3.")


@pytest.mark.parametrize(("value", "expected"), [("3", 3), ("0", 2), ("-1", 2), ("x", 2), ("", 2)])
def test_settings_are_positive_numbers(
    monkeypatch: pytest.MonkeyPatch, value: str, expected: int
) -> None:
    monkeypatch.setenv(workers.WORKERS_VARIABLE, value)
    assert workers._number(workers.WORKERS_VARIABLE, 2) == expected


def test_the_oldest_deliveries_are_forgotten() -> None:
    known = KnownAudio(most=2)
    for digest in "abc":
        known.add((digest, 1))
    assert [known.contains((digest, 1)) for digest in "abc"] == [False, True, True]
    known.clear()
    assert not known.contains(("c", 1))
