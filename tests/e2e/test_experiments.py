"""The experiments on *Compare* in a browser: order, evidence in time, smallest parts."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.steps import PLAYER, WAIT_MS, choose, picture, position, settled, tracks, visit

pytestmark = pytest.mark.e2e
EXAMPLE = "Mirror Ball"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


def test_a_segment_is_played_in_other_orders_and_both_models_are_compared(page: Page) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    tracks(page)
    visit(page, "Compare")
    answer = page.get_by_text(re.compile(r"At 0:\d\d–0:\d\d, they (dis)?agree"))
    expect(answer).to_contain_text(
        re.compile(
            r"their SHAP values for disco correlate by [+−]0\.\d\d and the order of the frames "
            r"matters"
        )
    )
    player = page.locator(PLAYER)
    expect(player.locator(".tracks input")).to_have_count(8)
    expect(player.locator(".scope")).to_contain_text("for the audio as played (CNN / CNN-LSTM)")
    notes = player.locator(".tracks b").all_inner_texts()
    assert all(re.fullmatch(r"[<>]?\s?\d+\s% / [<>]?\s?\d+\s%", note) for note in notes), notes

    before = picture(page)
    player.locator(".tracks label").last.click()
    expect(player).to_have_attribute("data-track", "backwards")
    expect(player).to_have_attribute("data-kind", "waveform")
    assert picture(page) != before
    player.get_by_role("button", name="Play").click()
    expect(player).to_have_attribute("data-position", re.compile(r"^(0\.[3-9]|[12]\.)"))
    assert position(page) < 3.1

    page.get_by_text("Predictions for the played audio and for the spectrogram").click()
    table = page.get_by_role("region", name="Versions: probability of disco")
    expect(table.locator("tbody tr")).to_have_count(8)
    page.get_by_text("Find the smallest sufficient and necessary parts").click()
    expect(page.get_by_text(re.compile(r"From \d+\s% of the segment alone"))).to_have_count(2)
    expect(answer).to_contain_text(re.compile(r"smallest sufficient part"))
    settled(page)
    expect(page.locator(".stAlert, .stException")).to_have_count(0)


def test_models_without_frames_say_what_is_missing(page: Page) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    tracks(page)
    visit(page, "Compare")
    choose(page, "Second model", "Random forest")
    expect(
        page.get_by_text("These experiments need two models that read a spectrogram")
    ).to_be_visible()
    expect(page.locator(PLAYER)).to_have_count(0)
    expect(page.locator(".stAlert, .stException")).to_have_count(0)
