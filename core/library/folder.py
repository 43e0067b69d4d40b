"""The folder of the results: checked before hours of work, and used by one run at a time."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from core.library.table import FAILURES, SONGS
from core.storage import OutputError, check_output

try:
    import fcntl
except ImportError:  # Windows: two runs at a time are not noticed
    fcntl = None  # type: ignore[assignment]

LOCK = ".running"


@contextmanager
def results_folder(out: Path, *, resume: bool) -> Iterator[None]:
    """Create the folder of the results, check it, and reserve it for the time of the block.

    Parameters
    ----------
    out : Path
        The folder.
    resume : bool
        Whether it may contain results.

    Raises
    ------
    OutputError
        If it cannot be written, is in use, or contains results and `resume` is False.
    """
    check_output(out)
    if not resume and any(any((out / table).rglob("*.parquet")) for table in (SONGS, FAILURES)):
        raise OutputError(
            f"{out} contains the results of another run. Continue it with --resume, or choose "
            "another folder with --out."
        )
    with (out / LOCK).open("w") as lock:
        _reserve(lock, out)
        try:
            yield
        finally:
            (out / LOCK).unlink(missing_ok=True)


def _reserve(lock: IO[str], out: Path) -> None:
    """Lock a file; the lock ends with the process, however it ends."""
    if fcntl is None:
        return
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        raise OutputError(
            f"Another run writes to {out}. Wait until it ends, or choose another folder with --out."
        ) from error
