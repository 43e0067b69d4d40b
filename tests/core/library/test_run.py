"""A library on a real scheduler with real workers: nothing is lost, nothing is done twice."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import distributed
import pyarrow as pa
import pyarrow.dataset
import pytest

from core.audio.io import Audio, save_audio
from core.constants import MODELS_DIR, PROJECT_DIR
from core.engine.cluster import connect
from core.errors import EngineError, LibraryError, ModelError
from core.library.finished import Task
from core.library.progress import Progress
from core.library.run import CRASHED, Summary, analyze_library, batches
from core.library.walk import SongFile
from core.storage import OutputError
from tests.e2e.server import free_port
from tests.synthetic import song_samples

WORKERS = 2
SONGS = 40
# A classifier without TensorFlow, so that workers start in seconds.
MODEL, OTHER_MODEL = "svm", "random_forest"


@pytest.fixture(scope="module")
def client() -> Iterator[distributed.Client]:
    """Workers on this machine, which stand for a cluster."""
    with connect(workers=WORKERS, memory_limit=2 << 30) as client:
        yield client


@pytest.fixture(scope="module")
def address(client: distributed.Client) -> str:
    """Address of the scheduler."""
    return str(client.scheduler.address)


@pytest.fixture(scope="module")
def songs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of short songs."""
    folder = tmp_path_factory.mktemp("songs")
    for seed in range(SONGS):
        path = folder / "music" / f"{seed % 3}" / f"song {seed}.wav"
        save_audio(Audio(song_samples(1.0 + 0.05 * seed, seed=seed)), path)
    return folder / "music"


@pytest.fixture
def music(songs: Path, tmp_path: Path) -> Path:
    """A copy of these songs, with three files that are none."""
    folder = tmp_path / "music"
    shutil.copytree(songs, folder)
    (folder / "broken.mp3").write_text("no music")
    (folder / "empty.wav").touch()
    (folder / "gone.flac").symlink_to(folder / "nothing")
    return folder


def rows(out: Path, table: str = "songs") -> list[dict[str, Any]]:
    if not (out / table).exists():
        return []
    dataset = pa.dataset.dataset(out / table, partitioning="hive")
    return sorted(dataset.to_table().to_pylist(), key=lambda row: row["uri"])


def check_complete(out: Path, summary: Summary, *, failed: int, songs: int = SONGS) -> None:
    """Every song is in exactly one table, once."""
    done, failures = rows(out), rows(out, "failures")
    assert len({row["uri"] for row in done + failures}) == len(done) + len(failures)
    assert (len(done), len(failures)) == (songs, failed)
    assert summary.analysed + summary.finished == songs
    assert len(summary.failures) == failed
    assert all(row["reason"] for row in failures)


def test_every_song_is_accounted_for_once_and_finished_songs_are_not_done_again(
    music: Path, address: str, tmp_path: Path
) -> None:
    out = music / "results"  # inside the folder that is searched
    seen: list[Progress] = []
    summary = analyze_library(
        [music, music / "1"], out, model=MODEL, scheduler=address, progress=seen.append
    )
    check_complete(out, summary, failed=3)
    reasons = {row["song"]: row["reason"] for row in rows(out, "failures")}
    assert reasons.keys() == {"broken.mp3", "empty.wav", "gone.flac"}
    assert "empty" in reasons["empty.wav"]
    assert {row["model"] for row in rows(out)} == {MODEL}
    assert all((out / row["folder"] / "analysis.json").is_file() for row in rows(out))
    assert not (out / ".running").exists()
    assert (seen[-1].done, seen[-1].total, seen[-1].failed) == (SONGS + 2, SONGS + 2, 2)
    assert [state.done for state in seen] == sorted(state.done for state in seen)
    assert seen[0].dashboard.startswith("http://127.0.0.1:")

    with pytest.raises(OutputError, match="--resume"):
        analyze_library([music], out, model=MODEL, scheduler=address)
    before = {path: path.stat().st_mtime_ns for path in out.rglob("*.*")}
    shutil.move(music / "0" / "song 0.wav", music / "moved.wav")
    save_audio(Audio(song_samples(2.0, seed=99)), music / "1" / "song 1.wav")
    save_audio(Audio(song_samples(2.0, seed=98)), music / "broken.mp3")
    again = analyze_library([music], out, model=MODEL, scheduler=address, resume=True)
    assert (again.analysed, again.finished) == (3, SONGS - 2)
    assert len(again.failures) == 2
    songs = {row["song"]: row for row in rows(out)}
    # The song that moved keeps its row under the old name: results of songs stay until removed.
    assert len(songs) == SONGS + 2
    assert songs["moved.wav"]["digest"] == songs["0/song 0.wav"]["digest"]
    assert songs["moved.wav"]["folder"] == songs["0/song 0.wav"]["folder"]
    assert songs["1/song 1.wav"]["duration_s"] == 2.0
    assert {row["song"] for row in rows(out, "failures")} == {"empty.wav", "gone.flac"}
    untouched = [path for path in before if path.name == "analysis.json"]
    assert all(path.stat().st_mtime_ns == before[path] for path in untouched)


