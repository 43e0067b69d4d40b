"""Load of the dashboard: many visitors at once, through Streamlit's own WebSocket protocol.

``python benchmarks/load.py`` starts the dashboard for each number of visitors, lets all of them in
at the same moment (a *cold start*: no worker is ready), and again when everything is loaded. Each
visitor uploads a song of its own, waits for the predictions, and walks through all pages. Finally
many songs go through one server. The memory is that of all processes together, as proportional set
size (PSS), so that shared pages count once. It prints a table and writes ``models/load.json``.
"""

from __future__ import annotations

import argparse
import io
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
import soundfile

from core.constants import MODELS_DIR
from core.storage import write_json
from tests.e2e.server import free_port, start_dashboard
from tests.synthetic import song_samples
from tests.visitor import Visitor

VISITORS = (1, 5, 20, 40)
SONGS = 500  # through one server
SONG_S = 12.0
WAIT_S = 1_800.0
AFTER_S = 60.0  # after the last visitor has left
GIB = 1 << 30

_seeds = count()


@dataclass
class Waits:
    """Waiting times of all visitors, in seconds."""

    pages: list[float] = field(default_factory=list)
    predictions: list[float] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)


class Memory:
    """Memory of a process and its descendants, watched while the block runs.

    Parameters
    ----------
    process : subprocess.Popen
        The process.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._root = psutil.Process(process.pid)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self.most = 0

    def now(self) -> int:
        """Bytes in use (PSS)."""
        total = 0
        for process in [self._root, *self._root.children(recursive=True)]:
            try:
                total += process.memory_full_info().pss
            except psutil.Error:  # it has just ended
                continue
        return total

    def _watch(self) -> None:
        while not self._ended.wait(1.0):
            self.most = max(self.most, self.now())

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()


def new_song(seconds: float) -> bytes:
    """Make a song that no visitor has brought before, as a WAV file."""
    stream = io.BytesIO()
    samples = song_samples(seconds, seed=next(_seeds), sample_rate=22_050)
    soundfile.write(stream, samples, 22_050, format="WAV")
    return stream.getvalue()


def predict(visitor: Visitor, song: bytes) -> float:
    """Upload a song on the page *Listen*; return the seconds until its predictions are shown."""
    began = time.monotonic()
    visitor.upload(song, "song.wav", timeout_s=WAIT_S)
    visitor.wait(lambda: visitor.sees("<dl>"), WAIT_S)
    return time.monotonic() - began


def visit(port: int, song: bytes, waits: Waits, start: threading.Barrier) -> None:
    """Open the dashboard, upload a song, and walk through all pages."""
    start.wait()
    try:
        with Visitor(port) as visitor:
            waits.pages.append(visitor.open(timeout_s=WAIT_S))
            waits.predictions.append(predict(visitor, song))
            for page in list(visitor.pages):
                waits.pages.append(visitor.open(page, timeout_s=WAIT_S))
    except Exception as error:
        waits.failures.append(f"{type(error).__name__}: {error}"[:300])


def crowd(port: int, visitors: int, seconds: float) -> Waits:
    """Let some visitors in at the same moment, and wait until all have left."""
    waits, start = Waits(), threading.Barrier(visitors)
    songs = [new_song(seconds) for _ in range(visitors)]
    threads = [
        threading.Thread(target=visit, args=(port, song, waits, start), daemon=True)
        for song in songs
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return waits


@contextmanager
def dashboard(folder: Path) -> Iterator[tuple[int, Memory]]:
    """Start a dashboard; yield its port and its memory."""
    port = free_port()
    process = start_dashboard(port, folder / f"{port}.txt")
    try:
        with Memory(process) as memory:
            yield port, memory
    finally:
        process.terminate()
        process.wait()


def summary(waits: Waits) -> dict[str, Any]:
    """Longest and median waiting times, and the number of failures."""
    found: dict[str, Any] = {"failures": len(waits.failures)}
    for name in ("pages", "predictions"):
        times = getattr(waits, name)
        found[name] = {"median": float(np.median(times)), "longest": max(times)} if times else None
    for failure in waits.failures[:3]:
        print(failure, file=sys.stderr)
    return found


def measure_crowd(folder: Path, visitors: int, seconds: float) -> dict[str, Any]:
    """Measure a cold start, a warm run, and the memory before, meanwhile and afterwards."""
    with dashboard(folder) as (port, memory):
        cold = summary(crowd(port, visitors, seconds))
        idle = settled(memory)
        memory.most = 0
        warm = summary(crowd(port, visitors, seconds))
        most = memory.most
        time.sleep(AFTER_S)
        after = memory.now()
    return {
        "visitors": visitors,
        "cold": cold,
        "warm": warm,
        "idle_bytes": idle,
        "most_bytes": most,
        "after_bytes": after,
    }


def settled(memory: Memory) -> int:
    """Wait until the caches have been emptied and all workers are ready; bytes in use."""
    time.sleep(2 * AFTER_S)
    return memory.now()


def measure_songs(folder: Path, songs: int, seconds: float, at_once: int = 4) -> dict[str, Any]:
    """Send many songs through one server, and note the memory after each tenth of them."""
    times: list[float] = []
    sizes: list[int] = []
    failures: list[str] = []
    with dashboard(folder) as (port, memory):

        def send(index: int) -> None:
            try:
                with Visitor(port) as visitor:
                    visitor.open(timeout_s=WAIT_S)
                    times.append(predict(visitor, new_song(seconds)))
            except Exception as error:
                failures.append(f"{type(error).__name__}: {error}"[:300])
            if (index + 1) % max(1, songs // 10) == 0:
                sizes.append(memory.now())

        began = time.monotonic()
        with ThreadPoolExecutor(at_once) as pool:
            list(pool.map(send, range(songs)))
        duration = time.monotonic() - began
        most = memory.most
    for failure in failures[:3]:
        print(failure, file=sys.stderr)
    return {
        "songs": songs,
        "failures": len(failures),
        "songs_per_minute": 60 * songs / duration,
        "longest": max(times, default=float("nan")),
        "most_bytes": most,
        "bytes_after_tenths": sizes,
    }


def table(crowds: list[dict[str, Any]]) -> str:
    """Format the waiting times and the memory."""
    lines = [
        "| visitors | cold: slowest page (s) | slowest prediction (s) | warm: slowest page (s) | "
        "slowest prediction (s) | most memory (GiB) | idle (GiB) | a minute later (GiB) |",
        "|---:" * 8 + "|",
    ]
    for row in crowds:
        cells = [f"{row['visitors']}"]
        for state in ("cold", "warm"):
            for name in ("pages", "predictions"):
                times = row[state][name]
                cells.append("–" if times is None else f"{times['longest']:.1f}")
        cells += [f"{row[key] / GIB:.1f}" for key in ("most_bytes", "idle_bytes", "after_bytes")]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def main() -> int:
    """Measure, print and write the load."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--visitors", type=int, nargs="*", default=VISITORS, help="at once")
    parser.add_argument("--songs", type=int, default=SONGS, help="songs through one server")
    parser.add_argument("--seconds", type=float, default=SONG_S, help="length of a song")
    parser.add_argument("--out", type=Path, default=MODELS_DIR / "load.json", help="results")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "cores": os.cpu_count(),
        "load_before": os.getloadavg()[0],
        "seconds": options.seconds,
        "crowds": [],
    }
    steps: list[Callable[[Path], None]] = [
        lambda folder, n=number: found["crowds"].append(  # type: ignore[misc]
            measure_crowd(folder, n, options.seconds)
        )
        for number in options.visitors
    ]
    if options.songs:
        steps.append(
            lambda folder: found.update(
                stream=measure_songs(folder, options.songs, options.seconds)
            )
        )
    with tempfile.TemporaryDirectory() as folder:
        for step in steps:
            step(Path(folder))
            write_json(options.out, found)
    print(table(found["crowds"]))
    if stream := found.get("stream"):
        print(
            f"\n{stream['songs']} songs through one server: {stream['songs_per_minute']:.0f} a "
            f"minute, {stream['failures']} failures, at most {stream['most_bytes'] / GIB:.1f} GiB"
        )
    failures = sum(row[state]["failures"] for row in found["crowds"] for state in ("cold", "warm"))
    return int(bool(failures or (stream and stream["failures"])))


if __name__ == "__main__":
    sys.exit(main())
