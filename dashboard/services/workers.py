"""The workers that compute for the pages: worker processes if the dashboard is served, else none.

The process that serves pages never computes: `WorkerPool.run` sends a function and its arguments to
a worker, shows its progress, and waits. In a worker, in a test and in a notebook there is no pool
of workers, and the same function is called where it is. Songs travel without their bytes: a worker
that lacks the samples says so, and gets them from the worker that decodes.
"""

from __future__ import annotations

import os
import sys
import threading
import traceback
from collections.abc import Callable, Hashable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from contextvars import ContextVar
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from dashboard.services import delivery
from dashboard.services.cache import results
from dashboard.services.song import Song
from dashboard.services.warmup import ProgressCallback

if TYPE_CHECKING:
    from distributed import Future

    from core.engine.tasks import Engine

WORKERS_VARIABLE = "GROOVE_GUIDE_WORKERS"  # environment variables of the server
MEMORY_VARIABLE = "GROOVE_GUIDE_WORKER_MEMORY"  # MiB
MOST_WORKERS = 2  # by default: each takes 0.7 GB
WORKER_MEMORY = 5 << 10  # MiB; an explanation of MSD-musicnn takes 3.3 GB at its peak
DECODING_LIMIT_S = 60.0
AUDIOS = 8  # songs at a time whose samples wait for a worker: 80 MB each at most
DELIVERIES = 6  # of samples to one task, before it is given up
LOADING = "Loading the networks (once, after the server has started) …"

session: ContextVar[str] = ContextVar("session", default="")
"""The session for which a thread computes, if Streamlit does not know."""


