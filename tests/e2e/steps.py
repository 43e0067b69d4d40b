"""What browser tests do on every page."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

WAIT_MS = 120_000  # for the first answer: the networks may still be loading, on a busy machine
PLAYER = ".player[data-ready]"


def upload(page: Page, path: Path) -> None:
    """Choose a file as the song."""
    page.locator("input[type=file]").set_input_files(path)


def settled(page: Page) -> None:
    """Wait until the server has nothing left to draw."""
    page.wait_for_timeout(300)
    expect(page.locator(".stApp[data-test-script-state=running]")).to_have_count(0)


def tracks(page: Page) -> list[str]:
    """Return the names of the player's tracks once all three are there."""
    expect(page.locator(f"{PLAYER} .tracks input")).to_have_count(3)
    settled(page)
    return [track.get_attribute("value") or "" for track in page.locator(".tracks input").all()]


def position(page: Page) -> float:
    """Return the second of the song where the player is."""
    return float(page.locator(PLAYER).get_attribute("data-position") or "nan")


def picture(page: Page) -> str:
    """Return what the player draws, as a digest."""
    url = page.locator(f"{PLAYER} canvas").evaluate("(canvas) => canvas.toDataURL()")
    return hashlib.sha256(url.encode()).hexdigest()


def slider(page: Page, label: str) -> Locator:
    """Return a slider by its label."""
    return page.get_by_role("slider", name=label)


def evidence_heading(page: Page) -> Locator:
    """Return the heading that says what is explained."""
    return page.get_by_role("heading", name=re.compile("^Why "))


def visit(page: Page, title: str) -> None:
    """Go to another page by its name in the navigation."""
    page.get_by_role("link", name=title).click()
    settled(page)


def choose(page: Page, label: str, option: str) -> None:
    """Choose an option of a select box."""
    settled(page)
    box = page.get_by_role("combobox", name=label)
    box.scroll_into_view_if_needed()
    page.wait_for_timeout(300)  # a menu closes when the page scrolls
    box.click()
    page.get_by_role("option", name=option, exact=True).click()
    settled(page)
