"""Start the dashboard as users do, and find a browser."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]
START_S = 120  # longest start of the server, on a busy machine


def find_browser() -> str | None:
    """Path of an installed browser; None if there is none."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


def free_port() -> int:
    """Find a free port."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def start_dashboard(port: int, log: Path, *flags: str) -> subprocess.Popen[bytes]:
    """Start the dashboard, with flags of Python; return its process once the server responds."""
    command = [sys.executable, *flags, "-m", "streamlit", "run", "dashboard/app.py"]
    options = {"headless": "true", "port": port, "address": "127.0.0.1"}
    for name, value in options.items():
        command += [f"--server.{name}", str(value)]
    with log.open("wb") as stream:
        process = subprocess.Popen(command, cwd=PROJECT, stdout=stream, stderr=subprocess.STDOUT)
    until = time.monotonic() + START_S
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_stcore/health", timeout=5):
                return process
        except (urllib.error.URLError, OSError):
            time.sleep(0.2)
    process.kill()
    process.wait()
    raise RuntimeError(f"The dashboard did not start:\n{log.read_text(errors='replace')}")
