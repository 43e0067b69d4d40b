"""Analyse a library: find the songs, share them out among workers, and collect the results.

This process alone writes the tables, so each song is accounted for exactly once. Workers return
rows. Where a worker dies, Dask gives its songs to another one; songs whose workers died again are
tried one at a time at the end, and only one that still ends its worker is a failure.
"""

from __future__ import annotations

import math
import queue
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from core.engine.cluster import connect
from core.errors import LibraryError, ModelError
from core.library.finished import Plan, Task, plan
from core.library.folder import results_folder
from core.library.progress import Progress, Rate
from core.library.table import (
    FAILURE_SCHEMA,
    FAILURES,
    SONGS,
    Writer,
    partition,
    remove_rows,
    rows_of,
    song_schema,
)
from core.library.walk import Found, SongFile, find_songs
from core.library.work import Answer, Job, settings_of, work
from core.models.cards import card_path, read_card
from core.storage import describe_failure, is_lasting

if TYPE_CHECKING:
    from distributed import Client, Future

BATCH_SONGS = 16  # at a time: their segments are predicted together
BATCH_BYTES = 128 << 20
BATCHES_PER_WORKER = 4  # at least, so that no worker is idle at the end
WAITING_PER_WORKER = 2  # batches that are submitted; the others wait here, where they need little
COUNT_AFTER_S = 5.0  # workers come and go
WRITE_AFTER_S = 30.0  # finished songs are written at least this often
LOST = (
    "The connection to the scheduler was lost. Start it again, and continue with --resume. Results "
    "written so far are complete."
)
CRASHED = (
    "The worker process ended while analysing this song: a decoder crashed, memory ran out, or it "
    "took too long. Convert the song to WAV or MP3 first."
)


@dataclass(frozen=True)
class Summary:
    """Result of a run.

    Parameters
    ----------
    analysed : int
        Songs that were analysed.
    finished : int
        Songs that were finished before.
    failures : list of (str, str)
        Songs that failed, with the reason.
    ignored : int
        Number of files that are not audio.
    seconds : float
        Duration of the run, without the start of the workers.
    """

    analysed: int
    finished: int
    failures: list[tuple[str, str]]
    ignored: int
    seconds: float


def analyze_library(
    given: Sequence[Path],
    out: Path,
    *,
    model: str | Path,
    explained: bool = False,
    files: bool = True,
    resume: bool = False,
    workers: int = 1,
    memory_limit: int = 2 << 30,
    scheduler: str | None = None,
    progress: Callable[[Progress], None] = lambda state: None,
) -> Summary:
    """Analyse all songs in folders.

    Parameters
    ----------
    given : sequence of Path
        Folders and files.
    out : Path
        Folder of the results: ``songs/`` and ``failures/`` with a Parquet table each, and
        ``files/`` with a folder for each song.
    model : str or Path
        Name of a bundled model, or the path of a model card.
    explained : bool
        Whether to explain the predictions as well.
    files : bool
        Whether to write files for each song.
    resume : bool
        Whether to continue if `out` already contains results. Songs with the same content, model
        and settings are not analysed again; those that failed are.
    workers : int > 0
        Number of local worker processes.
    memory_limit : int > 0
        Bytes that one of them may use.
    scheduler : str, optional
        Address of a Dask scheduler whose workers do the work instead. They need the project, the
        songs and `out` under the same paths.
    progress : callable
        Called about once a second with the state.

    Returns
    -------
    Summary
        What became of the songs.

    Raises
    ------
    ModelError
        If the model cannot be loaded.
    OutputError
        If `out` cannot be used, or contains results and `resume` is False.
    LibraryError
        If the results cannot be read or written, or the workers cannot work.
    EngineError
        If there are no workers.
    """
    card = card_path(model)
    content = read_card(card)
    with results_folder(out, resume=resume):
        found = find_songs(given, excluded=out)
        settings = settings_of(card)
        songs_folder = partition(out, SONGS, content["name"])
        todo = plan(found.songs, songs_folder, settings, explained=explained, files=files)
        job = Job(
            str(card),
            settings,
            explained,
            str(out.resolve()),
            f"files/{songs_folder.name}" if files else None,
        )
        ledger = _Ledger(out, content["name"], content["genres"], settings)
        ledger.forget(todo, found)
        ledger.add_unreadable(found)
        started = time.monotonic()
        try:
            if todo.tasks:
                with connect(
                    workers=workers, memory_limit=memory_limit, scheduler=scheduler
                ) as client:
                    started = time.monotonic()
                    _Run(client, job, ledger, progress).all(todo.tasks)
        finally:
            ledger.write()
    return Summary(
        ledger.analysed,
        todo.finished,
        ledger.failures,
        found.ignored,
        time.monotonic() - started,
    )


