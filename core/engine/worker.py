"""Run in a worker: call a function, send its progress, and end it when nobody waits any more."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

TOPIC = "groove-guide-progress"
INTERVAL_S = 0.1  # between two reports that are sent
LONG_S = 0.5  # a task that took longer returns the memory that it no longer needs
NICENESS = 2  # the process that draws pages comes first

_cancelled: set[str] = set()


class Cancelled(BaseException):
    """Raised within a function whose result nobody waits for."""


def call(task: str, function: Callable[..., Any], *args: Any) -> Any:
    """Call a function in this worker.

    Parameters
    ----------
    task : str
        Name of the task.
    function : callable
        Called with `args` and, as keyword `report`, a progress callback. That callback raises
        `Cancelled` after `cancel` has been called for this task.
    *args : object
        Arguments.

    Returns
    -------
    object
        Result of the function; None if the task was cancelled.
    """
    from distributed import get_worker

    worker, began_s = get_worker(), time.monotonic()
    worker.log_event(TOPIC, (task, "", None))
    sent_s = -INTERVAL_S

    def report(text: str, share: float | None = None) -> None:
        nonlocal sent_s
        if task in _cancelled:
            raise Cancelled
        now = time.monotonic()
        if now - sent_s >= INTERVAL_S:
            sent_s = now
            worker.log_event(TOPIC, (task, text, share))

    try:
        return function(*args, report=report)
    except Cancelled:
        return None
    finally:
        _cancelled.discard(task)
        if time.monotonic() - began_s > LONG_S:
            _return_memory()


def cancel(task: str) -> None:
    """Let a running task end at its next report."""
    _cancelled.add(task)


def kill(dask_worker: Any = None) -> None:
    """Kill the worker of a nanny, which starts a new one; called in the nanny.

    A worker whose native code hangs does not answer to anything else.
    """
    os.kill(dask_worker.pid, signal.SIGKILL)


def prepare(functions: Sequence[Callable[..., Any]]) -> None:
    """Lower the priority of this process, and call the functions that prepare it for its work."""
    if hasattr(os, "nice"):
        os.nice(max(0, NICENESS - os.nice(0)))
    for function in functions:
        function(report=lambda text, share=None: None)


def trim_memory() -> int:
    """Return unused memory to the operating system.

    Returns
    -------
    int
        Bytes that this process still uses and shares with no other one.
    """
    import psutil

    gc.collect()
    _return_memory()
    return int(psutil.Process().memory_full_info().uss)


def _return_memory() -> None:
    if sys.platform == "linux":
        with suppress(OSError, AttributeError):  # another C library than glibc
            ctypes.CDLL("libc.so.6").malloc_trim(0)
