"""The command line for whole folders: options, progress with rate and time left, and a summary."""

from __future__ import annotations

import argparse
import logging
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from core.cli.terminal import Status, printable
from core.errors import EngineError, LibraryError, ModelError
from core.models.cards import PARTS, card_path, checked_file, read_card
from core.storage import OutputError

if TYPE_CHECKING:
    from core.library.progress import Progress
    from core.library.run import Summary

LINES_EVERY_S = 60.0  # a line of progress where there is no terminal
MOST_NAMED = 10  # failures that are printed; the table has all of them


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that only concern folders.

    Parameters
    ----------
    parser : argparse.ArgumentParser
        Parser of ``analyze``.
    """
    group = parser.add_argument_group(
        "folders",
        "With a folder or one of these options, the results are tables in the folder given with "
        "--out, and worker processes share the songs.",
    )
    group.add_argument(
        "--workers",
        type=_positive,
        metavar="N",
        help=f"number of worker processes (default: one for each processor, here {_processors()})",
    )
    group.add_argument(
        "--scheduler",
        metavar="ADDRESS",
        help="address of a Dask scheduler, such as tcp://192.168.0.2:8786, whose workers are used "
        "instead",
    )
    group.add_argument(
        "--resume", action="store_true", help="continue in a folder that contains results"
    )
    group.add_argument(
        "--table-only", action="store_true", help="write the tables, but no files for each song"
    )


def concerns_folders(options: argparse.Namespace) -> bool:
    """Whether a folder or one of the options of `add_options` is given."""
    return bool(
        options.workers
        or options.scheduler
        or options.resume
        or options.table_only
        or any(path.is_dir() for path in options.songs)
    )


def analyze_folders(options: argparse.Namespace, names: Sequence[str], status: Status) -> int:
    """Analyse folders and print what became of their songs.

    Parameters
    ----------
    options : argparse.Namespace
        Arguments of ``analyze``.
    names : sequence of str
        Names of models, or paths of their cards; the first that is intact is used.
    status : Status
        Line for the progress.

    Returns
    -------
    int
        Exit code: 0 all songs are analysed, 1 some failed or the results could not be written, 2
        invalid arguments.

    Raises
    ------
    ModelError
        If the model cannot be used.
    OutputError
        If there is no folder for the results, or it cannot be used.
    """
    if options.out is None:
        raise OutputError("Choose a folder for the results with --out.")
    model = _first_intact(names)
    card = read_card(card_path(model))
    if options.explain and "reads" in card:
        raise ModelError(
            f"{card['name']} does not classify a spectrogram and cannot be explained here. Omit "
            "--explain or choose a spectrogram model such as cnn."
        )
    from core.library.run import analyze_library

    _silence_dask()
    try:
        summary = analyze_library(
            options.songs,
            options.out,
            model=model,
            explained=options.explain,
            files=not options.table_only,
            resume=options.resume,
            workers=options.workers or _processors(),
            scheduler=options.scheduler,
            progress=_Printer(status),
        )
    except (LibraryError, EngineError) as error:
        status.clear()
        print(f"python -m core analyze: {printable(error)}", file=sys.stderr)
        return 1
    status.clear()
    print_summary(summary, options.out)
    return 1 if summary.failures else 0


def print_summary(summary: Summary, out: Path) -> None:
    """Print what became of the songs.

    Parameters
    ----------
    summary : Summary
        Result of the run.
    out : Path
        Folder of the results.
    """
    for song, reason in summary.failures[:MOST_NAMED]:
        print(f"{printable(song)}: {printable(reason)}", file=sys.stderr)
    more = len(summary.failures) - MOST_NAMED
    if more > 0:
        print(f"… and {more} more, see {printable(out / 'failures')}", file=sys.stderr)
    rate = summary.analysed / summary.seconds if summary.seconds else 0.0
    counts = [f"{_songs(summary.analysed)} analysed in {_duration(summary.seconds)}"]
    counts[0] += f" ({rate:.1f} songs/s)" if summary.analysed else ""
    if summary.finished:
        counts.append(f"{summary.finished} finished before")
    if summary.failures:
        counts.append(f"{len(summary.failures)} failed")
    if summary.ignored:
        counts.append(f"{summary.ignored} other files ignored")
    print(f"{', '.join(counts)}.\n  -> {printable(out)}")


def progress_line(state: Progress) -> str:
    """Format the state of a run, such as ``240 of 1000 songs, 61.0 songs/s, 12 s left``.

    Parameters
    ----------
    state : Progress
        State.

    Returns
    -------
    str
        One line.
    """
    parts = [f"{state.done} of {_songs(state.total)}"]
    if state.failed:
        parts.append(f"{state.failed} failed")
    if state.remaining_s is None:
        parts.append("starting the workers" if not state.done else "measuring the rate")
    else:
        parts += [f"{state.songs_per_s:.1f} songs/s", f"{_duration(state.remaining_s)} left"]
    if state.dashboard:
        parts.append(state.dashboard)
    return ", ".join(parts)


def _silence_dask() -> None:
    """Keep the tracebacks of a lost connection off the terminal; an error names the loss."""
    import distributed  # noqa: F401  (it sets the levels when it is imported)

    for name in ("distributed.client", "distributed.core", "distributed.comm", "asyncio"):
        logging.getLogger(name).setLevel(logging.CRITICAL)


def _first_intact(names: Sequence[str]) -> str:
    """Choose the first model whose files match its card, without loading it."""
    errors: list[ModelError] = []
    for name in names:
        try:
            path = card_path(name)
            card = read_card(path)
            for part in PARTS:
                checked_file(path, card, part)
        except ModelError as error:
            errors.append(error)
            continue
        for failure in errors:
            print(f"python -m core analyze: {printable(failure)}", file=sys.stderr)
        if errors:
            print(f"python -m core analyze: using {card['name']} instead.", file=sys.stderr)
        return name
    raise errors[0]


class _Printer:
    """Show progress on the status line, or print it from time to time."""

    def __init__(self, status: Status) -> None:
        self._status = status
        self._printed = time.monotonic()
        self._announced = False

    def __call__(self, state: Progress) -> None:
        if not self._announced and state.dashboard:
            self._status.clear()
            print(f"Dask's dashboard: {state.dashboard}", file=sys.stderr, flush=True)
            self._announced = True
        self._status.show(progress_line(state))
        if not self._status.interactive and time.monotonic() - self._printed > LINES_EVERY_S:
            print(progress_line(state), file=sys.stderr, flush=True)
            self._printed = time.monotonic()


def _processors() -> int:
    """Count the processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} is not positive")
    return number


def _songs(count: int) -> str:
    return f"{count} song" if count == 1 else f"{count} songs"


def _duration(seconds: float) -> str:
    """Format a duration, such as ``2 h 05 min``, ``3 min 20 s`` or ``12 s``."""
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours} h {minutes:02d} min"
    return f"{minutes} min {rest:02d} s" if minutes else f"{rest} s"
