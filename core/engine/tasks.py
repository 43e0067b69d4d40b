"""Run functions in workers: in turn, with progress, a time limit, and one repetition after a crash.

Only the task that crashes, hangs or outgrows the memory limit of its worker fails; the worker is
replaced. What has failed so twice is refused from then on.
"""

from __future__ import annotations

import sys
import threading
import time
import traceback
from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from core.engine.queue import FairQueue, Turn
from core.engine.worker import TOPIC, call, cancel, kill, prepare
from core.errors import EngineError

if TYPE_CHECKING:
    from distributed import Client, Future

DECODE, COMPUTE = "decode", "compute"  # kinds of work; a worker's Dask resources name its own
KINDS = (DECODE, COMPUTE)
TIME_LIMIT_S = 300.0
CANCELLED_LIMIT_S = 30.0  # after which a worker that ignores a cancellation is replaced
ATTEMPTS = 2
POLL_S = 0.3  # between two reports of progress
SUPERVISION_S = 0.5
RESULT_S = 60.0  # longest transfer of a result
MOST_REFUSED = 10_000
CRASHED = "The computation failed twice: its process crashed or needed too much memory. Choose "
CRASHED += "another song."

Report = Callable[[str, float | None], None]
"""Called with the current work and, if known, the finished share; may raise to stop the work."""


class WorkerLost(Exception):
    """Raised when a task has cost its worker."""


@dataclass(eq=False)
class _Task:
    """A task that a worker is running."""

    name: str
    worker: str
    deadline_s: float
    limit_s: float
    progress: tuple[str, float | None]
    future: Any = None
    is_lost: bool = False
    done: threading.Event = field(default_factory=threading.Event)


