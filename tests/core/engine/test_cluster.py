"""A local cluster is reachable from this machine only, and replaces workers that die."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import psutil
import pytest
from distributed import Client, LocalCluster
from distributed.scheduler import KilledWorker

from core.engine.cluster import LOOPBACK, SCHEDULER_VARIABLE, connect
from core.errors import EngineError

LIMIT = 400 << 20


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    """Two workers on this machine."""
    with connect(workers=2, memory_limit=LIMIT) as client:
        yield client


def die() -> None:
    """Crash, as a damaged file may let a decoder crash."""
    os.kill(os.getpid(), signal.SIGKILL)


def die_once(marker: str) -> str:
    """Crash at the first call."""
    if not os.path.exists(marker):
        open(marker, "w").close()
        die()
    return "done"


def die_at_seven(number: int) -> int:
    """Crash for one of many arguments."""
    if number == 7:
        die()
    return number


def fill_memory() -> int:
    """Allocate memory beyond the limit, block by block."""
    import time

    blocks = []
    for _ in range(100):
        blocks.append(b"x" * (20 << 20))
        time.sleep(0.05)
    return len(blocks)


def family() -> list[psutil.Process]:
    """List this process and its descendants."""
    return [psutil.Process(), *psutil.Process().children(recursive=True)]


def test_nothing_listens_beyond_this_machine(client: Client) -> None:
    client.submit(sum, [1, 2]).result(30)
    addresses = {
        connection.laddr.ip
        for process in family()
        for connection in process.net_connections()
        if connection.status == psutil.CONN_LISTEN
    }
    assert addresses == {LOOPBACK}


def test_workers_are_other_processes_and_load_no_slow_libraries(client: Client) -> None:
    def loaded() -> tuple[int, list[str]]:
        import sys

        return os.getpid(), sorted({"tensorflow", "librosa", "av"} & set(sys.modules))

    found = client.run(loaded)
    assert len({pid for pid, _ in found.values()} - {os.getpid()}) == 2
    assert [names for _, names in found.values()] == [[], []]


def test_a_task_whose_worker_dies_is_repeated_once(client: Client, tmp_path: object) -> None:
    assert client.submit(die_once, f"{tmp_path}/marker").result(60) == "done"


def test_a_task_that_always_kills_its_worker_fails_alone(client: Client) -> None:
    futures = client.map(die_at_seven, range(20), pure=False)
    with pytest.raises(KilledWorker):
        futures.pop(7).result(60)
    assert [future.result(60) for future in futures] == [*range(7), *range(8, 20)]
    client.wait_for_workers(2, timeout=60)


def test_a_worker_beyond_its_memory_limit_is_replaced(client: Client) -> None:
    with pytest.raises(KilledWorker):
        client.submit(fill_memory, pure=False).result(120)
    client.wait_for_workers(2, timeout=60)
    assert client.submit(sum, [1, 2], pure=False).result(30) == 3


def test_a_running_scheduler_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalCluster(
        n_workers=1,
        processes=False,
        protocol="tcp",
        host=LOOPBACK,
        dashboard_address=f"{LOOPBACK}:0",
    ) as cluster:
        with connect(scheduler=cluster.scheduler_address) as client:
            assert client.scheduler_info()["address"] == cluster.scheduler_address
            assert client.submit(sum, [1, 2]).result(30) == 3
        monkeypatch.setenv(SCHEDULER_VARIABLE, cluster.scheduler_address)
        with connect(workers=7) as client:
            assert client.scheduler_info()["address"] == cluster.scheduler_address


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:9", "nonsense://x"])
def test_an_address_without_scheduler_is_a_sentence(
    monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setattr("core.engine.cluster.CONNECTION_TIMEOUT_S", 1)
    with pytest.raises(EngineError, match="Check the address"), connect(scheduler=address):
        pass


def test_there_must_be_a_worker() -> None:
    with pytest.raises(EngineError, match="at least one worker"), connect(workers=0):
        pass


def malloc_settings() -> list[str | None]:
    """Read what the memory allocator of a worker was started with."""
    return [os.environ.get(f"MALLOC_{name}_THRESHOLD_") for name in ("TRIM", "MMAP")]


def test_workers_keep_freed_memory_for_the_next_task(client: Client) -> None:
    assert client.submit(malloc_settings, pure=False).result() == [str(64 << 20), str(32 << 20)]
