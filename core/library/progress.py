"""Progress of a long run: how many songs are done, how fast, and how long the rest will take."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

WINDOW_S = 60.0  # the rate is that of the last minute: start-up must not count for ever


@dataclass(frozen=True)
class Progress:
    """State of a run.

    Parameters
    ----------
    total : int
        Songs to be analysed.
    done : int
        Songs that are analysed or have failed.
    failed : int
        Songs that have failed.
    songs_per_s : float
        Rate of the last minute; zero at the beginning.
    dashboard : str
        Address of Dask's dashboard.
    """

    total: int
    done: int = 0
    failed: int = 0
    songs_per_s: float = 0.0
    dashboard: str = ""

    @property
    def remaining_s(self) -> float | None:
        """Expected time for the rest in seconds; None while the rate is unknown."""
        return (self.total - self.done) / self.songs_per_s if self.songs_per_s else None


class Rate:
    """Rate of finished songs over the last minute, without the start of the workers.

    Parameters
    ----------
    clock : callable
        Current time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._seen: deque[tuple[float, int]] = deque()

    def at(self, done: int) -> float:
        """Compute the rate in songs per second, given how many are done now."""
        now = self._clock()
        if done > (self._seen[-1][1] if self._seen else 0):
            self._seen.append((now, done))
        while len(self._seen) > 2 and self._seen[1][0] < now - WINDOW_S:
            self._seen.popleft()
        if len(self._seen) < 2:  # the first songs had to wait for the workers to start
            return 0.0
        first_time, first_done = self._seen[0]
        return (done - first_done) / max(now - first_time, 1e-3)
