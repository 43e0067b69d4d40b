"""Memory after the last session has left: caches are emptied, and grown workers are replaced."""

from __future__ import annotations

import sys
import time
import traceback
from contextlib import suppress
from typing import TYPE_CHECKING

from dashboard.services.cache import results

if TYPE_CHECKING:
    from core.engine.tasks import Engine

INTERVAL_S = 5.0
EMPTY_S = 20.0  # without sessions, before memory is released
REPLACEMENT_S = 120.0  # longest wait for a new worker before the next one is replaced
GROWTH = 1.15  # of a worker, from which on it is replaced

_baseline: dict[str, int] = {}  # memory of this worker once it was prepared, under "bytes"


def note_baseline() -> None:
    """Note the memory of this worker, which has just been prepared."""
    from core.engine.worker import trim_memory

    _baseline["bytes"] = trim_memory()


def release() -> float:
    """Empty the cache of this process and return its memory.

    Returns
    -------
    float
        Memory that is still in use, relative to that after the preparation.
    """
    from core.engine.worker import trim_memory

    results.clear()
    used = trim_memory()
    return used / _baseline.get("bytes", used)


def release_all(engine: Engine) -> list[str]:
    """Empty the caches of the page's process and of all workers.

    Parameters
    ----------
    engine : Engine
        The engine, which must be idle.

    Returns
    -------
    list of str
        Workers that were replaced, because they kept too much memory.
    """
    _forget_sessions()
    release()
    grown = [worker for worker, size in engine.on_workers(release).items() if size > GROWTH]
    ready = engine.ready_workers
    for worker in grown:
        engine.replace(worker)
        # One after another, so that a new visitor finds the others.
        until = time.monotonic() + REPLACEMENT_S
        while engine.ready_workers < ready and time.monotonic() < until:
            time.sleep(1.0)
    return grown


def watch(engine: Engine) -> None:
    """Release memory each time that the last session has left; never returns."""
    from streamlit import runtime
    from streamlit.runtime import RuntimeState

    empty_since_s, is_released = time.monotonic(), True
    while True:
        time.sleep(INTERVAL_S)
        now = time.monotonic()
        if not runtime.exists() or runtime.get_instance().state is not (
            RuntimeState.NO_SESSIONS_CONNECTED
        ):
            empty_since_s, is_released = now, not runtime.exists()
        elif not is_released and now - empty_since_s >= EMPTY_S and engine.is_idle:
            try:
                release_all(engine)
            except Exception:  # the next time may succeed
                traceback.print_exc(file=sys.stderr)
            is_released = True


def _forget_sessions() -> None:
    """Let Streamlit drop sessions whose time to return is over; it does so only at the next one."""
    from streamlit import runtime

    with suppress(AttributeError, RuntimeError):
        runtime.get_instance()._session_mgr._session_storage._cache.expire()  # type: ignore[attr-defined]