class WorkerPool:
    """Starts the workers once, and runs functions in them."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_started = False
        self._engine: Engine | None = None
        self._failure: Exception | None = None
        self._audios = threading.BoundedSemaphore(AUDIOS)

    @property
    def is_started(self) -> bool:
        """Whether functions run in workers."""
        return self._is_started

    @property
    def ready(self) -> bool:
        """Whether songs can be analysed without waiting for anything to load."""
        if not is_served():
            return True
        return self._failure is not None or (self._engine is not None and self._engine.is_ready())

    @property
    def engine(self) -> Engine | None:
        """The engine, once its processes have been started."""
        return self._engine

    def start(self) -> None:
        """Start the workers in the background, once."""
        with self._lock:
            if not self._is_started:
                self._is_started = True
                threading.Thread(target=self._connect, name="workers", daemon=True).start()

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        report: ProgressCallback,
        doing: str,
        identity: Hashable = None,
        audio: tuple[Song, int] | None = None,
    ) -> Any:
        """Run a function in a worker and wait for its result; without workers, call it here.

        Parameters
        ----------
        function : callable
            Function of a module; called with `args` and, as keyword `report`, a progress callback.
        *args : object
            Picklable arguments. Songs among them arrive without their bytes.
        report : callable
            Called with the current work; may raise to stop.
        doing : str
            The current work, until the function reports something else.
        identity : Hashable, optional
            What is computed; refused once it has cost two workers.
        audio : tuple of Song and int, optional
            A song that the function needs, and its sampling rate in Hz.

        Returns
        -------
        object
            Result of the function.

        Raises
        ------
        EngineError
            If the workers cannot be started, or the function has cost two of them.
        AudioError
            If a song cannot be decoded.
        """
        if is_served():
            self.start()
        if not self._is_started:
            return function(*args, report=report)
        engine = self._connected(report)
        songs = {arg.digest: arg for arg in args if isinstance(arg, Song)}
        sent = tuple(replace(arg, content=b"") if isinstance(arg, Song) else arg for arg in args)
        samples: dict[tuple[str, int], Future] = {}
        wanted = None if audio is None else (audio[0].digest, audio[1])
        with self._place_for_audio(report) as hold:
            if wanted is not None and not known.contains(wanted):
                hold()
                samples[wanted] = self._decoded(engine, songs[wanted[0]], wanted[1], report)
            for _ in range(DELIVERIES):
                found = engine.run(
                    delivery.call_with_audio,
                    function,
                    sent,
                    identity,
                    tuple(samples),
                    *samples.values(),
                    session=session_id(),
                    report=report,
                    waiting=lambda position: report(_waiting(position), None),
                    doing=doing,
                    identity=identity,
                )
                for key in samples:
                    known.add(key)
                if not isinstance(found, delivery.MissingAudio):
                    return found
                hold()
                key = (found.digest, found.sample_rate)
                samples[key] = self._decoded(engine, songs[key[0]], key[1], report)
        raise RuntimeError(f"{function.__name__} needs the samples of too many songs.")

    @contextmanager
    def _place_for_audio(self, report: ProgressCallback) -> Iterator[Callable[[], None]]:
        """Hold one of a limited number of places for samples, from the first call on."""
        held = False

        def hold() -> None:
            nonlocal held
            while not held:
                held = self._audios.acquire(timeout=0.3)
                if not held:
                    report(_waiting(AUDIOS), None)

        try:
            yield hold
        finally:
            if held:
                self._audios.release()

    def _decoded(
        self, engine: Engine, song: Song, sample_rate: int, report: ProgressCallback
    ) -> Future:
        """Decode a song; the samples stay in the worker that has decoded it."""
        from core.engine.tasks import DECODE
        from core.errors import AudioError, EngineError

        try:
            return engine.run(
                delivery.decode,
                song.content,
                sample_rate,
                kind=DECODE,
                session=session_id(),
                report=report,
                waiting=lambda position: report(_waiting(position), None),
                doing=delivery.READING,
                identity=("decode", song.digest),
                time_limit_s=DECODING_LIMIT_S,
                keep=True,
            )
        except EngineError as error:
            raise AudioError(
                "This file makes the decoder fail, so it is not read again. Convert it to another "
                "format, such as WAV."
            ) from error

    def _connected(self, report: ProgressCallback) -> Engine:
        """Wait until the engine has been started."""
        while self._engine is None:
            if self._failure is not None:
                raise self._failure
            report(LOADING, None)
            threading.Event().wait(0.3)
        return self._engine

    def _connect(self) -> None:
        """Keep the workers as long as this process lives."""
        from core.engine.cluster import SCHEDULER_VARIABLE, connect
        from core.engine.host import hosted
        from core.engine.tasks import COMPUTE, DECODE, Engine
        from core.errors import EngineError
        from dashboard.services import housekeeping, warmup

        cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
        workers = _number(WORKERS_VARIABLE, min(cores, MOST_WORKERS))
        memory = _number(MEMORY_VARIABLE, WORKER_MEMORY) << 20
        try:
            with ExitStack() as stack:
                address = os.environ.get(SCHEDULER_VARIABLE) or stack.enter_context(
                    hosted(workers=workers, threads=cores, memory_limit=memory)
                )
                client = stack.enter_context(connect(scheduler=address))
                functions = {COMPUTE: warmup.prepare_to_compute, DECODE: warmup.prepare_to_decode}
                self._engine = Engine(client, warm_up=functions)
                housekeeping.watch(self._engine)
        except EngineError as error:
            self._failure = error
        except Exception as error:
            traceback.print_exc(file=sys.stderr)
            self._failure = EngineError(
                f"The workers cannot be started ({type(error).__name__}). Restart the server."
            )


class KnownAudio:
    """Samples that some worker has got before, so that a task may find them there."""

    def __init__(self, most: int = 200) -> None:
        self._most = most
        self._keys: dict[tuple[str, int], None] = {}

    def contains(self, key: tuple[str, int]) -> bool:
        """Whether samples have been delivered."""
        return key in self._keys

    def add(self, key: tuple[str, int]) -> None:
        """Note a delivery."""
        self._keys[key] = None
        while len(self._keys) > self._most:
            with suppress(StopIteration, KeyError):
                del self._keys[next(iter(self._keys))]

    def clear(self) -> None:
        """Forget everything."""
        self._keys.clear()


pool = WorkerPool()
"""The workers of this process."""

known = KnownAudio()


def cached(
    key: tuple[Hashable, ...],
    function: Callable[..., Any],
    *args: Any,
    report: ProgressCallback,
    doing: str,
    audio: tuple[Song, int] | None = None,
) -> Any:
    """Look a result up in the cache, or compute it in a worker.

    Parameters
    ----------
    key : tuple
        Key of the result in `dashboard.services.cache.results`.
    function, *args, report, doing, audio
        As in `WorkerPool.run`.

    Returns
    -------
    object
        Result of the function.
    """
    return results.get(
        key,
        lambda: pool.run(function, *args, report=report, doing=doing, identity=key, audio=audio),
        waiting=lambda: report(doing, None),
    )


def is_served() -> bool:
    """Whether this process serves pages."""
    runtime = sys.modules.get("streamlit.runtime")
    return runtime is not None and bool(runtime.exists())


def session_id() -> str:
    """Identity of the session for which this thread computes."""
    if own := session.get():
        return own
    if "streamlit" not in sys.modules:
        return ""
    from streamlit.runtime.scriptrunner import get_script_run_ctx

    context = get_script_run_ctx(suppress_warning=True)
    return context.session_id if context else ""


def _waiting(position: int) -> str:
    if not position:
        return LOADING
    return f"Waiting for the songs of other visitors. Your place in line: {position}."


def _number(variable: str, default: int) -> int:
    """Read a positive number from the environment."""
    value = os.environ.get(variable, "")
    return int(value) if value.isdigit() and int(value) else default
