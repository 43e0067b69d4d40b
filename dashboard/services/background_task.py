"""Work that continues after a run of the page has ended, so that the page does not wait for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from dashboard.services import workers
from dashboard.services.warmup import ProgressCallback


class Superseded(Exception):
    """Raised within a task that another one has replaced."""


class BackgroundTask:
    """One task at a time, in a thread of its own; a new task ends the former one.

    Streamlit does not interrupt a run for a control in the fragment that is being drawn. Work of
    several seconds therefore does not belong in that run.
    """

    def __init__(self) -> None:
        self._key: Hashable = None
        self._thread: threading.Thread | None = None
        self._error: Exception | None = None

    def start(self, key: Hashable, work: Callable[[ProgressCallback], object]) -> None:
        """Start a task, unless it is already running.

        Parameters
        ----------
        key : Hashable
            Identity of the task.
        work : callable
            Called with a progress callback, which ends the work once another task has been
            started. Its result is not returned: it belongs in a cache.
        """
        if key == self._key and self.is_running:
            return
        self._key, self._error = key, None
        owner = workers.session_id()

        def report(text: str, share: float | None) -> None:
            if self._key != key:
                raise Superseded

        def run() -> None:
            workers.session.set(owner)
            try:
                work(report)
            except Superseded:
                return
            except Exception as error:  # the page shows it
                if self._key == key:
                    self._error = error

        self._thread = threading.Thread(target=run, name="background-task", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the last task is running."""
        return self._thread is not None and self._thread.is_alive()

    def has_failed(self, key: Hashable) -> bool:
        """Whether the last task was this one, and an exception has ended it."""
        return self._key == key and self._error is not None

    @property
    def error(self) -> Exception | None:
        """The exception that ended the last task, if there was one."""
        return self._error
