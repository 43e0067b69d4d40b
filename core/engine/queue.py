"""A fair queue: sessions take turns on workers, those that have used the least time first.

A session stays with one worker, because that worker's caches hold its song. It moves if another
worker is idle while its own is busy.
"""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable
from itertools import count

HALF_LIFE_S = 60.0  # after which used time counts half
PATIENCE_S = 1.0  # of a session that waits for its own worker while another one is idle


class Turn:
    """A place in the queue, and the worker once it has been granted.

    Parameters
    ----------
    session : str
        The session that waits.
    number : int
        Number of the arrival.
    joined_s : float
        Time of the arrival.
    """

    def __init__(self, session: str, number: int, joined_s: float) -> None:
        self.session, self.number, self.joined_s = session, number, joined_s
        self.worker: str | None = None
        self.granted_s = 0.0
        self._granted = threading.Event()

    def wait(self, timeout_s: float) -> bool:
        """Wait until a worker has been granted; False if that takes longer."""
        return self._granted.wait(timeout_s)

    def grant(self, worker: str, now_s: float) -> None:
        """Grant a worker."""
        self.worker, self.granted_s = worker, now_s
        self._granted.set()


class FairQueue:
    """Workers, and the sessions that wait for them; a worker serves one turn at a time.

    Parameters
    ----------
    clock : callable
        Current time in seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._numbers = count()
        self._workers: dict[str, Turn | None] = {}
        self._waiting: list[Turn] = []
        self._home: dict[str, str] = {}
        self._used: dict[str, tuple[float, float]] = {}  # seconds, and when they were counted

    @property
    def workers(self) -> list[str]:
        """Workers that take turns."""
        return list(self._workers)

    @property
    def is_idle(self) -> bool:
        """Whether nobody waits and no worker is busy."""
        with self._lock:
            return not self._waiting and not any(self._workers.values())

    def add(self, worker: str) -> None:
        """Add a worker; repeated calls change nothing."""
        with self._lock:
            self._workers.setdefault(worker, None)
            self._grant()

    def discard(self, worker: str) -> None:
        """Remove a worker, whatever it is doing."""
        with self._lock:
            self._workers.pop(worker, None)
            self._home = {key: home for key, home in self._home.items() if home != worker}
            self._grant()

    def join(self, session: str) -> Turn:
        """Enter the queue.

        Parameters
        ----------
        session : str
            The session. Its turns are granted in the order of their arrival.

        Returns
        -------
        Turn
            Must be given back with `release` or `leave`.
        """
        with self._lock:
            turn = Turn(session, next(self._numbers), self._clock())
            self._waiting.append(turn)
            self._grant()
            return turn

    def release(self, turn: Turn) -> None:
        """Give back the worker of a turn, or leave the queue; repeated calls change nothing."""
        with self._lock:
            if turn in self._waiting:
                self._waiting.remove(turn)
            elif turn.worker is not None and self._workers.get(turn.worker) is turn:
                self._workers[turn.worker] = None
                now = self._clock()
                used = self._used_by(turn.session, now) + now - turn.granted_s
                self._used[turn.session] = used, now
            self._grant()

    def refresh(self) -> None:
        """Let sessions whose own worker is busy move to an idle one."""
        with self._lock:
            self._grant()

    def position(self, turn: Turn) -> int:
        """Count the turns ahead, including this one; 1 is the next, 0 has been granted."""
        with self._lock:
            if turn not in self._waiting:
                return 0
            now = self._clock()
            own = self._rank(turn, now)
            return sum(self._rank(other, now) <= own for other in self._waiting)

    def forget(self, session: str) -> None:
        """Forget the worker and the used time of a session that has ended."""
        with self._lock:
            self._home.pop(session, None)
            self._used.pop(session, None)

    def _grant(self) -> None:
        """Grant idle workers, the one with the fewest sessions first."""
        now = self._clock()
        homes = Counter(self._home.values())
        idle = [worker for worker, turn in self._workers.items() if turn is None]
        for worker in sorted(idle, key=homes.__getitem__):
            fitting = [turn for turn in self._waiting if self._may_use(turn, worker, now)]
            if fitting:
                turn = min(fitting, key=lambda turn: self._rank(turn, now))
                self._waiting.remove(turn)
                self._workers[worker] = turn
                self._home[turn.session] = worker
                turn.grant(worker, now)

    def _may_use(self, turn: Turn, worker: str, now: float) -> bool:
        home = self._home.get(turn.session)
        return home in (None, worker) or now - turn.joined_s >= PATIENCE_S

    def _rank(self, turn: Turn, now: float) -> tuple[float, int]:
        return self._used_by(turn.session, now), turn.number

    def _used_by(self, session: str, now: float) -> float:
        """Seconds that a session has used, earlier ones counting less."""
        used, counted = self._used.get(session, (0.0, now))
        return used * 0.5 ** ((now - counted) / HALF_LIFE_S)
