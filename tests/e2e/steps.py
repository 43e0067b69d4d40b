"""Steps that browser tests share."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

WAIT_MS = 120_000  # longest wait for a result while the networks load on a busy machine
PLAYER = ".player[data-ready]"


def upload(page: Page, path: Path) -> None:
    """Upload a file."""
    page.locator("input[type=file]").set_input_files(path)


def settled(page: Page) -> None:
    """Wait until the server has drawn the page."""
    page.wait_for_timeout(300)
    expect(page.locator(".stApp[data-test-script-state=running]")).to_have_count(0)


def tracks(page: Page) -> list[str]:
    """Wait for the three tracks of the player; return their names."""
    expect(page.locator(f"{PLAYER} .tracks input")).to_have_count(3)
    settled(page)
    return [track.get_attribute("value") or "" for track in page.locator(".tracks input").all()]


def position(page: Page) -> float:
    """Position of the player in seconds."""
    return float(page.locator(PLAYER).get_attribute("data-position") or "nan")


def picture(page: Page) -> str:
    """Digest of the picture in the player."""
    url = page.locator(f"{PLAYER} canvas").evaluate("(canvas) => canvas.toDataURL()")
    return hashlib.sha256(url.encode()).hexdigest()


def slider(page: Page, label: str) -> Locator:
    """Find a slider by its label."""
    return page.get_by_role("slider", name=label)


def evidence_heading(page: Page) -> Locator:
    """Find the heading of the explanation."""
    return page.get_by_role("heading", name=re.compile("^Why "))


def visit(page: Page, title: str) -> None:
    """Go to another page by its title."""
    page.get_by_role("link", name=title).click()
    settled(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select box."""
    settled(page)
    box = page.get_by_role("combobox", name=label, exact=True)
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # a menu closes when the page scrolls
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)
