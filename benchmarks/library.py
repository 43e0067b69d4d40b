"""Measure how fast a library is analysed, against a plain loop over the same songs.

``python benchmarks/library.py`` makes MP3 files of 30 s from the bundled examples (44.1 kHz,
stereo; their copies differ by a tag, thus in digest) and analyses them twice: with a plain loop of
``librosa.load``, ``librosa.feature.mfcc`` and ``model.predict`` in a process of its own, and with
``core.library`` and one and two workers. It prints songs per second with and without the start,
processor time for each song, memory over the run, and the largest difference between the table and
single songs. Other programs on the machine slow both sides down, so the load is printed as well.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import psutil
import soundfile

from core.constants import EXAMPLES_DIR
from core.library.progress import Progress
from core.library.run import analyze_library
from core.library.table import SONGS, partition, parts, read_part
from core.library.walk import SUFFIXES
from core.models.cards import card_path, read_card

MEMORY_EVERY_S = 1.0


@dataclass
class Side:
    """Measurements of one side.

    Parameters
    ----------
    songs : int
        Number of songs.
    total_s : float
        Time for all of them, with the start of the processes.
    songs_per_s : float
        Rate without the start.
    cpu_ms : float
        Processor time of all processes for each song, without the start, in milliseconds.
    memory_mb : list of float
        Memory of all processes over the run, in megabytes.
    """

    songs: int = 0
    total_s: float = 0.0
    songs_per_s: float = 0.0
    cpu_ms: float = 0.0
    memory_mb: list[float] = field(default_factory=list)


def make_songs(folder: Path, count: int, duration_s: float) -> None:
    """Write MP3 files made from the examples; copies differ by their tag.

    Parameters
    ----------
    folder : Path
        Folder to write to.
    count : int
        Number of files.
    duration_s : float
        Length of each song; the examples are repeated.
    """
    contents = []
    for path in sorted(EXAMPLES_DIR.glob("*.ogg")):
        samples, rate = soundfile.read(path, dtype="float32", always_2d=True)
        length = round(duration_s * rate)
        samples = np.tile(samples, (-(-length // len(samples)), 1))[:length]
        soundfile.write(folder / "whole.mp3", samples, rate, format="MP3")
        contents.append((path.stem, (folder / "whole.mp3").read_bytes()))
    (folder / "whole.mp3").unlink()
    for number in range(count):
        name, content = contents[number % len(contents)]
        tag = b"TAG" + f"{number:<125d}".encode()  # ID3v1: a title
        (folder / f"{number % 100:02d}").mkdir(exist_ok=True)
        (folder / f"{number % 100:02d}" / f"{name} {number}.mp3").write_bytes(content + tag)


def songs_in(folder: Path) -> list[Path]:
    """List the songs in a folder and below."""
    return sorted(path for path in folder.rglob("*") if path.name.lower().endswith(SUFFIXES))


def plain_loop(songs: Sequence[Path], card: str, answer: Any) -> None:
    """Analyse songs one after another, as a short script would; runs in a process of its own.

    Parameters
    ----------
    songs : sequence of Path
        Songs. The first one counts as part of the start, in which functions are compiled.
    card : str
        Path of the model's card.
    answer : multiprocessing.Connection
        Receives the times at the beginning, after the first song and at the end, and the
        processor times of the last two.
    """
    times, cpu = [time.perf_counter()], []
    import librosa

    from core.models.store import load_spectrogram_model

    model = load_spectrogram_model(card)
    parameters = model.parameters
    for number, path in enumerate(songs):
        samples, rate = librosa.load(path, sr=parameters.sample_rate)
        mfcc = librosa.feature.mfcc(
            y=samples,
            sr=rate,
            n_mfcc=parameters.n_mfcc,
            n_fft=parameters.n_fft,
            hop_length=parameters.hop_length,
        ).T
        count = len(mfcc) // parameters.segment_frames
        segments = mfcc[: count * parameters.segment_frames].reshape(count, -1, mfcc.shape[1])
        model.network.predict(model.standardise(segments)[..., np.newaxis], verbose=0)
        if number in (0, len(songs) - 1):
            times.append(time.perf_counter())
            cpu.append(time.process_time())
    answer.send((times, cpu))


def measure_loop(songs: Sequence[Path], card: str) -> Side:
    """Time the plain loop in a new process."""
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=plain_loop, args=(songs, card, sender))
    started = time.perf_counter()
    process.start()
    sender.close()
    times, cpu = receiver.recv()
    process.join()
    songs_after_start = len(songs) - 1
    return Side(
        len(songs),
        time.perf_counter() - started,
        songs_after_start / (times[-1] - times[1]),
        1000 * (cpu[-1] - cpu[0]) / songs_after_start,
    )


class Meter:
    """Time, processor time and memory of this process and its children while songs are analysed."""

    def __init__(self) -> None:
        self.seen: list[tuple[float, int, float]] = []  # time, songs done, processor time
        self.memory_mb: list[float] = []
        self._measured = 0.0

    def __call__(self, state: Progress) -> None:
        """Measure, at most once a second except at the first and the last song."""
        now = time.perf_counter()
        starts_or_ends = state.done and (not self.seen or state.done == state.total)
        if not starts_or_ends and now < self._measured + MEMORY_EVERY_S:
            return
        family = [psutil.Process(), *psutil.Process().children(recursive=True)]
        cpu = memory = 0.0
        for process in family:
            try:
                times = process.cpu_times()
                memory += process.memory_info().rss / 1e6
            except psutil.NoSuchProcess:
                continue
            cpu += times.user + times.system
        if state.done:
            self.seen.append((now, state.done, cpu))
            self.memory_mb.append(memory)
        self._measured = now

    def side(self, total_s: float) -> Side:
        """Summarise what was seen after the first tenth, in which the last workers start."""
        end, done, cpu = self.seen[-1]
        start, before, cpu_before = next(each for each in self.seen if each[1] >= done / 10)
        songs = max(done - before, 1)
        return Side(
            done,
            total_s,
            songs / max(end - start, 1e-9),
            1000 * (cpu - cpu_before) / songs,
            self.memory_mb,
        )


def measure_library(folder: Path, out: Path, card: str, workers: int, files: bool) -> Side:
    """Time the analysis of a folder with local workers."""
    meter = Meter()
    started = time.perf_counter()
    summary = analyze_library(
        [folder], out, model=card, workers=workers, files=files, progress=meter
    )
    total_s = time.perf_counter() - started
    if summary.failures:
        raise SystemExit(f"{summary.failures[0][0]}: {summary.failures[0][1]}")
    return meter.side(total_s)


def largest_difference(out: Path, card: str, count: int) -> float:
    """Compare segment probabilities in the table with those of single songs.

    Parameters
    ----------
    out : Path
        Folder of the results.
    card : str
        Path of the model's card.
    count : int
        Number of songs to compare.

    Returns
    -------
    float
        Largest absolute difference.
    """
    from urllib.parse import unquote, urlsplit

    from core.analysis import analyze
    from core.audio.io import load_audio
    from core.models.store import load_model

    model = load_model(card)
    folder = partition(out, SONGS, model.name)
    rows = [row for part in parts(folder) for row in read_part(part).to_pylist()]
    differences = []
    for row in rows[:: max(len(rows) // count, 1)]:
        alone = analyze(load_audio(unquote(urlsplit(row["uri"]).path)), model)
        table = np.asarray(row["segment_probabilities"])
        differences.append(float(np.abs(table - alone.probabilities).max()))
    return max(differences)


def table(sides: dict[str, Side]) -> str:
    """Format the measurements as a Markdown table; the first side is the reference."""
    reference = next(iter(sides.values()))
    lines = [
        "| | songs | songs/s without start | ratio | processor time per song (ms) | start (s) |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, side in sides.items():
        start = side.total_s - side.songs / side.songs_per_s
        lines.append(
            f"| {name} | {side.songs} | {side.songs_per_s:.1f} | "
            f"{side.songs_per_s / reference.songs_per_s:.1f} | {side.cpu_ms:.0f} | {start:.0f} |"
        )
    return "\n".join(lines)


def memory_line(name: str, side: Side) -> str:
    """Format memory at a tenth, at half and at the end of a run."""
    values = [side.memory_mb[round(share * (len(side.memory_mb) - 1))] for share in (0.1, 0.5, 1)]
    return f"Memory, {name}: " + ", ".join(
        f"{value:.0f} MB {when}"
        for value, when in zip(values, ("after a tenth", "at half", "at the end"), strict=True)
    )


def main() -> int:
    """Measure and print both sides."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--songs", type=Path, help="folder of songs (default: made from examples)")
    parser.add_argument("--count", type=int, default=400, help="songs that are made")
    parser.add_argument("--seconds", type=float, default=30.0, help="length of these songs")
    parser.add_argument("--loop", type=int, default=60, help="songs of the plain loop")
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], metavar="N")
    parser.add_argument("--model", default="cnn_lstm", help="name or card of a spectrogram model")
    parser.add_argument("--table-only", action="store_true", help="no files for each song")
    options = parser.parse_args()
    card = str(card_path(options.model))
    read_card(Path(card))
    print(f"Load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    with tempfile.TemporaryDirectory() as name:
        folder = options.songs or Path(name, "songs")
        if options.songs is None:
            folder.mkdir()
            make_songs(folder, options.count, options.seconds)
        songs = songs_in(folder)
        sides = {"plain loop": measure_loop(songs[: options.loop], card)}
        for workers in options.workers:
            out = Path(name, f"out-{workers}")
            label = "1 worker" if workers == 1 else f"{workers} workers"
            sides[label] = measure_library(folder, out, card, workers, not options.table_only)
        print(table(sides))
        for label, side in sides.items():
            if side.memory_mb:
                print(memory_line(label, side))
        difference = largest_difference(out, card, 20)
        print(f"Largest difference from single songs: {difference:.1e} of a probability")
    print(f"Load average: {os.getloadavg()[0]:.1f} on {os.cpu_count()} processors")
    return 0


if __name__ == "__main__":
    sys.exit(main())