class _Ledger:
    """Tables of songs and failures, to which each song is added once."""

    def __init__(self, out: Path, model: str, genres: Sequence[str], settings: str) -> None:
        self._songs_folder = partition(out, SONGS, model)
        self._failures_folder = partition(out, FAILURES, model)
        self._songs = Writer(self._songs_folder, song_schema(genres))
        self._failures = Writer(self._failures_folder, FAILURE_SCHEMA)
        self._settings = settings
        self._written = time.monotonic()
        self.analysed = 0
        self.failures: list[tuple[str, str]] = []

    def forget(self, todo: Plan, found: Found) -> None:
        """Remove the rows of songs that are about to be done again."""
        remove_rows(self._songs_folder, todo.outdated)
        again = [task.file for task in todo.tasks] + [file for file, _ in found.unreadable]
        remove_rows(self._failures_folder, frozenset(file.uri for file in again))

    def add_unreadable(self, found: Found) -> None:
        """Add files and folders that cannot be read."""
        for file, reason in found.unreadable:
            self.add_failure(file, reason)

    def add_failure(self, file: SongFile, reason: str) -> None:
        """Add a song that cannot be analysed."""
        row = {"song": file.song, "uri": file.uri, "bytes": file.size, "reason": reason}
        self._failures.add_rows([row])
        self.failures.append((file.song, reason))

    def add(self, tasks: Sequence[Task], answer: Answer) -> None:
        """Add the songs of a batch, and write the tables from time to time."""
        self._songs.add(answer.rows)
        self.analysed += answer.rows.num_rows
        for index, reason in answer.failures:
            self.add_failure(tasks[index].file, reason)
        if answer.known:
            self._add_known([(tasks[index].file, digest) for index, digest in answer.known])
        if self._songs.is_full or time.monotonic() - self._written > WRITE_AFTER_S:
            self.write()

    def _add_known(self, songs: list[tuple[SongFile, str]]) -> None:
        """Add songs that have the content of finished ones: their rows under another name."""
        digests = frozenset(digest for _, digest in songs)
        rows = {row["digest"]: row for row in rows_of(self._songs_folder, digests, self._settings)}
        for file, digest in songs:
            names = {"song": file.song, "uri": file.uri, "modified_ns": file.modified_ns}
            self._songs.add_rows([rows[digest] | names])
            self.analysed += 1

    def write(self) -> None:
        """Write all rows that have been added."""
        self._songs.write()
        self._failures.write()
        self._written = time.monotonic()


class _Run:
    """Distribution of songs among workers."""

    def __init__(
        self, client: Client, job: Job, ledger: _Ledger, progress: Callable[[Progress], None]
    ) -> None:
        self._client = client
        self._job = job
        self._ledger = ledger
        self._progress = progress
        self._state = Progress(0, dashboard=client.dashboard_link or "")
        self._rate = Rate()
        self._workers, self._counted = 1, -math.inf

    def all(self, tasks: Sequence[Task]) -> None:
        """Analyse all songs."""
        self._state = replace(self._state, total=len(tasks))
        self._show()
        suspects: list[Task] = []
        for batch in self._answers(batches(tasks, self._threads(), self._job.explained)):
            suspects += batch
        # Each on its own, and no more at a time than there are workers, so that none is lost
        # because its neighbour ends the worker again.
        for (task,) in self._answers(([task] for task in suspects), waiting=1):
            self._ledger.add_failure(task.file, CRASHED)
            self._count(1, failed=1)

    def _answers(
        self, waiting_batches: Iterator[list[Task]], waiting: int = WAITING_PER_WORKER
    ) -> Iterator[list[Task]]:
        """Work on batches, and yield those whose workers died."""
        from distributed.client import FutureCancelledError
        from distributed.scheduler import KilledWorker

        answered: queue.SimpleQueue[Future] = queue.SimpleQueue()
        pending: dict[str, list[Task]] = {}
        batch = next(waiting_batches, None)
        while batch is not None or pending:
            while batch is not None and len(pending) < waiting * self._threads():
                future = self._client.submit(work, batch, self._job, pure=False)
                pending[future.key] = batch
                future.add_done_callback(answered.put)
                batch = next(waiting_batches, None)
            try:
                future = answered.get(timeout=1.0)
            except queue.Empty:
                self._show()
                continue
            tasks = pending.pop(future.key)
            try:
                answer: Answer = future.result()
            except KilledWorker:
                yield tasks
            except FutureCancelledError as error:
                raise LibraryError(LOST) from error
            except ModelError:
                raise
            except Exception as error:
                if isinstance(error, OSError) and is_lasting(error):
                    reason = describe_failure(error, Path(self._job.out))
                    raise LibraryError(f"{reason} Then continue with --resume.") from error
                reason = " ".join(f"{type(error).__name__}: {error}".split())
                raise LibraryError(
                    f"The workers cannot do their work ({reason}). Check that the scheduler runs, "
                    "and that scheduler and workers were started in the folder of this version of "
                    "the project; then continue with --resume."
                ) from error
            else:
                self._ledger.add(tasks, answer)
                self._count(len(tasks), failed=len(answer.failures))
            future.release()

    def _threads(self) -> int:
        """Count the songs that can be analysed at the same time, every few seconds; at least 1."""
        now = time.monotonic()
        if now >= self._counted + COUNT_AFTER_S:
            try:
                self._workers = max(sum(self._client.nthreads().values()), 1)
            except OSError as error:
                raise LibraryError(LOST) from error
            self._counted = now
        return self._workers

    def _count(self, songs: int, *, failed: int) -> None:
        state = self._state
        self._state = replace(state, done=state.done + songs, failed=state.failed + failed)
        self._show()

    def _show(self) -> None:
        rate = self._rate.at(self._state.done)
        self._state = replace(self._state, songs_per_s=rate)
        self._progress(self._state)


def batches(tasks: Sequence[Task], workers: int, explained: bool) -> Iterator[list[Task]]:
    """Divide songs into batches for workers.

    Parameters
    ----------
    tasks : sequence of Task
        Songs.
    workers : int > 0
        Number of workers.
    explained : bool
        Whether predictions are explained, which takes so long that each song is a batch.

    Yields
    ------
    list of Task
        At most 16 songs, fewer if they are large or few.
    """
    most = 1 if explained else min(BATCH_SONGS, -(-len(tasks) // (BATCHES_PER_WORKER * workers)))
    batch: list[Task] = []
    size = 0
    for task in tasks:
        if batch and (len(batch) == most or size + task.file.size > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(task)
        size += task.file.size
    if batch:
        yield batch
