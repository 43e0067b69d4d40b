"""Names of uploaded files are only text: the browser neither interprets nor requests them."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Dialog, Page, expect

from core.audio.io import clean_name
from tests.e2e.steps import WAIT_MS, settled

pytestmark = pytest.mark.e2e

NAMES = (
    "<img src=x onerror=alert(1)>.mp3",
    "![picture](https://192.0.2.1/x.png) <script>alert(1)<script>.mp3",
    "bell\x07 escape\x1b[2J \u202ereversed \x9b31m.mp3",
    "x" * 251 + ".mp3",
)


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


@pytest.mark.parametrize("name", NAMES, ids=["HTML", "Markdown", "control characters", "255 bytes"])
def test_a_name_is_only_text(page: Page, mp3: Path, name: str) -> None:
    dialogs: list[str] = []

    def note(dialog: Dialog) -> None:
        dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    page.locator("input[type=file]").set_input_files(
        {"name": name, "mimeType": "audio/mpeg", "buffer": mp3.read_bytes()}
    )
    expect(page.get_by_role("heading", name=clean_name(name), exact=True)).to_be_visible()
    expect(page.locator(".prediction")).to_have_count(3)
    settled(page)
    assert page.locator("img[src='x'], img[src*='192.0.2.1']").count() == 0
    assert page.locator("script", has_text="alert(1)").count() == 0
    assert dialogs == []


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"#EXTM3U\nhttp://192.0.2.1/song.mp3\n", "The file is not audio but a playlist."),
        (b"PK\3\4" + bytes(1_000), "The file is not audio but a ZIP archive."),
        (b"", "The file is empty."),
    ],
)
def test_another_file_is_refused_with_a_sentence(page: Page, content: bytes, sentence: str) -> None:
    page.locator("input[type=file]").set_input_files(
        {"name": "song.mp3", "mimeType": "audio/mpeg", "buffer": content}
    )
    expect(page.get_by_text(sentence).first).to_be_visible()
    expect(page.locator(".stException")).to_have_count(0)
