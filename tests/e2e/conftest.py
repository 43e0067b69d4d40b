"""Fixtures of browser tests: a running dashboard, a monitored browser and songs to upload."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlparse

import av
import numpy as np
import pytest
import soundfile
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Page,
    Request,
    sync_playwright,
)

from tests.e2e.server import BROWSER_FLAGS, BROWSERS, find_browser, free_port, start_dashboard
from tests.synthetic import song_samples

RATE = 44_100


@pytest.fixture(scope="session")
def dashboard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Address of a running dashboard."""
    port = free_port()
    os.environ["GROOVE_GUIDE_CACHE"] = str(tmp_path_factory.mktemp("cache"))  # without YAMNet
    process = start_dashboard(port, tmp_path_factory.mktemp("dashboard") / "log.txt")
    yield f"http://127.0.0.1:{port}/"
    process.terminate()
    try:
        process.wait(timeout=20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium."""
    path = find_browser()
    if path is None:
        reason = f"no browser found; install one of {', '.join(BROWSERS)}"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=BROWSER_FLAGS)
        yield browser
        browser.close()


@dataclass
class Monitor:
    """Collects what a page must not do: console output, exceptions, requests to other servers."""

    host: str
    complaints: list[str] = field(default_factory=list)

    def console(self, message: ConsoleMessage) -> None:
        """Record a message in the console."""
        self.complaints.append(f"console {message.type}: {message.text}")

    def error(self, error: Exception) -> None:
        """Record an uncaught exception."""
        self.complaints.append(f"exception: {error}")

    def request(self, request: Request) -> None:
        """Record a request to another server."""
        url = urlparse(request.url)
        if url.scheme not in ("data", "blob") and url.netloc != self.host:
            self.complaints.append(f"request to {request.url}")


@pytest.fixture(scope="session")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """A browser profile whose cache keeps the dashboard's scripts from test to test."""
    context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, dashboard: str) -> Iterator[Page]:
    """A fresh page of the dashboard; the test fails if the monitor records anything.

    Each page has its own session on the server. Storage and cookies are emptied after the test.
    """
    page = context.new_page()
    monitor = Monitor(urlparse(dashboard).netloc)
    page.on("console", monitor.console)
    page.on("pageerror", monitor.error)
    page.on("request", monitor.request)
    page.goto(dashboard)
    yield page
    page.evaluate("localStorage.clear()")
    page.close()
    context.clear_cookies()
    assert monitor.complaints == []


@pytest.fixture(scope="session")
def music() -> np.ndarray:
    """Ten seconds of synthetic music at 44.1 kHz, ``shape=(n,)``."""
    return song_samples(10.0, sample_rate=RATE)


@pytest.fixture(scope="session")
def mp3(music: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The music as MP3, with Markdown and HTML in its name."""
    path = tmp_path_factory.mktemp("songs") / "*A* <b>song $x$ :red[by] [me](x) & _b_.mp3"
    soundfile.write(path, music, RATE, format="MP3")
    return path


@pytest.fixture(scope="session")
def m4a(music: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The music as AAC in an M4A file."""
    path = tmp_path_factory.mktemp("songs") / "song.m4a"
    with av.open(str(path), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=RATE, layout="mono")
        frame = av.AudioFrame.from_ndarray(
            music[np.newaxis].astype(np.float32), format="fltp", layout="mono"
        )
        frame.sample_rate = RATE
        for packet in (*stream.encode(frame), *stream.encode(None)):
            container.mux(packet)
    return path