class Engine:
    """Workers of a cluster, each running one task at a time.

    Parameters
    ----------
    client : distributed.Client
        Client of the cluster, see `core.engine.cluster.connect`.
    warm_up : mapping of str to callable
        For kinds of work, a function that is called once in each new worker of that kind, with a
        progress callback as keyword `report`. Only then does the worker take turns.
    """

    def __init__(
        self, client: Client, *, warm_up: Mapping[str, Callable[..., Any]] | None = None
    ) -> None:
        self._client = client
        self._warm_up = dict(warm_up or {})
        self._queues = {kind: FairQueue() for kind in KINDS}
        self._known: dict[str, tuple[str, ...]] = {}  # kinds of every worker, by its address
        self._warming: dict[str, tuple[Future, float]] = {}  # and the end of its time
        self._tasks: dict[str, _Task] = {}
        self._refused: OrderedDict[Hashable, None] = OrderedDict()
        self._closed = threading.Event()
        self._control = ThreadPoolExecutor(4, "engine-control")
        client.subscribe_topic(TOPIC, self._note)
        threading.Thread(target=self._supervise, name="engine", daemon=True).start()

    def close(self) -> None:
        """Stop supervising; the client stays open."""
        self._closed.set()
        self._control.shutdown(wait=False, cancel_futures=True)

    def is_ready(self, kind: str = COMPUTE) -> bool:
        """Whether a worker of a kind is ready."""
        return bool(self._queues[kind].workers)

    @property
    def ready_workers(self) -> int:
        """Number of workers that take turns."""
        return len({worker for queue in self._queues.values() for worker in queue.workers})

    @property
    def is_idle(self) -> bool:
        """Whether no task is running or waiting."""
        return all(queue.is_idle for queue in self._queues.values())

    def on_workers(self, function: Callable[..., Any], *args: Any) -> dict[str, Any]:
        """Call a function at once in every ready worker, beside its task; results by address."""
        workers = sorted({worker for queue in self._queues.values() for worker in queue.workers})
        found: dict[str, Any] = self._client.run(
            function, *args, workers=workers, on_error="ignore"
        )
        return found

    def replace(self, worker: str) -> None:
        """Replace a worker by a new process."""
        for queue in self._queues.values():
            queue.discard(worker)
        self._control.submit(
            self._client.run, kill, workers=[worker], nanny=True, on_error="ignore"
        )

    def forget(self, session: str) -> None:
        """Forget a session that has ended."""
        for queue in self._queues.values():
            queue.forget(session)

    def run(
        self,
        function: Callable[..., Any],
        *args: Any,
        session: str,
        report: Report,
        waiting: Callable[[int], None],
        doing: str,
        kind: str = COMPUTE,
        identity: Hashable = None,
        time_limit_s: float = TIME_LIMIT_S,
        keep: bool = False,
    ) -> Any:
        """Run a function in a worker, and wait for its result.

        Parameters
        ----------
        function : callable
            Function of a module; called with `args` and, as keyword `report`, a progress callback.
        *args : object
            Picklable arguments, or Dask futures of them.
        session : str
            Whose turn it is.
        report : callable
            Called in this thread with the function's progress; may raise to stop it.
        waiting : callable
            Called repeatedly with the position in the queue, or 0 as long as no worker is ready;
            may raise to leave the queue.
        doing : str
            The current work, reported until the function reports something.
        kind : {DECODE, COMPUTE}
            Kind of the work.
        identity : Hashable, optional
            What is computed; refused once it has cost two workers.
        time_limit_s : float
            Longest time that the function may take.
        keep : bool
            Whether the result stays in the worker; a Dask future of it is returned then.

        Returns
        -------
        object
            Result of the function.

        Raises
        ------
        EngineError
            If the function has cost two workers, now or before.
        Exception
            Whatever the function raises.
        """
        if identity is not None and identity in self._refused:
            raise EngineError(
                "This has failed twice on this server and is not tried again. Choose another song."
            )
        for attempt in range(ATTEMPTS):
            try:
                turn = self._turn(self._queues[kind], session, waiting)
                future = self._attempt(
                    function, args, turn, self._queues[kind], report, doing, time_limit_s
                )
                return future if keep else self._result(future)
            except WorkerLost as error:
                if attempt + 1 == ATTEMPTS:
                    self._refuse(identity)
                    raise EngineError(str(error)) from error
        raise AssertionError("unreachable")

    def _attempt(
        self,
        function: Callable[..., Any],
        args: tuple[Any, ...],
        turn: Turn,
        queue: FairQueue,
        report: Report,
        doing: str,
        time_limit_s: float,
    ) -> Future:
        from distributed.scheduler import KilledWorker

        assert turn.worker is not None
        latest_s = time.monotonic() + time_limit_s + TIME_LIMIT_S
        task = _Task(
            f"task-{uuid4().hex}", turn.worker, latest_s, time_limit_s, progress=(doing, None)
        )
        self._tasks[task.name] = task
        try:
            task.future = self._client.submit(
                call, task.name, function, *args, workers=[turn.worker], pure=False, key=task.name
            )
        except BaseException:
            self._end(task, queue, turn)
            raise
        task.future.add_done_callback(lambda _: self._end(task, queue, turn))
        try:
            while not task.done.wait(POLL_S):
                report(*task.progress)
        except BaseException:  # Streamlit's stop is not an Exception
            task.deadline_s = min(task.deadline_s, time.monotonic() + CANCELLED_LIMIT_S)
            self._control.submit(
                self._client.run, cancel, task.name, workers=[task.worker], on_error="ignore"
            )
            raise
        if task.is_lost and task.deadline_s <= time.monotonic():
            raise WorkerLost(
                f"The computation took longer than {time_limit_s:.0f} s and was ended. Choose a "
                "shorter song."
            )
        if task.is_lost or task.future.status == "cancelled":
            raise WorkerLost(CRASHED)
        if task.future.status == "error":
            error = task.future.exception()
            if isinstance(error, KilledWorker):
                raise WorkerLost(CRASHED) from error
            raise error
        return task.future

    def _result(self, future: Future) -> Any:
        from distributed import CancelledError

        try:
            return future.result(RESULT_S)
        except (CancelledError, TimeoutError) as error:  # its worker was lost meanwhile
            raise WorkerLost(CRASHED) from error

    def _turn(self, queue: FairQueue, session: str, waiting: Callable[[int], None]) -> Turn:
        turn = queue.join(session)
        try:
            while not turn.wait(POLL_S):
                waiting(queue.position(turn) if queue.workers else 0)
                queue.refresh()
        except BaseException:
            queue.release(turn)
            raise
        return turn

    def _end(self, task: _Task, queue: FairQueue, turn: Turn) -> None:
        from distributed.scheduler import KilledWorker

        self._tasks.pop(task.name, None)
        failed = task.future is not None and task.future.status == "error"
        if failed and isinstance(task.future.exception(), KilledWorker):
            queue.discard(task.worker)  # before anybody else gets it
        queue.release(turn)
        task.done.set()

    def _refuse(self, identity: Hashable) -> None:
        if identity is not None:
            self._refused[identity] = None
            while len(self._refused) > MOST_REFUSED:
                self._refused.popitem(last=False)

    def _note(self, event: tuple[float, tuple[str, str, float | None]]) -> None:
        """Note the progress of a task; the first note, without a text, says that it has begun."""
        name, text, share = event[1]
        if task := self._tasks.get(name):
            if text:
                task.progress = text, share
            else:  # its worker may have had another kind of work to finish first
                task.deadline_s = min(task.deadline_s, time.monotonic() + task.limit_s)

    def _supervise(self) -> None:
        """Find new and lost workers, and end tasks that take too long."""
        while not self._closed.wait(SUPERVISION_S):
            try:
                self._look()
            except Exception:  # the connection may come back
                if not self._closed.is_set():
                    traceback.print_exc(file=sys.stderr)

    def _look(self) -> None:
        workers = self._client.scheduler_info(n_workers=-1)["workers"]
        for address, worker in workers.items():
            kinds = tuple(kind for kind in KINDS if kind in worker["resources"]) or KINDS
            # One after another, so that the first one is ready in half the time.
            busy = any(self._known.get(other) == kinds for other in self._warming)
            if address not in self._known and not busy:
                self._known[address] = kinds
                self._warm(address, kinds)
        for address in self._known.keys() - workers.keys():
            del self._known[address]
            self._warming.pop(address, None)
            for queue in self._queues.values():
                queue.discard(address)
        now = time.monotonic()
        for address, (_, deadline_s) in list(self._warming.items()):
            if now > deadline_s:
                del self._warming[address]
                self.replace(address)
        for task in list(self._tasks.values()):
            late = now > task.deadline_s
            if late or task.worker not in workers:
                task.is_lost = True
                if late:
                    self.replace(task.worker)
                if task.future is not None:
                    task.future.cancel()
                self._tasks.pop(task.name, None)
                task.done.set()

    def _warm(self, address: str, kinds: tuple[str, ...]) -> None:
        """Prepare a new worker, and let it take turns after that."""
        functions = [self._warm_up[kind] for kind in kinds if kind in self._warm_up]
        future = self._client.submit(
            prepare, functions, workers=[address], pure=False, key=f"warm-up-{uuid4().hex}"
        )
        self._warming[address] = future, time.monotonic() + TIME_LIMIT_S

        def ready(done: Future) -> None:
            if self._warming.pop(address, None) is None:
                return
            if done.status == "error":  # a page that needs the failed part shows a message
                print(done.exception(), file=sys.stderr)
            for kind in kinds:
                self._queues[kind].add(address)

        future.add_done_callback(ready)
