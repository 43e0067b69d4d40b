"""Open bad files: each must end in a song or a sentence, with little memory and in a short time.

``python benchmarks/bad_input.py`` opens every file of `benchmarks.bad_files` and 20 000 mutations
of songs in all formats, in a worker process with limits of memory and time. Progress is saved, so
a second call continues an interrupted one. The counts and the worst cases are written to
``docs/bad-input.md``.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import re
import resource
import sys
import tempfile
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.bad_files import BadFile, files
from benchmarks.mutations import SEED, mutation
from core.audio.io import load_audio
from core.constants import PROJECT_DIR
from core.errors import AudioError
from core.storage import replacing, write_json

LIMIT_S, LIMIT_MB = 10.0, 300.0
KILL_S, KILL_MB = 60.0, 4_096.0  # the worker dies here; the goals are the limits above
MUTATIONS = 20_000
PAGE = PROJECT_DIR / "docs" / "bad-input.md"
_SAVE_EVERY = 200
# One or two sentences, which are also right where nothing is uploaded.
_SENTENCE = re.compile(r"(?!.*[Uu]pload)[A-Z][^\n]{10,250}\.")


@dataclass
class Outcome:
    """Outcome of opening one file.

    Parameters
    ----------
    name : str
        The file.
    kind : {"song", "sentence", "raised", "crashed", "stopped", "bad song", "bad sentence", "noisy"}
        The first two are right.
    text : str
        Duration of the song, the sentence, or the traceback.
    seconds : float
        Processor time.
    mb : float
        Largest memory of the worker during this file, in MB.
    """

    name: str
    kind: str
    text: str
    seconds: float = 0.0
    mb: float = 0.0

    @property
    def fails(self) -> bool:
        """Whether a goal is missed."""
        wrong = self.kind not in ("song", "sentence")
        return wrong or self.seconds > LIMIT_S or self.mb > LIMIT_MB


@dataclass
class Tally:
    """Counts and worst cases of many outcomes."""

    kinds: dict[str, int] = field(default_factory=dict)
    slowest: dict[str, Any] = field(default_factory=dict)
    largest: dict[str, Any] = field(default_factory=dict)
    failures: list[dict[str, Any]] = field(default_factory=list)
    sentences: dict[str, int] = field(default_factory=dict)
    done: int = 0

    def add(self, outcome: Outcome) -> None:
        """Count an outcome."""
        self.done += 1
        counts = Counter(self.kinds)
        counts[outcome.kind] += 1
        self.kinds = dict(counts)
        if outcome.seconds > self.slowest.get("seconds", -1):
            self.slowest = asdict(outcome)
        if outcome.mb > self.largest.get("mb", -1):
            self.largest = asdict(outcome)
        if outcome.fails:
            self.failures.append(asdict(outcome))
        if outcome.kind == "sentence":
            pattern = re.sub(r"\d+(\.\d+)?", "0", outcome.text)
            self.sentences[pattern] = self.sentences.get(pattern, 0) + 1


class Worker:
    """Process that opens files, replaced when it dies or takes too long."""

    def __init__(self) -> None:
        self._start()

    def _start(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._noise = tempfile.TemporaryFile()  # noqa: SIM115
        self._connection, other = context.Pipe()
        self._process = context.Process(
            target=_serve, args=(other, os.getpid(), self._noise.fileno()), daemon=True
        )
        self._process.start()
        other.close()

    def open(self, task: Path | int, name: str) -> Outcome:
        """Open a file, or a mutation by its number."""
        try:
            self._connection.send(task)
            if self._connection.poll(KILL_S):
                return Outcome(name, *self._connection.recv())
            kind, text = "stopped", f"still running after {KILL_S:.0f} s"
        except (EOFError, ConnectionError):
            self._process.join()
            kind, text = "crashed", f"exit code {self._process.exitcode}"
        self.close()
        self._start()
        return Outcome(name, kind, text)

    def close(self) -> None:
        """End the process."""
        self._process.kill()
        self._process.join()
        self._connection.close()
        self._noise.close()


def _serve(connection: Connection, parent: int, noise: int) -> None:
    """Open files until the connection ends."""
    log = Path(f"/proc/{parent}/fd/{noise}")
    stderr = os.open(log, os.O_WRONLY | os.O_APPEND)
    os.dup2(stderr, 2)
    resource.setrlimit(resource.RLIMIT_AS, (round(KILL_MB * 1e6),) * 2)
    while True:
        try:
            task = connection.recv()
        except EOFError:
            return
        written = os.fstat(2).st_size
        content = mutation(task)[1] if isinstance(task, int) else task
        Path("/proc/self/clear_refs").write_text("5")  # forget the largest memory so far
        begin = time.thread_time()
        kind, text = outcome_of(content)
        seconds = time.thread_time() - begin
        peak = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
        if os.fstat(2).st_size > written and kind in ("song", "sentence"):
            kind, text = "noisy", text
        connection.send((kind, text, seconds, int(peak[1]) / 1_000 if peak else 0.0))


def outcome_of(content: bytes | Path) -> tuple[str, str]:
    """Open a file and check the result.

    Parameters
    ----------
    content : bytes or Path
        The file.

    Returns
    -------
    kind, text : str
        As in `Outcome`.
    """
    try:
        audio = load_audio(content)
    except AudioError as error:
        text = str(error)
        return ("sentence" if _SENTENCE.fullmatch(text) else "bad sentence"), text
    except Exception:
        return "raised", traceback.format_exc(limit=-4)
    samples = audio.samples
    right = (
        samples.dtype == np.float32
        and bool(np.isfinite(samples).all())
        and 0 < float(np.abs(samples).max()) <= 1
        and 0.5 <= audio.duration_s <= 900.001
        and audio.name.isprintable()
    )
    return ("song" if right else "bad song"), f"{audio.duration_s:.2f} s, {audio.name}"


def open_files(worker: Worker, *, large: bool = True) -> Iterator[Outcome]:
    """Open every file of the corpus.

    Parameters
    ----------
    worker : Worker
        Opens the files.
    large : bool
        Whether to include files of many megabytes.

    Yields
    ------
    Outcome
        One for each file.
    """
    with tempfile.TemporaryDirectory() as folder:
        for bad in files():
            if large or not bad.large:
                path = _written(bad, Path(folder))
                yield worker.open(path, f"{bad.group}: {bad.name}")
                path.unlink()


def _written(bad: BadFile, folder: Path) -> Path:
    path = folder / (bad.file_name or "song").replace("\0", "").replace("/", "\N{DIVISION SLASH}")
    path.write_bytes(bad.make())
    return path


def main() -> None:
    """Open the corpus and the mutations, and write the figures into the document."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--mutations", type=int, default=MUTATIONS, help="how many")
    parser.add_argument("--small", action="store_true", help="leave out files of many megabytes")
    parser.add_argument(
        "--state",
        type=Path,
        default=PROJECT_DIR / "runs" / "bad_input.json",
        help="file of the progress; delete it to begin anew",
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="document to complete")
    options = parser.parse_args()
    tallies = {"corpus": Tally(), "mutations": Tally()}
    if options.state.exists():
        saved = json.loads(options.state.read_text(encoding="utf-8"))
        tallies = {name: Tally(**tally) for name, tally in saved.items()}

    def save() -> None:
        write_json(options.state, {name: asdict(tally) for name, tally in tallies.items()})

    worker = Worker()
    try:
        if not tallies["corpus"].done:
            corpus = Tally()
            for outcome in open_files(worker, large=not options.small):
                corpus.add(outcome)
                report(outcome)
            tallies["corpus"] = corpus
            save()
        mutations = tallies["mutations"]
        while mutations.done < options.mutations:
            outcome = worker.open(mutations.done, f"mutation {mutations.done} of seed {SEED}")
            mutations.add(outcome)
            report(outcome)
            if mutations.done % _SAVE_EVERY == 0 or mutations.done == options.mutations:
                save()
                print(f"{mutations.done} mutations", flush=True)
    finally:
        worker.close()
    text = table(tallies)
    print(text)
    complete(options.page, text)
    sys.exit(any(tally.failures for tally in tallies.values()))


