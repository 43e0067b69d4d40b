"""Time the dashboard in a real browser against its budgets.

``python benchmarks/budgets.py`` creates a song of four minutes, starts the dashboard and drives it
in Chromium (with the requirements of the tests). It prints a table and writes
``models/budgets.json``. The exit code is 1 if a budget is exceeded.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import soundfile
from playwright.sync_api import Page, sync_playwright

from core.constants import MODELS_DIR
from core.storage import write_json
from tests.e2e.server import BROWSER_FLAGS, find_browser, free_port, start_dashboard
from tests.synthetic import song_samples

RATE = 44_100
SONG_S = 240.0
ROUNDS = 3  # runs per median
WAIT_MS = 300_000
WARM_UP_MS = 15_000  # for the warm-up runs of the networks, which continue in the background
BUDGETS = {  # seconds; of a long song, the part around the chosen segment comes first
    "open the first page": 2.0,
    "classify a four-minute MP3 with three models": 6.0,
    "explain a chosen segment": 1.0,
    "play a changed selection (20-second example)": 0.7,
    "play a changed selection (four-minute song)": 0.7,
}


def timed(action: Callable[[], object], finished: Callable[[], object]) -> float:
    """Time an action until its result is shown."""
    started = time.perf_counter()
    action()
    finished()
    return time.perf_counter() - started


def median(measure: Callable[[], float]) -> float:
    """Compute the median of `ROUNDS` measurements."""
    return float(np.median([measure() for _ in range(ROUNDS)]))


def long_song(folder: Path, seed: int) -> Path:
    """Write a song of four minutes as MP3, a different one for each seed."""
    part = song_samples(30.0, seed=seed, sample_rate=RATE)
    path = folder / f"song-{seed}.mp3"
    soundfile.write(path, np.tile(part, round(SONG_S / 30)), RATE, format="MP3")
    return path


def ready(page: Page) -> int:
    """Count the player's updates."""
    return int(page.locator(".player").get_attribute("data-ready") or 0)


def updated(page: Page, before: int) -> None:
    """Wait for the player's next update."""
    until = time.monotonic() + WAIT_MS / 1000
    while ready(page) <= before and time.monotonic() < until:
        page.wait_for_timeout(10)


def moved_slider(page: Page) -> float:
    """Time an update of the audio at a new slider position."""
    slider = page.get_by_role("slider", name="Amount kept")
    settled(page)
    before = ready(page)
    return timed(lambda: slider.press("ArrowRight"), lambda: updated(page, before))


def chosen_segment(page: Page) -> float:
    """Time the explanation of a newly chosen segment."""
    slider = page.get_by_role("slider", name="Segment to explain")
    before = ready(page)
    return timed(lambda: slider.press("ArrowRight"), lambda: updated(page, before))


def settled(page: Page) -> None:
    """Wait until the player has all three tracks and the page is idle."""
    page.locator(".player .tracks input").nth(2).wait_for(state="attached", timeout=WAIT_MS)
    page.get_by_text("Preparing the rest of the song").wait_for(state="detached", timeout=WAIT_MS)
    page.wait_for_timeout(1_000)
    page.wait_for_function(
        "!document.querySelector('.stApp[data-test-script-state=running]')", timeout=WAIT_MS
    )


def measure(page: Page, url: str, songs: list[Path]) -> dict[str, float]:
    """Time every action that has a budget."""
    heading = page.get_by_role("heading", name="Groove-Guide")

    def open_page() -> float:
        return timed(lambda: page.goto(url), lambda: heading.wait_for(timeout=WAIT_MS))

    found = {"open the first page": median(open_page)}
    page.get_by_role("radio", name="Mirror Ball").click(timeout=WAIT_MS)
    settled(page)  # everything is loaded and traced by now
    page.wait_for_timeout(WARM_UP_MS)
    found["play a changed selection (20-second example)"] = median(lambda: moved_slider(page))

    predictions = []
    for song in songs:
        upload = page.locator("input[type=file]")
        title = page.get_by_role("heading", name=song.name)
        predictions.append(
            timed(
                lambda upload=upload, song=song: upload.set_input_files(song),  # type: ignore[misc]
                lambda title=title: title.wait_for(timeout=WAIT_MS),  # type: ignore[misc]
            )
        )
        page.get_by_role("button", name="Stop").click(timeout=WAIT_MS)
        page.get_by_role("button", name="Continue").wait_for(timeout=WAIT_MS)
        page.wait_for_timeout(1_000)
    found["classify a four-minute MP3 with three models"] = float(np.median(predictions))
    slider = page.get_by_role("slider", name="Segment to explain")
    slider.press("Home")
    page.wait_for_timeout(3_000)
    for _ in range(20):  # beyond the segments that were explained before the stop
        slider.press("ArrowRight")
    page.wait_for_timeout(5_000)
    found["explain a chosen segment"] = median(lambda: chosen_segment(page))
    page.get_by_role("button", name="Continue").click()
    settled(page)
    found["play a changed selection (four-minute song)"] = median(lambda: moved_slider(page))
    return {name: found[name] for name in BUDGETS}


def main() -> int:
    """Measure, print and write the waiting times."""
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        songs = [long_song(Path(folder), seed) for seed in range(ROUNDS)]
        server = start_dashboard(port, Path(folder) / "log.txt")
        try:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_FLAGS)
            found = measure(browser.new_page(), f"http://127.0.0.1:{port}/", songs)
        finally:
            server.terminate()
            server.wait()
    print("| action | time (s) | budget (s) |\n|---|---|---|")
    for name, seconds in found.items():
        print(f"| {name} | {seconds:.2f} | {BUDGETS[name]:.1f} |")
    write_json(MODELS_DIR / "budgets.json", {"seconds": found, "budgets": BUDGETS})
    return int(any(seconds > BUDGETS[name] for name, seconds in found.items()))


if __name__ == "__main__":
    sys.exit(main())