def test_the_songs_of_a_killed_worker_are_done_again(
    music: Path, client: distributed.Client, address: str, tmp_path: Path
) -> None:
    killed = threading.Event()

    def kill(state: Progress) -> None:
        if state.done and not killed.is_set():
            busy = [worker for worker, tasks in client.processing().items() if tasks]
            if busy:
                pids = client.run(os.getpid, workers=busy[:1])
                os.kill(next(iter(pids.values())), signal.SIGKILL)
                killed.set()

    client.wait_for_workers(WORKERS)
    slow = Slow()
    client.register_plugin(slow)
    try:
        out = tmp_path / "out"
        summary = analyze_library([music], out, model=MODEL, scheduler=address, progress=kill)
    finally:
        client.unregister_worker_plugin(slow.name)
    assert killed.is_set()
    check_complete(out, summary, failed=3)
    resumed = analyze_library([music], out, model=MODEL, scheduler=address, resume=True)
    assert (resumed.analysed, resumed.finished) == (0, SONGS)


class Slow(distributed.WorkerPlugin):
    """Decoding that takes a while, so that a worker can be killed in the middle."""

    name = "slow"

    def setup(self, worker: distributed.Worker) -> None:
        """Replace the decoder of a worker."""
        import core.audio.io

        self.original = core.audio.io.load_audio

        def slowly(*arguments: Any, **options: Any) -> Audio:
            time.sleep(0.05)
            return self.original(*arguments, **options)

        core.audio.io.load_audio = slowly

    def teardown(self, worker: distributed.Worker) -> None:
        """Put the decoder back."""
        import core.audio.io

        core.audio.io.load_audio = self.original


class Poison(Slow):
    """Decoding that ends the process at one song, as a damaged file could."""

    name = "poison"

    def setup(self, worker: distributed.Worker) -> None:
        """Replace the decoder of a worker."""
        import core.audio.io

        self.original = core.audio.io.load_audio

        def fatal(*arguments: Any, **options: Any) -> Audio:
            if options["name"] == "song 7.wav":
                os.kill(os.getpid(), signal.SIGKILL)
            return self.original(*arguments, **options)

        core.audio.io.load_audio = fatal


def allow_failures(count: int, dask_scheduler: Any) -> None:
    """Set how often Dask repeats a task whose worker died."""
    dask_scheduler.allowed_failures = count


def test_a_song_that_ends_its_worker_fails_alone(
    music: Path, client: distributed.Client, address: str, tmp_path: Path
) -> None:
    client.wait_for_workers(WORKERS)
    poison = Poison()
    client.register_plugin(poison)
    client.run_on_scheduler(allow_failures, 0)  # one restart of a worker less in each round
    try:
        out = tmp_path / "out"
        summary = analyze_library([music], out, model=MODEL, scheduler=address, files=False)
    finally:
        client.unregister_worker_plugin(poison.name)
        client.run_on_scheduler(allow_failures, 1)
    check_complete(out, summary, failed=4, songs=SONGS - 1)
    assert ("1/song 7.wav", CRASHED) in summary.failures
    healed = analyze_library([music], out, model=MODEL, scheduler=address, files=False, resume=True)
    assert (healed.analysed, healed.finished) == (1, SONGS - 1)
    assert len(rows(out)) == SONGS


