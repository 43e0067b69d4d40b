"""Work that goes on when a run of the page has ended, so that nothing on the page waits for it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable

from dashboard.services.warmup import ProgressCallback


class Superseded(Exception):
    """Raised within an errand when another one is wanted."""


class BackgroundTask:
    """One piece of work at a time, in a thread of its own; a new one ends the former.

    Streamlit does not interrupt a run for a slider that belongs to the part of the page which is
    being drawn. What takes seconds is therefore not done in that run.
    """

    def __init__(self) -> None:
        self._wanted: Hashable = None
        self._thread: threading.Thread | None = None

    def send(self, key: Hashable, work: Callable[[ProgressCallback], object]) -> None:
        """Begin a piece of work, unless it is what is being done.

        Parameters
        ----------
        key : Hashable
            What identifies the work.
        work : callable
            Does it. What it is given tells of the progress, and ends the work when another piece
            is wanted. What it raises is lost: who needs the result then asks for it again.
        """
        if key == self._wanted and self.is_running:
            return
        self._wanted = key

        def report(text: str, share: float | None) -> None:
            if self._wanted != key:
                raise Superseded

        def run() -> None:
            try:
                work(report)
            except Exception:
                return

        self._thread = threading.Thread(target=run, name="errand", daemon=True)
        self._thread.start()

    @property
    def is_running(self) -> bool:
        """Whether the work is going on."""
        return self._thread is not None and self._thread.is_alive()
