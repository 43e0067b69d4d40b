"""The load benchmark counts all waits and failures, and the memory of all processes."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest

from benchmarks import load
from benchmarks.load import GIB, Memory, crowd, new_song, summary, table


class Guest:
    """Stands for a visitor of a dashboard with two pages."""

    uploads: list[bytes]

    def __init__(self, port: int) -> None:
        if port == 0:
            raise ConnectionError("nobody listens")
        self.pages = {"Listen": "1", "Compare": "2"}

    def __enter__(self) -> Guest:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    def open(self, page: str = "", *, timeout_s: float) -> float:
        """Open a page."""
        return 2.0 if page else 1.0

    def upload(self, content: bytes, name: str, *, timeout_s: float) -> None:
        """Note a song."""
        self.uploads.append(content)

    def sees(self, text: str) -> bool:
        """Whether the predictions are there."""
        return True

    def wait(self, condition: Any, timeout_s: float) -> float:
        """Check a condition."""
        assert condition()
        return 0.0


@pytest.fixture(autouse=True)
def _guests(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let guests take the place of visitors."""
    monkeypatch.setattr(load, "Visitor", Guest)
    monkeypatch.setattr(Guest, "uploads", [], raising=False)


def test_every_visitor_brings_another_song_and_opens_all_pages() -> None:
    waits = crowd(1, visitors=3, seconds=0.5)
    assert len(set(Guest.uploads)) == 3
    assert sorted(waits.pages) == [1.0] * 3 + [2.0] * 6
    assert len(waits.predictions) == 3
    assert summary(waits)["pages"] == {"median": 2.0, "longest": 2.0}
    assert summary(waits)["failures"] == 0


def test_failures_are_counted() -> None:
    found = summary(crowd(0, visitors=2, seconds=0.5))
    assert found == {"failures": 2, "pages": None, "predictions": None}


def test_no_two_songs_are_equal() -> None:
    assert new_song(0.5) != new_song(0.5)


def test_the_memory_of_a_child_counts() -> None:
    child = "import subprocess, sys; subprocess.run([sys.executable, '-c', {!r}])"
    grandchild = "x = bytearray(200 << 20); print('full', flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", child.format(grandchild)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        process.stdout.readline()
        assert Memory(process).now() > 190 << 20
        process.communicate(b"\n")


def test_the_table_has_a_row_for_each_crowd() -> None:
    waits = {"failures": 0, "pages": {"median": 1.0, "longest": 2.0}, "predictions": None}
    row = {
        "visitors": 20,
        "cold": waits,
        "warm": waits,
        "most_bytes": 3 * GIB,
        "idle_bytes": GIB,
        "after_bytes": GIB,
    }
    assert table([row]).splitlines()[-1] == "| 20 | 2.0 | – | 2.0 | – | 3.0 | 1.0 | 1.0 |"
