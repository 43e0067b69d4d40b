"""A page that stays open while the server is restarted says what is gone, and works on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, Page, expect

from tests.e2e.server import free_port, start_dashboard
from tests.e2e.steps import WAIT_MS, evidence_heading, settled, upload

RECONNECTION_MS = 240_000  # Streamlit waits longer after every attempt


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """A page of another server than the shared one."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    try:
        page = context.new_page()
        page.goto(address)
        yield page
    finally:
        context.close()


def test_an_open_page_survives_a_restart_of_the_server(
    browser: Browser, mp3: Path, tmp_path: Path
) -> None:
    expect.set_options(timeout=WAIT_MS)
    port = free_port()
    process = start_dashboard(port, tmp_path / "first.txt")
    try:
        with opened(browser, f"http://127.0.0.1:{port}/") as page:
            errors: list[str] = []
            page.on("pageerror", lambda error: errors.append(str(error)))
            upload(page, mp3)
            expect(evidence_heading(page)).to_be_visible(timeout=3 * WAIT_MS)  # the networks load
            process.kill()  # no time to say goodbye
            process.wait()
            process = start_dashboard(port, tmp_path / "second.txt")
            connected = page.locator(".stApp[data-test-connection-state=CONNECTED]")
            expect(connected).to_have_count(1, timeout=RECONNECTION_MS)
            # The page stays as it is until the next click.
            expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()
            page.get_by_role("radio", name="CNN-LSTM").click()
            lost = page.get_by_text("restarting the server clears uploads")
            expect(lost).to_be_visible()
            expect(page.get_by_role("heading", name=mp3.name)).to_have_count(0)
            page.get_by_role("radio", name="Mirror Ball").click()
            heading = page.get_by_role("heading", name="Mirror Ball")
            expect(heading).to_be_visible(timeout=3 * WAIT_MS)  # and load once more
            expect(lost).to_have_count(0)
            settled(page)
            upload(page, mp3)
            expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()
            expect(evidence_heading(page)).to_be_visible()
            assert errors == []
        for log in ("first.txt", "second.txt"):
            assert "Traceback" not in (tmp_path / log).read_text(errors="replace")
    finally:
        process.kill()
        process.wait()
