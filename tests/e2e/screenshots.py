"""Take screenshots of every page: wide and narrow, light and dark, and of Listen without a song.

python -m tests.e2e.screenshots [--out DIR] [--song FILE | --example TITLE] [--readme]

``--readme`` takes only docs/listen.png.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

from playwright.sync_api import Browser, Page, sync_playwright

from tests.e2e.server import BROWSER_FLAGS, PROJECT, find_browser, free_port, start_dashboard

SIZES = {"wide": (1440, 900), "narrow": (390, 844)}  # pixels
PAGES = ("Listen", "Compare", "Genres", "Scores", "Classroom")
WAIT_MS = 300_000
README_PICTURE = PROJECT / "docs" / "listen.png"
README_SIZE = (1280, 900)


def open_page(browser: Browser, url: str, size: tuple[int, int], scheme: str) -> Page:
    """Open a page of the dashboard and wait until it is drawn."""
    page = browser.new_page(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if scheme == "dark" else "light",
    )
    page.goto(url)
    page.get_by_role("heading", name="Groove-Guide").wait_for(timeout=WAIT_MS)
    return page


def drawn(page: Page) -> None:
    """Wait until the server has drawn the page."""
    for _ in range(2):  # a run may request another one
        page.wait_for_timeout(1_500)
        page.wait_for_function(
            "!document.querySelector('.stApp[data-test-script-state=running]')", timeout=WAIT_MS
        )
    page.mouse.move(0, 0)


def choose(page: Page, song: Path | None, example: str) -> None:
    """Choose a song and wait until the page is drawn."""
    if song is not None:
        page.locator("input[type=file]").set_input_files(song)
    else:
        page.get_by_role("radio", name=example).click()
    page.locator(".player .tracks input").nth(2).wait_for(state="attached", timeout=WAIT_MS)
    drawn(page)


def visit(page: Page, title: str) -> None:
    """Go to another page."""
    page.get_by_role("link", name=title).click()
    drawn(page)


def whole_page(page: Page, path: Path) -> None:
    """Take a screenshot of the whole page."""
    height = page.evaluate("document.querySelector('.stMain').scrollHeight")
    size = page.viewport_size
    assert size is not None
    page.set_viewport_size({"width": size["width"], "height": height})
    page.wait_for_timeout(1_500)  # charts adapt
    page.screenshot(path=path)
    page.set_viewport_size(size)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--out", type=Path, default=PROJECT / "out" / "screenshots")
    parser.add_argument("--song", type=Path, help="file to upload instead of an example")
    parser.add_argument("--example", default="Mirror Ball", help="title of an example song")
    parser.add_argument("--readme", action="store_true")
    options = parser.parse_args()
    port = free_port()
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        server = start_dashboard(port, Path(folder) / "log.txt")
        url = f"http://127.0.0.1:{port}/"
        try:
            browser = playwright.chromium.launch(executable_path=find_browser(), args=BROWSER_FLAGS)
            if options.readme:
                README_PICTURE.parent.mkdir(exist_ok=True)
                page = open_page(browser, url, README_SIZE, "light")
                choose(page, options.song, options.example)
                whole_page(page, README_PICTURE)
                return
            options.out.mkdir(parents=True, exist_ok=True)
            for scheme in ("light", "dark"):
                for name, size in SIZES.items():
                    page = open_page(browser, url, size, scheme)
                    page.get_by_role("radio", name=options.example).wait_for(timeout=WAIT_MS)
                    page.screenshot(path=options.out / f"empty-{name}-{scheme}.png")
                    choose(page, options.song, options.example)
                    for title in PAGES:
                        if title != PAGES[0]:
                            visit(page, title)
                        whole_page(page, options.out / f"{title.lower()}-{name}-{scheme}.png")
                    page.close()
        finally:
            server.terminate()
            server.wait()


if __name__ == "__main__":
    main()
