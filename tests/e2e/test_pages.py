"""The pages *Compare*, *Genres*, *Scores* and *Classroom* in a browser."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from core.constants import GENRES, MODELS_DIR
from core.evaluation.predictions import load_predictions
from tests.e2e.steps import WAIT_MS, choose, settled, tracks, upload, visit

pytestmark = pytest.mark.e2e
EXAMPLE = "Mirror Ball"


@pytest.fixture(autouse=True)
def _patience() -> None:
    expect.set_options(timeout=WAIT_MS)


def charts(page: Page, count: int) -> None:
    """Wait until a page has drawn its charts, without an error."""
    expect(page.locator(".stPlotlyChart .main-svg").first).to_be_visible()
    expect(page.locator(".stPlotlyChart")).to_have_count(count)
    settled(page)
    expect(page.locator(".stAlert, .stException")).to_have_count(0)


def test_two_models_are_compared_on_one_song(page: Page, mp3: Path) -> None:
    upload(page, mp3)
    tracks(page)
    visit(page, "Compare")
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()
    expect(page.locator(".prediction")).to_have_count(2)
    expect(page.locator(".timeline")).to_have_count(2)
    charts(page, 5)
    expect(
        page.get_by_text(re.compile(r"Correlation of the two models' SHAP values .*: [−+]\d\.\d\d"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile(r"McNemar's test, p [=<] \d\.\d\d"))).to_have_count(2)

    overlays = page.locator(".stPlotlyChart").first
    overlays.locator(".nsewdrag").first.hover()
    expect(overlays.locator(".hoverlayer")).to_contain_text(
        re.compile(r"Hz · level −?-?\d+\.\d dB.*CNN [+−-]0\.\d{5}, CNN-LSTM [+−-]0\.\d{5}", re.S)
    )
    choose(page, "First model", "CNN-LSTM")
    expect(page.get_by_role("combobox", name="Second model")).to_have_value("CNN")
    assert "model=cnn_lstm" in page.url
    visit(page, "Listen")
    expect(page.get_by_role("radio", name="CNN-LSTM")).to_be_checked()
    expect(page.get_by_role("heading", name=mp3.name)).to_be_visible()


def test_models_that_read_features_show_their_most_important_features_and_time_steps(
    page: Page,
) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    tracks(page)
    visit(page, "Compare")
    choose(page, "First model", "BiLSTM")
    choose(page, "Second model", "Random forest")
    expect(
        page.get_by_text(re.compile(r"Exact Shapley values of the \d+ time steps"))
    ).to_be_visible()
    expect(page.get_by_text(re.compile(r"The 12 most important of \d+ features\."))).to_be_visible()
    expect(page.locator(".stAudio")).to_have_count(3)
    expect(page.get_by_text(re.compile(r": [<>]?\s?\d+\s% disco$"))).to_have_count(3)
    expect(page.get_by_text(re.compile(r"\d of \d time steps (is|are) evidence"))).to_be_visible()
    expect(page.locator(".stException")).to_have_count(0)


def test_without_yamnet_the_page_offers_its_download(page: Page) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    tracks(page)
    visit(page, "Compare")
    choose(page, "First model", "YAMNet-CNN (download required)")
    expect(page.get_by_role("button", name="Download YAMNet")).to_be_visible()
    expect(page.get_by_text("its checksum is verified")).to_be_visible()
    expect(page.locator(".stException")).to_have_count(0)


def test_models_with_different_grids_share_a_picture(page: Page) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    tracks(page)
    visit(page, "Compare")
    choose(page, "Second model", "MSD-musicnn")
    expect(page.get_by_text("evidence is shown on CNN's grid")).to_be_visible()
    charts(page, 5)


def test_a_cell_of_the_confusion_matrix_lists_its_songs(page: Page) -> None:
    visit(page, "Genres")
    charts(page, 4)
    expect(page.get_by_role("heading", name="Evidence for blues")).to_be_visible()
    choose(page, "Genre", "Metal")
    expect(page.get_by_role("heading", name="Evidence for metal")).to_be_visible()
    assert "genre=metal" in page.url

    matrix = page.locator(".stPlotlyChart").nth(3).locator(".nsewdrag").first
    box = matrix.bounding_box()
    assert box is not None
    cell = box["width"] / 10, box["height"] / 10
    matrix.click(position={"x": 5.5 * cell[0], "y": 0.5 * cell[1]})  # blues predicted as jazz
    table = page.get_by_role("region", name=re.compile("songs"))
    expect(table.locator("tbody th").first).to_have_text(re.compile(r"blues\.\d{5}"))
    expect(page.get_by_role("combobox", name="Predicted genre")).to_have_value("Jazz")


def test_every_score_has_its_interval_and_its_protocol(page: Page) -> None:
    visit(page, "Scores")
    charts(page, 8)
    table = page.get_by_role(
        "region", name=re.compile(r"^95\s% confidence intervals in small type")
    )
    rows = table.locator("tbody tr").all_inner_texts()
    scores = json.loads((MODELS_DIR / "scores.json").read_text(encoding="utf-8"))
    assert len(rows) == sum("test" in row for key, row in scores.items() if "/artist" in key)
    cell = re.compile(r"0\.\d{3}\n0\.\d\d–[01]\.\d\d, n = \d+")
    shown = sum(len(cell.findall(row)) for row in rows)
    assert shown == sum("test" in row for row in scores.values())
    assert table.locator("thead th").filter(has_text="leakage").count() == 2
    truth = page.get_by_role(
        "region", name=re.compile(r"^\d+ segments of \d+ songs by unseen artists")
    )
    before = truth.inner_text()
    page.get_by_role("radio", name="10\u202f%").click()
    expect(truth).not_to_have_text(before)
    page.get_by_role("radio", name="Segments", exact=True).click()
    report = page.get_by_role("region", name="Classification report")
    labels = load_predictions(MODELS_DIR, "cnn", "artist").labels
    blues = int(np.sum(labels == GENRES.index("blues")))
    expect(report.locator("tbody tr").first).to_have_text(re.compile(f"^Blues.*{blues}$", re.S))


def test_a_mix_of_two_songs_is_shown_and_played_with_its_ground_truth(page: Page) -> None:
    visit(page, "Scores")
    charts(page, 8)
    expect(
        page.get_by_text(re.compile(r"than for random regions|from random regions"))
    ).not_to_have_count(0)
    page.get_by_text("Mix two of the example songs").click()
    figure = page.get_by_text(re.compile(r"sounds only from \d:\d\d\.\d to \d:\d\d\.\d"))
    expect(figure).to_be_visible()
    charts(page, 9)
    expect(page.locator(".stAudio")).to_have_count(3)
    page.wait_for_function(
        "[...document.querySelectorAll('audio.stAudio, .stAudio audio')]"
        ".every((each) => each.duration > 5.9)"
    )
    page.get_by_role("radiogroup", name="Song sounds only in").get_by_text("Some bands").click()
    expect(page.get_by_text("sounds only between 300 and 3000 Hz")).to_be_visible()
    charts(page, 9)


def test_the_classroom_shows_every_stage_and_plays_a_game(page: Page) -> None:
    page.get_by_role("radio", name=EXAMPLE).click()
    # Streamlit drops a choice if the page changes before the server has taken it over.
    expect(page.get_by_role("heading", name=EXAMPLE)).to_be_visible()
    visit(page, "Classroom")
    expect(page.locator("audio.stAudio, .stAudio audio")).to_have_count(6)
    charts(page, 6)
    page.wait_for_function(
        "[...document.querySelectorAll('audio.stAudio, .stAudio audio')]"
        ".every((each) => each.duration > 2.9)"
    )
    page.get_by_text("Presentation mode").click()
    expect(page.locator("html.projector")).to_have_count(1)
    page.get_by_text("Presentation mode").click()
    expect(page.locator("html.projector")).to_have_count(0)

    page.get_by_role("radio", name="Beat the network").click()
    expect(page.get_by_role("heading", name="Round 1")).to_be_visible()
    guesses = page.get_by_role("radiogroup", name="Your guess").get_by_role("radio")
    expect(guesses).to_have_count(10)
    guesses.first.click()
    expect(page.get_by_text(re.compile(r"you \d of 1, network \d of 1"))).to_be_visible()
    page.get_by_role("button", name="Next round").click()
    expect(page.get_by_role("heading", name="Round 2")).to_be_visible()


@pytest.mark.parametrize("title", ["Compare", "Genres", "Scores", "Classroom"])
def test_a_link_opens_a_page_by_itself(
    page: Page, browser: Browser, dashboard: str, title: str
) -> None:
    context = browser.new_context()
    other = context.new_page()
    other.goto(f"{dashboard}{title.lower()}?song=mirror-ball&model=cnn_lstm&genre=rock")
    expect(other.get_by_role("heading", name="Groove-Guide")).to_be_visible()
    settled(other)
    expect(other.locator(".stException, .stAlert[kind=error]")).to_have_count(0)
    if title in ("Compare", "Classroom"):
        expect(other.get_by_role("heading", name=EXAMPLE)).to_be_visible()
    assert "model=cnn_lstm" in other.url
    assert "genre=rock" in other.url
    context.close()
