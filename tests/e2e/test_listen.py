"""The page *Listen* in a real browser, from the upload to the sound of the evidence."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Locator, Page, expect

from tests.e2e.conftest import RATE

pytestmark = pytest.mark.e2e

WAIT_MS = 400_000  # for the first answer: the networks may still be loading, on a busy machine
DURATION_S = 10.0


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


def upload(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)


def players(page: Page) -> list[dict[str, Any]]:
    """Return state, duration and digest of the three players, once they have all loaded."""
    page.wait_for_function(
        """() => {
            const players = [...document.querySelectorAll("audio")];
            return players.length === 3 && players.every((p) => p.readyState > 0 || p.error);
        }""",
        timeout=WAIT_MS,
    )
    found = page.evaluate(
        """() => [...document.querySelectorAll("audio")].map((p) => ({
            error: p.error && p.error.message, duration: p.duration, url: p.src }))"""
    )
    for player in found:
        content = page.request.get(player["url"]).body()
        player["digest"] = hashlib.sha256(content).hexdigest()
    return found


def settled(page: Page) -> None:
    """Wait until the server has nothing left to draw."""
    page.wait_for_timeout(300)
    expect(page.locator(".stApp[data-test-script-state=running]")).to_have_count(0)


def slider(page: Page, label: str) -> Locator:
    return page.get_by_role("slider", name=label)


def evidence_heading(page: Page) -> Locator:
    return page.get_by_role("heading", name=re.compile("^Why "))


@pytest.mark.parametrize("kind", ["mp3", "m4a"])
def test_an_upload_is_judged_explained_and_played(
    page: Page, kind: str, request: pytest.FixtureRequest
) -> None:
    upload(page, request.getfixturevalue(kind))

    cards = page.locator(".verdict")
    expect(cards).to_have_count(2)
    assert [card.locator(".model").inner_text() for card in cards.all()] == ["CNN", "CNN-LSTM"]
    for card in cards.all():
        assert re.search(r"\d\s%", card.locator(".genre").inner_text())

    before = players(page)
    slider(page, "How much of the sound counts as important").press("ArrowRight")
    expect(page.get_by_text("25\u202f% of the sound")).to_be_visible()
    settled(page)
    after = players(page)

    for player in before + after:
        assert player["error"] is None
        assert player["duration"] == pytest.approx(DURATION_S, abs=0.1)
    original, kept, rest = (
        [state[index]["digest"] for state in (before, after)] for index in range(3)
    )
    assert original[0] == original[1], "the original does not depend on the slider"
    assert kept[0] != kept[1]
    assert rest[0] != rest[1]
    assert len({player["digest"] for player in before}) == 3
    expect(page.locator(".stAlert, .stException")).to_have_count(0)

    with page.expect_download(timeout=WAIT_MS) as download:
        page.get_by_role("button", name="Save as WAV").first.click()
    assert re.fullmatch(r"[A-Za-z0-9-]+-important-25\.wav", download.value.suggested_filename)
    saved = soundfile.info(download.value.path())
    assert saved.format == "WAV"
    assert saved.duration == pytest.approx(DURATION_S, abs=0.1)


def test_an_untrusted_name_is_shown_as_it_is(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()


def test_a_click_on_the_timeline_explains_that_segment(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    players(page)
    settled(page)
    area = page.locator(".stPlotlyChart .nsewdrag").first
    box = area.bounding_box()
    assert box is not None
    for share, span in ((0.5, "0:03–0:06"), (0.1, "0:00–0:03"), (0.9, "0:06–0:09")):
        area.click(position={"x": share * box["width"], "y": 0.3 * box["height"]})
        expect(evidence_heading(page)).to_contain_text(span)
        settled(page)

    slider(page, "Segment to explain").press("ArrowLeft")
    expect(evidence_heading(page)).to_contain_text("0:03–0:06")


def test_hovering_the_evidence_tells_time_coefficient_value_and_shap(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    players(page)
    settled(page)
    page.locator(".stPlotlyChart .nsewdrag").nth(1).hover()
    text = page.locator(".stPlotlyChart .hoverlayer").nth(1)
    expect(text).to_contain_text(re.compile(r"0:0\d\.\d\d in the song · coefficient \d+"))
    expect(text).to_contain_text(re.compile(r"value [−-]?\d+\.\d"))
    expect(text).to_contain_text(re.compile(r"SHAP for \S+ [+−-]0\.\d+"))


def test_network_and_genre_can_be_chosen_and_a_new_song_starts_over(
    page: Page, mp3: Path, m4a: Path
) -> None:
    upload(page, mp3)
    players(page)
    page.get_by_role("radio", name="CNN-LSTM").click()
    settled(page)
    expect(page.get_by_text("The whole song as the CNN-LSTM hears it")).to_be_visible()

    verdict = page.locator(".verdict").nth(1).locator("dt").first.inner_text()
    other = "Reggae" if verdict != "Reggae" else "Blues"
    page.get_by_role("combobox", name="Genre to explain").click()
    page.get_by_role("option", name=other).click()
    expect(evidence_heading(page)).to_contain_text(other.lower())
    settled(page)

    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Hear only the parts that mattered")).to_be_visible()
    expect(page.locator(".verdict")).to_have_count(0)
    upload(page, m4a)
    expect(evidence_heading(page)).to_contain_text(verdict.lower())


def test_an_example_is_judged_and_makes_room_for_an_upload(page: Page, mp3: Path) -> None:
    examples = page.get_by_role("radiogroup", name="Or one of these examples").get_by_role("radio")
    expect(examples.nth(2)).to_be_visible()
    title = examples.first.inner_text()
    examples.first.click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    players(page)
    settled(page)
    upload(page, mp3)
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()
    expect(examples.first).not_to_be_checked()


def test_a_short_song_says_that_it_was_filled_up(
    page: Page, music: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, music[: 2 * RATE], RATE)
    upload(page, path)
    expect(page.get_by_text("filled up with silence")).to_be_visible()
    assert [player["duration"] for player in players(page)] == pytest.approx([2.0] * 3, abs=0.1)


@pytest.mark.parametrize("content", [b"", b"not audio at all " * 100])
def test_a_file_that_is_no_song_gives_a_sentence(
    page: Page, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "broken.mp3"
    path.write_bytes(content)
    upload(page, path)
    alert = page.get_by_role("alert")
    expect(alert).to_have_count(1)
    assert re.fullmatch(r"The file .+\.", alert.inner_text().splitlines()[-1])
    assert "Traceback" not in page.locator("body").inner_text()
    expect(page.locator(".verdict")).to_have_count(0)
