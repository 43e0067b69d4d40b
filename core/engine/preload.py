"""Loaded by each local worker process when it starts, see ``distributed.worker.preload``."""

from __future__ import annotations

import signal


def dask_setup(worker: object) -> None:
    """Let Ctrl-C end the command, which then ends its workers, instead of each of them.

    A terminal sends the signal to all processes of a command. Every worker would print a traceback.

    Parameters
    ----------
    worker : distributed.Worker
        The worker.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