def report(outcome: Outcome) -> None:
    """Print a file that misses a goal."""
    if outcome.fails:
        figures = f"{outcome.seconds:.1f} s, {outcome.mb:.0f} MB"
        print(f"{outcome.name}: {outcome.kind} ({figures}): {outcome.text}", flush=True)


def table(tallies: dict[str, Tally]) -> str:
    """Format the figures of the document.

    Parameters
    ----------
    tallies : dict of Tally
        Outcomes of ``"corpus"`` and ``"mutations"``.

    Returns
    -------
    str
        Table in Markdown.
    """
    lines = [
        "| | files | songs | sentences | anything else | longest | most memory |",
        "|---|---:|---:|---:|---:|---:|---:|",
    ]
    for title, tally in tallies.items():
        songs, sentences = (tally.kinds.get(kind, 0) for kind in ("song", "sentence"))
        lines.append(
            f"| {title} | {tally.done} | {songs} | {sentences} | {tally.done - songs - sentences} "
            f"| {tally.slowest['seconds']:.1f} s | {tally.largest['mb']:.0f} MB |"
        )
    return "\n".join(lines)


def complete(page: Path, text: str) -> None:
    """Replace what stands between the marks in a document.

    Parameters
    ----------
    page : Path
        The document.
    text : str
        The new text.
    """
    begin, end = "<!-- figures: begin -->", "<!-- figures: end -->"
    before, _, rest = page.read_text(encoding="utf-8").partition(begin)
    _, _, after = rest.partition(end)
    with replacing(page) as temporary:
        temporary.write_text(f"{before}{begin}\n{text}\n{end}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
