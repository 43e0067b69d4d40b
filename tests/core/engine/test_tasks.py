"""Tasks run in turn in other processes, report, can be stopped, and fail alone."""

from __future__ import annotations

import os
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from distributed import Client

from core.engine.host import hosted
from core.engine.tasks import COMPUTE, DECODE, Engine
from core.errors import AudioError, EngineError
from tests.core.engine import work

WAIT_S = 60


class Stopped(BaseException):
    """Stands for the exception with which Streamlit ends a run."""


def quiet(*_: object) -> None:
    """Ignore progress."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One worker that computes and one that decodes."""
    with hosted(workers=1, threads=1, memory_limit=500 << 20) as address, Client(address) as client:
        engine = Engine(client, warm_up={COMPUTE: work.mark})
        wait_for(lambda: engine.is_ready(COMPUTE) and engine.is_ready(DECODE))
        yield engine
        engine.close()


def wait_for(condition: Any) -> None:
    """Wait until a condition holds."""
    until = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.05)


def run(engine: Engine, function: Any, *args: Any, **options: Any) -> Any:
    """Run a function for the session "a"."""
    options = {"session": "a", "report": quiet, "waiting": quiet, "doing": "", **options}
    return engine.run(function, *args, **options)


def test_a_result_comes_from_another_process_that_was_prepared(engine: Engine) -> None:
    assert run(engine, work.add, 1, 2, 3) == 6
    assert run(engine, work.where) not in (os.getpid(), run(engine, work.where, kind=DECODE))
    assert run(engine, work.is_marked)
    assert not run(engine, work.is_marked, kind=DECODE)


def test_an_exception_is_raised_where_the_task_was_asked_for(engine: Engine) -> None:
    with pytest.raises(AudioError, match="This file is empty"):
        run(engine, work.fail)
    assert run(engine, work.add, 1) == 1


def test_a_result_can_stay_in_its_worker_and_be_used_by_another_one(engine: Engine) -> None:
    kept = run(engine, work.add, 20, 3, kind=DECODE, keep=True)
    assert run(engine, work.add, kept, 4) == 27


def test_progress_is_reported(engine: Engine) -> None:
    reports = []
    assert run(engine, work.count_up, 20, report=lambda *of: reports.append(of)) == 20
    assert 2 <= len(reports) <= 20
    shares = [share for _, share in reports if share is not None]
    assert shares == sorted(shares)
    assert reports[-1][0].startswith("Step ")


def test_a_stopped_task_ends_and_frees_its_worker(engine: Engine) -> None:
    def stop(*_: object) -> None:
        raise Stopped

    before = run(engine, work.where)
    started = time.monotonic()
    with pytest.raises(Stopped):
        run(engine, work.count_up, 2_000, report=stop)
    assert time.monotonic() - started < 5
    assert run(engine, work.where) == before
    assert time.monotonic() - started < 10


def test_the_queue_shows_positions_and_can_be_left(engine: Engine) -> None:
    first = threading.Thread(target=run, args=(engine, work.count_up, 30), daemon=True)
    first.start()
    wait_for(lambda: not engine.is_idle)
    positions: list[int] = []

    def leave(position: int) -> None:
        positions.append(position)
        raise Stopped

    with pytest.raises(Stopped):
        run(engine, work.add, 1, session="b", waiting=leave)
    assert positions == [1]
    assert run(engine, work.add, 1, session="c", waiting=positions.append) == 1
    assert set(positions) == {1}
    first.join()


def test_a_crash_fails_only_its_task_after_a_repetition(engine: Engine, tmp_path: Path) -> None:
    assert run(engine, work.crash_once, str(tmp_path / "marker")) == "done"
    before = run(engine, work.where)
    with pytest.raises(EngineError, match="failed twice"):
        run(engine, work.crash, identity="poison")
    with pytest.raises(EngineError, match="not tried again"):
        run(engine, work.crash, identity="poison")
    assert run(engine, work.is_marked), "a new worker is prepared as well"
    assert run(engine, work.where) != before


def test_a_task_that_hangs_is_ended(engine: Engine) -> None:
    started = time.monotonic()
    with pytest.raises(EngineError, match="longer than 1 s"):
        run(engine, work.hang, time_limit_s=1)
    assert run(engine, work.add, 2) == 2
    assert time.monotonic() - started < WAIT_S


def test_a_task_that_needs_too_much_memory_is_ended(engine: Engine) -> None:
    with pytest.raises(EngineError, match="too much memory"):
        run(engine, work.fill)
    assert run(engine, work.add, 2) == 2


def test_the_host_ends_with_the_process_that_started_it() -> None:
    program = (
        "import sys; from core.engine.host import hosted\n"
        "with hosted(workers=1, threads=1, memory_limit=1 << 30) as address:\n"
        "    print(address, flush=True); sys.stdin.read()\n"
    )
    import sys

    with subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline().startswith("tcp://127.0.0.1:")
        family = psutil.Process(process.pid).children(recursive=True)
        assert len(family) >= 3
        process.kill()
    _, alive = psutil.wait_procs(family, timeout=30)
    assert alive == []
