"""The page *Listen* in a browser, from the upload to the sound of the evidence."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
import soundfile
from playwright.sync_api import Browser, Page, expect

from tests.e2e.conftest import RATE
from tests.e2e.steps import (
    PLAYER,
    WAIT_MS,
    evidence_heading,
    picture,
    position,
    settled,
    slider,
    tracks,
    upload,
)
from tests.synthetic import song_samples

pytestmark = pytest.mark.e2e

DURATION_S = 10.0
LEFT = 60  # CSS pixels of the frequency axis


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


@pytest.mark.parametrize("kind", ["mp3", "m4a"])
def test_an_upload_is_classified_explained_and_played(
    page: Page, kind: str, request: pytest.FixtureRequest
) -> None:
    upload(page, request.getfixturevalue(kind))

    cards = page.locator(".prediction")
    expect(cards).to_have_count(3)
    assert [card.locator(".model").inner_text() for card in cards.all()] == [
        "CNN",
        "CNN-LSTM",
        "MSD-musicnn",
    ]
    for card in cards.all():
        assert re.search(r"\d\s%", card.locator(".genre").inner_text())

    assert tracks(page) == ["original", "kept", "removed"]
    before = page.locator(".tracks b").all_inner_texts()
    assert len(before) == 3
    assert all(re.match(r"[<>]?\s?\d+\s%", text) for text in before)
    page.locator(".views").get_by_text("Mel spectrogram").click()
    page.locator(".tracks label").nth(1).click()
    sparse = picture(page)
    slider(page, "Amount kept").press("End")
    expect(page.get_by_text("On the important parts alone (90\u202f%)")).to_be_visible()
    settled(page)
    assert picture(page) != sparse, "the picture shows the important parts"
    assert page.locator(PLAYER).get_attribute("data-track") == "kept", "the track stays chosen"
    expect(page.locator(".stAlert, .stException")).to_have_count(0)

    with page.expect_download(timeout=WAIT_MS) as download:
        page.get_by_role("button", name="Important parts (WAV)").click()
    assert re.fullmatch(r"[A-Za-z0-9-]+-important-90\.wav", download.value.suggested_filename)
    saved = soundfile.info(download.value.path())
    assert saved.format == "WAV"
    assert saved.duration == pytest.approx(DURATION_S, abs=0.1)


def test_the_player_keeps_its_position_when_its_controls_are_used(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    tracks(page)
    segment = position(page)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1_200)
    assert segment + 0.3 < position(page) < segment + 4
    before = position(page)
    page.locator(".tracks label").nth(2).click()
    after = position(page)
    assert before <= after < before + 2.5, "another track goes on where the last one was"
    page.wait_for_timeout(500)
    assert position(page) > after
    page.get_by_role("button", name="Pause").click()
    stopped = position(page)
    page.wait_for_timeout(300)
    assert position(page) == stopped

    page.get_by_text("Whole song", exact=True).click()
    stage = page.locator(".stage")
    box = stage.bounding_box()
    assert box is not None
    plot = box["width"] - LEFT - 8
    stage.click(position={"x": LEFT + 0.7 * plot, "y": 100})
    assert position(page) == pytest.approx(0.7 * DURATION_S, abs=0.15)
    stage.press("ArrowLeft")
    assert position(page) == pytest.approx(0.7 * DURATION_S - 1, abs=0.15)

    # A drag marks a region, which is repeated.
    page.mouse.move(box["x"] + LEFT + 0.2 * plot, box["y"] + 100)
    page.mouse.down()
    page.mouse.move(box["x"] + LEFT + 0.25 * plot, box["y"] + 100, steps=4)
    page.mouse.up()
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "true")
    stage.press(" ")
    for _ in range(6):
        page.wait_for_timeout(200)
        assert 0.19 * DURATION_S <= position(page) <= 0.26 * DURATION_S
    stage.press(" ")
    stage.press("l")
    expect(page.get_by_role("button", name="Loop")).to_have_attribute("aria-pressed", "false")

    start = position(page)
    stage.press("h")
    stage.press(" ")
    page.wait_for_timeout(1_500)
    stage.press(" ")
    assert 0.3 < position(page) - start < 1.4, "half speed"


def test_the_evidence_can_be_faded_and_shown_on_mel_bands(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    tracks(page)
    pictures = [picture(page)]
    page.locator(".views").get_by_text("Mel spectrogram").click()
    pictures.append(picture(page))
    page.get_by_label("Opacity of the evidence").press("Home")
    pictures.append(picture(page))
    assert len(set(pictures)) == 3
    expect(page.locator(".player .legend")).to_contain_text("against")


def test_a_link_opens_the_same_view_for_someone_else(page: Page, browser: Browser) -> None:
    page.get_by_role("radio", name="Mirror Ball").click()
    tracks(page)
    page.get_by_role("radio", name="CNN-LSTM").click()
    settled(page)
    slider(page, "Segment to explain").press("ArrowRight")
    settled(page)
    heading = evidence_heading(page).inner_text()
    context = browser.new_context()
    other = context.new_page()
    other.goto(page.url)
    expect(other.get_by_role("heading", name="Mirror Ball")).to_be_visible()
    expect(evidence_heading(other)).to_have_text(heading)
    expect(other.get_by_role("radio", name="CNN-LSTM")).to_be_checked()
    context.close()


def test_a_report_opens_without_a_server_and_plays(
    page: Page, mp3: Path, browser: Browser, tmp_path: Path
) -> None:
    upload(page, mp3)
    tracks(page)
    with page.expect_download(timeout=WAIT_MS) as download:
        page.get_by_role("button", name="Report (HTML)").click()
    file = tmp_path / "report.html"
    download.value.save_as(file)
    context = browser.new_context(offline=True)
    report = context.new_page()
    errors: list[str] = []
    report.on("console", lambda message: errors.append(message.text))
    report.on("pageerror", lambda error: errors.append(str(error)))
    report.goto(file.as_uri())
    expect(report.get_by_role("heading", name=mp3.name)).to_be_visible()
    tracks(report)
    report.get_by_role("button", name="Play", exact=True).click()
    report.wait_for_timeout(800)
    assert position(report) > 0.2
    assert errors == []
    context.close()

    with page.expect_download(timeout=WAIT_MS) as download:
        page.get_by_role("button", name="Results (JSON)").click()
    results = json.loads(Path(download.value.path()).read_text(encoding="utf-8"))
    assert results["song"]["name"] == mp3.name
    assert len(results["explanation"]["segments"]) == len(results["segments"]) == 3


def test_an_untrusted_name_is_shown_as_it_is(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()


def test_a_click_on_the_timeline_explains_that_segment(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    tracks(page)
    settled(page)
    timeline = page.locator(".timeline")
    timeline.scroll_into_view_if_needed()
    box = timeline.bounding_box()
    assert box is not None
    width = box["width"] - 80
    places = {"0:03–0:06": 0.5, "0:00–0:03": 0.1, "0:06–0:09": 0.9}
    for span, share in places.items():  # one after the other, without waiting for the page
        timeline.click(position={"x": 76 + share * width, "y": 80})
        expect(timeline).to_have_attribute("aria-valuetext", span, timeout=500)
    expect(evidence_heading(page)).to_contain_text("0:06–0:09")
    settled(page)
    timeline.press("Home")
    expect(evidence_heading(page)).to_contain_text("0:00–0:03")
    timeline.press("ArrowRight")
    timeline.press("ArrowRight")
    expect(evidence_heading(page)).to_contain_text("0:06–0:09")
    page.get_by_role("button", name="Previous segment").click()
    expect(evidence_heading(page)).to_contain_text("0:03–0:06")
    page.get_by_role("button", name="Next segment").click()
    expect(evidence_heading(page)).to_contain_text("0:06–0:09")
    expect(page.get_by_role("button", name="Next segment")).to_be_disabled()
    timeline.hover(position={"x": 76 + 0.5 * width, "y": 4 + 28 * 4.5})
    expect(page.locator(".tip")).to_have_text(re.compile(r"^0:03–0:06 · hip-hop .+%$"))

    slider(page, "Segment to explain").press("ArrowLeft")
    expect(evidence_heading(page)).to_contain_text("0:03–0:06")


def test_hovering_the_evidence_shows_time_row_value_and_shap(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    tracks(page)
    settled(page)
    stage = page.locator(".stage")
    stage.hover(position={"x": 300, "y": 150})
    text = page.locator(".readout")
    expect(text).to_have_text(
        re.compile(r"0:0\d\.\d\d · MFCC \d+ · value [−-]?\d+\.\d · SHAP for \S+ [+−]0\.\d{5}")
    )
    page.locator(".views").get_by_text("Mel spectrogram").click()
    stage.hover(position={"x": 300, "y": 150})
    expect(text).to_have_text(re.compile(r" · [\d\u202f]+ Hz · level −\d+\.\d dB · SHAP for "))


def test_model_and_genre_can_be_chosen_and_a_new_song_starts_over(
    page: Page, mp3: Path, m4a: Path
) -> None:
    upload(page, mp3)
    tracks(page)
    page.get_by_role("radio", name="CNN-LSTM").click()
    settled(page)
    expect(page.get_by_role("radio", name="CNN-LSTM")).to_be_checked()

    predicted = page.locator(".prediction").nth(1).locator("dt").first.inner_text()
    other = "Reggae" if predicted != "Reggae" else "Blues"
    page.get_by_role("combobox", name="Genre to explain").click()
    page.get_by_role("option", name=other).click()
    expect(evidence_heading(page)).to_contain_text(other.lower())
    settled(page)

    page.get_by_role("combobox", name="Compared with").click()
    page.get_by_role("option", name="Classical").click()
    expect(evidence_heading(page)).to_contain_text(f"{other.lower()} rather than classical")
    expect(page.locator(".contributions")).to_contain_text("average log-odds of")
    settled(page)

    page.get_by_role("button", name="Remove").click()
    expect(page.get_by_text("Play only the important parts")).to_be_visible()
    expect(page.locator(".prediction")).to_have_count(0)
    upload(page, m4a)
    expect(evidence_heading(page)).to_contain_text(predicted.lower())


def test_an_upload_replaces_an_example(page: Page, mp3: Path) -> None:
    examples = page.get_by_role("radiogroup", name="Example songs").get_by_role("radio")
    expect(examples.nth(2)).to_be_visible()
    title = examples.first.inner_text()
    examples.first.click()
    expect(page.get_by_role("heading", name=title)).to_be_visible()
    tracks(page)
    settled(page)
    upload(page, mp3)
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()
    expect(examples.first).not_to_be_checked()


def test_a_short_song_comes_with_a_note_on_padding(
    page: Page, music: np.ndarray, tmp_path: Path
) -> None:
    path = tmp_path / "short.wav"
    soundfile.write(path, music[: 2 * RATE], RATE)
    upload(page, path)
    expect(page.get_by_text("padded with silence")).to_be_visible()
    tracks(page)
    expect(page.locator(".player .duration")).to_have_text("0:02")


@pytest.mark.parametrize("content", [b"", b"not audio at all " * 100])
def test_a_file_that_is_no_song_gives_an_error_message(
    page: Page, content: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "broken.mp3"
    path.write_bytes(content)
    upload(page, path)
    alert = page.get_by_role("alert")
    expect(alert).to_have_count(1)
    assert re.fullmatch(r"The file .+\.", alert.inner_text().splitlines()[-1])
    assert "Traceback" not in page.locator("body").inner_text()
    expect(page.locator(".prediction")).to_have_count(0)


def test_long_work_can_be_stopped_and_continued(page: Page, tmp_path: Path) -> None:
    path = tmp_path / "long.flac"
    soundfile.write(path, np.tile(song_samples(30.0, seed=7, sample_rate=RATE), 4), RATE)
    upload(page, path)
    page.get_by_role("button", name="Stop").click()
    go_on = page.get_by_role("button", name="Continue")
    expect(go_on).to_be_visible()
    settled(page)
    assert len(page.locator(".tracks input").all()) == 1, "the song itself can be played"
    slider(page, "Segment to explain").press("End")
    expect(evidence_heading(page)).to_contain_text("1:57")
    go_on.click()
    assert tracks(page) == ["original", "kept", "removed"]

    # The surroundings of the segment can be played before the rest of the song.
    kept = page.locator(".tracks label").nth(1)
    expect(kept).to_have_text(re.compile(r"\d\s%"))
    slider(page, "Amount kept").press("ArrowRight")
    expect(kept).to_have_text(re.compile("…"))
    expect(page.get_by_text("Preparing the rest of the song")).to_be_visible()
    expect(kept).to_have_text(re.compile(r"\d\s%"))
    expect(page.get_by_text("Preparing the rest of the song")).to_have_count(0)
