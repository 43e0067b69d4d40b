"""Cards and tables show the right figures, and a browser runs nothing in them."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.constants import GENRES
from dashboard.text.answers import Answer
from dashboard.text.html import contributions_table, grid, prediction_card
from dashboard.text.sentences import additivity, shown_gap

ANSWER = Answer("Jazz", "60\u202f%", fits=True)
HOSTILE = "<script>alert('x')</script>\" onload=\"x"


def figures(table: str) -> list[float]:
    cells = re.findall(r"<td>([^<]*)</td>", table)
    return [
        float(cell.replace("\u202f%", "").replace(" points", "").replace("−", "-"))
        for cell in cells
    ]


def test_a_prediction_has_the_answer_and_the_most_likely_genres_in_order() -> None:
    shares = np.full(10, 0.02)
    shares[GENRES.index("jazz")] = 0.6
    shares[GENRES.index("hiphop")] = 0.24
    card = prediction_card("cnn_lstm", GENRES, shares, ANSWER)
    assert "CNN-LSTM" in card
    assert re.findall(r"<dt>([^<]*)</dt>", card)[:2] == ["Jazz", "Hip-hop"]
    assert re.search(r'class="genre">Jazz <small>60\u202f%</small>', card)
    assert "width:24.0%" in card


def test_long_answers_are_set_in_smaller_type_and_strange_songs_are_marked() -> None:
    shares = np.full(10, 0.1)
    strange = Answer("Unlike anything it was trained on", "nearest genre: jazz", fits=False)
    card = prediction_card("cnn", GENRES, shares, strange)
    assert 'class="prediction strange"' in card
    assert 'class="genre long">Unlike' in card
    assert "<small>" not in prediction_card(
        "cnn", GENRES, shares, Answer("No sound", "", fits=False)
    )


def test_a_prediction_shows_the_accuracy_on_unseen_artists_if_it_is_known() -> None:
    probabilities = np.full(10, 0.1)
    assert "correct" not in prediction_card("cnn", GENRES, probabilities, ANSWER)
    card = prediction_card("cnn", GENRES, probabilities, ANSWER, (0.624, 123))
    assert "62\u202f% correct on 123 songs by unseen artists" in card
    card = prediction_card("cnn", GENRES, probabilities, ANSWER, (1.0, 9))
    assert ">100\u202f% correct" in card
    card = prediction_card("musicnn", GENRES, probabilities, ANSWER, (0.821, 123))
    assert "artists unseen by its final layer" in card


@given(
    base=st.floats(0, 1),
    values=st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=50),
    prediction=st.floats(0, 1),
)
def test_contributions_add_up_as_displayed(
    base: float, values: list[float], prediction: float
) -> None:
    start, favour, against, total, says, gap = figures(
        contributions_table("rock", "", base, np.array(values), prediction)
    )
    assert favour >= 0
    assert against <= 0
    assert start + favour + against == pytest.approx(total, abs=0.21)
    assert total + gap == pytest.approx(says, abs=0.16)
    assert total == pytest.approx(100 * (base + sum(values)), abs=0.06)


@pytest.mark.parametrize(
    "html",
    [
        prediction_card(
            HOSTILE, [HOSTILE] * 10, np.full(10, 0.1), Answer(HOSTILE, HOSTILE, fits=True)
        ),
        contributions_table(HOSTILE, "", 0.1, np.zeros(3), 0.1),
        contributions_table(HOSTILE, HOSTILE, 0.1, np.zeros(3), 0.1),
        grid([HOSTILE], [[HOSTILE, HOSTILE]], HOSTILE),
    ],
)
def test_a_browser_runs_nothing_in_a_card_or_table(html: str) -> None:
    assert "<script" not in html
    assert 'onload="' not in html


@given(
    base=st.floats(-5, 5),
    values=st.lists(st.floats(-1, 1), min_size=1, max_size=50),
    prediction=st.floats(-9, 9),
)
def test_contributions_to_a_comparison_of_genres_are_in_nats(
    base: float, values: list[float], prediction: float
) -> None:
    table = contributions_table("jazz", "hiphop", base, np.array(values), prediction)
    assert "average log-odds of jazz rather than hip-hop" in table
    assert "Evidence for jazz (against hip-hop)" in table
    assert "Evidence for hip-hop (against jazz)" in table
    assert "%" not in table
    start, favour, against, total, says, gap = figures(table)
    assert start + favour + against == pytest.approx(total, abs=0.021)
    assert total + gap == pytest.approx(says, abs=0.016)
    assert says == pytest.approx(prediction, abs=0.006)


def test_the_second_line_of_a_cell_is_marked() -> None:
    table = grid(["a", "b", "c"], [["x", "1\n2", "3"]], "caption")
    assert '<td class="two">1\n2</td><td>3</td>' in table
    assert '<th scope="row">x</th>' in table


@pytest.mark.parametrize("versus", ["", "blues"])
@given(
    base=st.floats(0, 1),
    values=st.lists(st.floats(-1, 1), min_size=1, max_size=50),
    prediction=st.floats(0, 1),
)
def test_the_sentence_on_the_gap_names_the_gap_in_the_table(
    versus: str, base: float, values: list[float], prediction: float
) -> None:
    table = contributions_table("jazz", versus, base, np.array(values), prediction)
    gap = shown_gap(base, np.array(values), prediction, versus)
    shown = abs(figures(table)[-1])
    least = 0.01 if versus else 0.1
    within = f"{max(shown, least):.{2 if versus else 1}f}"
    assert f"within {within} " in additivity(gap, versus)
    assert ("caution" in additivity(gap, versus)) == (shown > (0.05 if versus else 1.0))
