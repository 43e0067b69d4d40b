"""The process that serves pages draws: it loads no network and no decoder, and outlives a crash."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
import soundfile

from tests.e2e.server import free_port, start_dashboard
from tests.synthetic import song_samples
from tests.visitor import Visitor

WAIT_S = 300  # on a busy machine
COMPUTING = {"tensorflow", "keras", "librosa", "numba", "av", "shap"}


@dataclass(frozen=True)
class Dashboard:
    """A running dashboard, which logs every module that its process imports."""

    port: int
    process: psutil.Process
    log: Path

    def imported(self) -> set[str]:
        """List the packages that the process has imported so far."""
        text = self.log.read_text(errors="replace")
        return set(re.findall(r"^import time:.*\| +(\w+)", text, re.MULTILINE))


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Dashboard]:
    """A dashboard with one worker that computes."""
    log, port = tmp_path_factory.mktemp("served") / "log.txt", free_port()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GROOVE_GUIDE_WORKERS", "1")
        process = start_dashboard(port, log, "-X", "importtime")
    yield Dashboard(port, psutil.Process(process.pid), log)
    process.terminate()
    process.wait()


def song(seed: int) -> bytes:
    """Six seconds of music as a WAV file."""
    stream = io.BytesIO()
    soundfile.write(stream, song_samples(6.0, seed=seed), 22_050, format="WAV")
    return stream.getvalue()


def predicted(visitor: Visitor) -> bool:
    """Whether the predictions have been drawn."""
    return visitor.sees("<dl>")


def test_pages_are_drawn_before_anything_is_loaded(dashboard: Dashboard) -> None:
    with Visitor(dashboard.port) as visitor:
        visitor.open()
        for page in list(visitor.pages):
            visitor.open(page)
            assert visitor.sees("Groove-Guide")


def test_a_song_is_analysed_in_other_processes(dashboard: Dashboard) -> None:
    with Visitor(dashboard.port) as visitor:
        visitor.open()
        visitor.upload(song(1), "mine.wav")
        visitor.wait(lambda: predicted(visitor), WAIT_S)
        visitor.wait(lambda: visitor.sees("How this 3-second"), WAIT_S)
    imported = dashboard.imported()
    assert "streamlit" in imported
    assert imported & COMPUTING == set()
    maps = Path(f"/proc/{dashboard.process.pid}/maps")
    if maps.exists():
        assert not re.search(r"tensorflow|libavcodec|llvmlite", maps.read_text())


def test_a_lost_worker_is_replaced_and_the_next_song_is_analysed(dashboard: Dashboard) -> None:
    family = dashboard.process.children(recursive=True)
    largest = max(family, key=lambda process: process.memory_info().rss)
    largest.kill()
    with Visitor(dashboard.port) as visitor:
        visitor.open()
        visitor.upload(song(2), "next.wav")
        visitor.wait(lambda: predicted(visitor), WAIT_S)
    assert not largest.is_running()
    assert dashboard.process.is_running()
