"""Functions that the tests of the engine run in workers."""

from __future__ import annotations

import os
import signal
import sys
import time
from pathlib import Path
from typing import Any


def add(*numbers: int, report: Any) -> int:
    """Add numbers."""
    return sum(numbers)


def where(*, report: Any) -> int:
    """Process of the worker."""
    return os.getpid()


def fail(*, report: Any) -> None:
    """Raise a known exception."""
    from core.errors import AudioError

    raise AudioError("This file is empty. Choose another one.")


def crash(*, report: Any) -> None:
    """End the process at once, as a fault in native code does."""
    os.kill(os.getpid(), signal.SIGSEGV)


def crash_once(marker: str, *, report: Any) -> str:
    """End the process at the first call."""
    if not Path(marker).exists():
        Path(marker).touch()
        crash(report=report)
    return "done"


def hang(*, report: Any) -> None:
    """Never end, and never report."""
    time.sleep(600)


def fill(*, report: Any) -> None:
    """Allocate more and more memory."""
    blocks = []
    while True:
        blocks.append(b"x" * (50 << 20))
        time.sleep(0.1)


def count_up(steps: int, *, report: Any) -> int:
    """Count, with progress."""
    for step in range(steps):
        report(f"Step {step}", step / steps)
        time.sleep(0.05)
    return steps


def mark(*, report: Any) -> None:
    """Leave a mark in the process."""
    sys.modules["marked_by_warm_up"] = sys


def is_marked(*, report: Any) -> bool:
    """Whether `mark` has been called in this process."""
    return "marked_by_warm_up" in sys.modules
