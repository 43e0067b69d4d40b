"""A process that hosts a scheduler and the workers on this machine, for a process that draws pages.

``python -m core.engine.host`` writes the address of its scheduler, and ends as soon as its standard
input is closed. The scheduler's work and the restarts of workers thus cost the page no time, and a
worker does not import the main module of the page.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager

from core.constants import PROJECT_DIR
from core.engine.cluster import LOOPBACK, SETTINGS, WORKER_ENVIRONMENT
from core.engine.tasks import COMPUTE, DECODE
from core.errors import EngineError

DECODER_MEMORY = 1 << 30  # bytes


@contextmanager
def hosted(*, workers: int, threads: int, memory_limit: int) -> Iterator[str]:
    """Start a process with a scheduler, a worker that decodes, and others that compute.

    Parameters
    ----------
    workers : int > 0
        Number of workers that compute.
    threads : int > 0
        Threads of a computation in one of them.
    memory_limit : int > 0
        Bytes that one of them may use.

    Yields
    ------
    str
        Address of the scheduler.

    Raises
    ------
    EngineError
        If the process cannot be started.
    """
    command = [sys.executable, "-m", "core.engine.host"]
    command += [f"--workers={workers}", f"--threads={threads}", f"--memory-limit={memory_limit}"]
    with subprocess.Popen(
        command, cwd=PROJECT_DIR, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            address = process.stdout.readline().strip()
            if not address:
                raise EngineError(
                    "The worker processes cannot be started. Free memory and start again."
                )
            yield address
        finally:
            process.stdin.close()


def main() -> None:
    """Host the workers until standard input is closed."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--workers", type=int, default=1, help="workers that compute")
    parser.add_argument("--threads", type=int, default=1, help="threads of each of them")
    parser.add_argument("--memory-limit", type=int, default=2 << 30, help="bytes for each of them")
    options = parser.parse_args()
    import dask
    from distributed import Nanny, Scheduler, SpecCluster

    # The caller repeats a task itself, where its session has its turn.
    settings = {**SETTINGS, "distributed.scheduler.allowed-failures": 0}
    with tempfile.TemporaryDirectory(prefix="groove-guide-") as folder, dask.config.set(settings):
        names = [DECODE, *[COMPUTE] * options.workers]
        cluster = SpecCluster(
            workers={
                f"{kind}-{index}": {
                    "cls": Nanny,
                    "options": {
                        "nthreads": 1,
                        "host": LOOPBACK,
                        "dashboard_address": f"{LOOPBACK}:0",
                        "local_directory": folder,
                        "memory_limit": DECODER_MEMORY if kind == DECODE else options.memory_limit,
                        "resources": {kind: 1},
                        "silence_logs": logging.CRITICAL,
                        "env": {
                            **WORKER_ENVIRONMENT,
                            "TF_NUM_INTRAOP_THREADS": str(options.threads),
                            "TF_NUM_INTEROP_THREADS": "1",
                            # oneDNN keeps a working area for each length of song: hundreds of
                            # megabytes for the large network, whose predictions then take twice
                            # the time without it; those of the others do not.
                            "TF_ENABLE_ONEDNN_OPTS": "0",
                        },
                    },
                }
                for index, kind in enumerate(names)
            },
            scheduler={
                "cls": Scheduler,
                "options": {"host": LOOPBACK, "dashboard_address": f"{LOOPBACK}:0"},
            },
            silence_logs=logging.CRITICAL,
        )
        with cluster:
            print(cluster.scheduler_address, flush=True)
            sys.stdin.read()


if __name__ == "__main__":
    main()
