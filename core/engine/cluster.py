"""A cluster of worker processes: started on this machine, or reached at the address of a scheduler.

Both are Dask clusters (https://distributed.dask.org), so the code that uses them is the same. A
local cluster listens on the loopback interface only, and its folder is removed at the end.
"""

from __future__ import annotations

import logging
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from core.errors import EngineError

if TYPE_CHECKING:
    from distributed import Client

SCHEDULER_VARIABLE = "GROOVE_GUIDE_SCHEDULER"  # environment variable with a scheduler's address
LOOPBACK = "127.0.0.1"
CONNECTION_TIMEOUT_S = 20

# A worker beyond its limit is killed at once. Writing results to disk or pausing would only let it
# hang: its memory is not that of results.
SETTINGS = {
    "distributed.worker.memory.target": False,
    "distributed.worker.memory.spill": False,
    "distributed.worker.memory.pause": False,
    "distributed.worker.memory.terminate": 0.95,
    "distributed.scheduler.allowed-failures": 1,  # a task whose worker died is tried once more
    # One task at a time on a worker: Dask blames all tasks that a dead worker had been given.
    "distributed.scheduler.worker-saturation": 1.0,
    # By default, a worker that happens to be away 15 s after an earlier crash is given up.
    "distributed.deploy.lost-worker-timeout": "7 days",
    # By default, Dask makes every worker return freed memory to the system at once. Decoding and
    # spectrograms then take twice as long, because the system clears the same pages for each song.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 64 << 20,
    "distributed.nanny.pre-spawn-environ.MALLOC_MMAP_THRESHOLD_": 32 << 20,
    "distributed.worker.preload": ["core.engine.preload"],
}
WORKER_ENVIRONMENT = {
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "CUDA_VISIBLE_DEVICES": "-1",
    "MALLOC_ARENA_MAX": "2",  # else every thread keeps memory of its own that nobody uses
}


@contextmanager
def connect(
    *, workers: int = 1, memory_limit: int = 2 << 30, scheduler: str | None = None
) -> Iterator[Client]:
    """Connect to a scheduler, or start worker processes on this machine for the time of the block.

    Parameters
    ----------
    workers : int > 0
        Number of local worker processes; each runs one task at a time.
    memory_limit : int > 0
        Bytes that one local worker may use. A nanny replaces a worker that grows beyond.
    scheduler : str, optional
        Address of a Dask scheduler such as ``tcp://192.168.0.2:8786``, whose workers are used. By
        default the environment variable ``GROOVE_GUIDE_SCHEDULER``, if it is set.

    Yields
    ------
    distributed.Client
        Client of the cluster. A task whose worker dies is repeated once on a local cluster.

    Raises
    ------
    EngineError
        If no scheduler answers at the address, or the workers cannot be started.

    Examples
    --------
    >>> from core.engine.cluster import connect
    >>> with connect(workers=1) as client:
    ...     client.submit(sum, [1, 2, 3]).result()
    6
    """
    import dask
    from distributed import Client, LocalCluster

    address = scheduler or os.environ.get(SCHEDULER_VARIABLE)
    if address:
        try:
            client = Client(address, timeout=CONNECTION_TIMEOUT_S, set_as_default=False)
        except (OSError, ValueError) as error:
            raise EngineError(
                f"No scheduler answers at {address!r}. Check the address and that it runs."
            ) from error
        with client:
            yield client
        return
    if workers < 1:
        raise EngineError(f"There must be at least one worker, not {workers}.")
    with tempfile.TemporaryDirectory(prefix="groove-guide-") as folder, dask.config.set(SETTINGS):
        try:
            cluster = LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=memory_limit,
                host=LOOPBACK,
                dashboard_address=f"{LOOPBACK}:0",
                worker_dashboard_address=f"{LOOPBACK}:0",
                local_directory=folder,
                silence_logs=logging.CRITICAL,  # a task's failure is reported by its caller
                env=WORKER_ENVIRONMENT,
            )
        except (OSError, RuntimeError, TimeoutError) as error:
            raise EngineError(
                f"The worker processes cannot be started ({error}). Free memory and try again."
            ) from error
        with cluster, Client(cluster, set_as_default=False) as client:
            yield client
