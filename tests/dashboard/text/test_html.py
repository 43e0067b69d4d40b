"""Cards and tables in HTML: the right figures, and nothing that a browser would run."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.constants import GENRES
from dashboard.text.html import account, verdict_card

HOSTILE = "<script>alert('x')</script>\" onload=\"x"


def figures(table: str) -> list[float]:
    cells = re.findall(r"<td>([^<]*)</td>", table)
    return [float(cell.replace("\u202f%", "").replace("−", "-")) for cell in cells]


def test_a_verdict_names_the_genre_its_probability_and_the_runners_up_in_order() -> None:
    shares = np.full(10, 0.02)
    shares[GENRES.index("jazz")] = 0.6
    shares[GENRES.index("hiphop")] = 0.24
    card = verdict_card("cnn_lstm", GENRES, shares)
    assert "CNN-LSTM" in card
    assert re.findall(r"<dt>([^<]*)</dt>", card)[:2] == ["Jazz", "Hip-hop"]
    assert re.search(r'class="genre">Jazz <small>60\u202f%', card)
    assert "width:24.0%" in card


def test_a_verdict_without_a_clear_genre_is_called_unsure() -> None:
    shares = np.full(10, 0.07)
    shares[0] = 0.37
    assert "37\u202f%, unsure" in verdict_card("cnn", GENRES, shares)
    shares[0] = 0.67
    assert "unsure" not in verdict_card("cnn", GENRES, shares)


def test_a_verdict_says_how_often_the_model_is_right_if_that_is_known() -> None:
    shares = np.full(10, 0.1)
    assert "Right for" not in verdict_card("cnn", GENRES, shares)
    card = verdict_card("cnn", GENRES, shares, (0.624, 290))
    assert "Right for 62\u202f% of 290 songs by artists it had never heard." in card


@given(
    base=st.floats(0, 1),
    values=st.lists(st.floats(-0.2, 0.2), min_size=1, max_size=50),
    prediction=st.floats(0, 1),
)
def test_an_account_adds_up_as_it_is_shown(
    base: float, values: list[float], prediction: float
) -> None:
    start, favour, against, total, says, gap = figures(
        account("rock", "", base, np.array(values), prediction)
    )
    assert favour >= 0
    assert against <= 0
    assert start + favour + against == pytest.approx(total, abs=0.21)
    assert total + gap == pytest.approx(says, abs=0.16)
    assert total == pytest.approx(100 * (base + sum(values)), abs=0.06)


@pytest.mark.parametrize(
    "html",
    [
        verdict_card(HOSTILE, [HOSTILE] * 10, np.full(10, 0.1)),
        account(HOSTILE, "", 0.1, np.zeros(3), 0.1),
        account(HOSTILE, HOSTILE, 0.1, np.zeros(3), 0.1),
    ],
)
def test_nothing_in_a_card_is_run_by_a_browser(html: str) -> None:
    assert "<script" not in html
    assert 'onload="' not in html


@given(
    base=st.floats(-5, 5),
    values=st.lists(st.floats(-1, 1), min_size=1, max_size=50),
    prediction=st.floats(-9, 9),
)
def test_an_account_of_one_genre_rather_than_another_is_in_nats(
    base: float, values: list[float], prediction: float
) -> None:
    table = account("jazz", "hiphop", base, np.array(values), prediction)
    assert "jazz rather than hip-hop" in table
    assert "%" not in table
    start, favour, against, total, says, gap = figures(table)
    assert start + favour + against == pytest.approx(total, abs=0.021)
    assert total + gap == pytest.approx(says, abs=0.016)
    assert says == pytest.approx(prediction, abs=0.006)