def test_what_was_written_before_an_interruption_counts(
    music: Path, address: str, tmp_path: Path
) -> None:
    def interrupt(state: Progress) -> None:
        if state.done >= 10:
            raise KeyboardInterrupt

    out = tmp_path / "out"
    with pytest.raises(KeyboardInterrupt):
        analyze_library([music], out, model=MODEL, scheduler=address, progress=interrupt)
    done = len(rows(out))
    assert 0 < done < SONGS
    summary = analyze_library([music], out, model=MODEL, scheduler=address, resume=True)
    assert summary.finished == done
    check_complete(out, summary, failed=3)


def test_two_models_share_a_table(music: Path, address: str, tmp_path: Path) -> None:
    out, one = tmp_path / "out", [music / "0"]
    analyze_library(one, out, model=MODEL, scheduler=address, files=False)
    analyze_library(one, out, model=OTHER_MODEL, scheduler=address, files=False, resume=True)
    models = [row["model"] for row in rows(out)]
    assert models.count(MODEL) == models.count(OTHER_MODEL) == len(os.listdir(one[0]))


def test_a_worker_that_cannot_load_the_model_stops_the_run(
    music: Path, address: str, tmp_path: Path
) -> None:
    shutil.copy(MODELS_DIR / f"{MODEL}.json", tmp_path)
    (tmp_path / f"{MODEL}.skops").write_bytes(b"damaged")
    card = tmp_path / f"{MODEL}.json"
    with pytest.raises(ModelError, match=f"{MODEL}.skops does not match"):
        analyze_library([music], tmp_path / "out", model=card, scheduler=address)


def test_a_full_disk_stops_the_run_with_a_sentence(
    music: Path, address: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pyarrow.parquet.write_table", full)
    with pytest.raises(LibraryError, match="is full"):
        analyze_library([music], tmp_path / "out", model=MODEL, scheduler=address, files=False)


def test_a_scheduler_that_does_not_answer_is_named(music: Path, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9"):
        analyze_library([music], tmp_path / "out", model=MODEL, scheduler="nonsense://127.0.0.1:9")


def test_a_scheduler_that_dies_ends_the_run_with_a_sentence(music: Path, tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "dask", "scheduler", "--host", "127.0.0.1"]
    scheduler = subprocess.Popen(
        [*command, "--port", str(port), "--no-dashboard"],
        cwd=PROJECT_DIR,
        stderr=subprocess.DEVNULL,
    )
    address = f"tcp://127.0.0.1:{port}"
    try:
        distributed.Client(address, timeout=60, set_as_default=False).close()
        with pytest.raises(LibraryError, match="connection to the scheduler was lost"):
            analyze_library(
                [music],
                tmp_path / "out",
                model=MODEL,
                scheduler=address,
                progress=lambda state: scheduler.kill(),
            )
    finally:
        scheduler.kill()
        scheduler.wait()
    assert {row["song"] for row in rows(tmp_path / "out", "failures")} == {"gone.flac"}


def test_batches_contain_every_song_once_and_are_small() -> None:
    tasks = [Task(SongFile(str(n), str(n), size=n << 20)) for n in range(100)]
    for workers, explained in ((1, False), (50, False), (2, True)):
        found = list(batches(tasks, workers, explained))
        assert [task for batch in found for task in batch] == tasks
        assert all(len(batch) <= (1 if explained else 16) for batch in found)
        assert len(found) >= min(4 * workers, 100)
        assert all(
            len(batch) == 1 or sum(task.file.size for task in batch) <= 128 << 20 for batch in found
        )
    assert list(batches([], 2, False)) == []
