"""Numbers and names are formatted correctly, and untrusted names are harmless."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.constants import GENRES
from dashboard.text import formatting


@given(st.floats(0, 1))
def test_a_probability_is_never_shown_as_certainty(share: float) -> None:
    text = formatting.percent(share)
    number = int(re.sub(r"\D", "", text))
    assert 1 <= number <= 99
    if not text.startswith(("<", ">")):
        assert number == pytest.approx(100 * share, abs=0.51)
    assert text.startswith("<") == (round(100 * share) < 1)
    assert text.startswith(">") == (round(100 * share) > 99)


@pytest.mark.parametrize(
    ("share", "text"), [(1, "100\u202f%"), (0, "0\u202f%"), (0.624, "62\u202f%")]
)
def test_a_counted_share_may_be_all_or_nothing(share: float, text: str) -> None:
    assert formatting.share_percent(share) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (128, "128"),
        (1025, "1025"),
        (-3085.2, "-3085"),
        (24_701, "24\u202f701"),
        (1e6, "1\u202f000\u202f000"),
    ],
)
def test_digits_are_grouped_from_five_on(number: float, text: str) -> None:
    assert formatting.grouped(number) == text


@pytest.mark.parametrize(
    ("difference", "text"),
    [(0.712, "+71.2"), (-0.004, "−0.4"), (0.0, "+0.0"), (-0.0001, "+0.0"), (1.5, "+150.0")],
)
def test_differences_are_percentage_points_with_a_sign(difference: float, text: str) -> None:
    assert formatting.points(difference) == text


@pytest.mark.parametrize(
    ("seconds", "digits", "text"),
    [
        (0, 0, "0:00"),
        (7.4, 0, "0:07"),
        (59.6, 0, "1:00"),
        (67.25, 1, "1:07.2"),
        (59.96, 1, "1:00.0"),
        (900, 0, "15:00"),
    ],
)
def test_times_are_minutes_and_seconds(seconds: float, digits: int, text: str) -> None:
    assert formatting.clock(seconds, digits=digits) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, "1 second"),
        (2.44, "2.4 seconds"),
        (2.99, "3 seconds"),
        (20.3, "20 seconds"),
        (59.7, "1 min"),
        (205, "3 min 25 s"),
    ],
)
def test_a_length_has_a_unit(seconds: float, text: str) -> None:
    assert formatting.duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (1, ""),
        (3, ", about 5 seconds left"),
        (31, ", about 35 seconds left"),
        (55, ", about 1 minute left"),
        (130, ", about 3 minutes left"),
    ],
)
def test_time_left_is_rounded_up(seconds: float, text: str) -> None:
    assert formatting.time_left(seconds) == text


@given(st.text())
def test_markdown_in_a_name_stays_text(name: str) -> None:
    safe = formatting.markdown_safe(name)
    assert "\n" not in safe
    bare = re.sub(r"\\.", "", safe)
    assert not set(bare) & set("`*_{}[]()<>#~$:&\\")
    unescaped = re.sub(r"\\(.)", r"\1", safe)
    assert unescaped == " ".join(name.split())


@given(st.text(), st.sampled_from(GENRES))
def test_a_file_name_is_valid_on_every_system(name: str, genre: str) -> None:
    saved = formatting.file_stem(name, genre)
    assert re.fullmatch(r"[A-Za-z0-9-]+", saved)
    assert not saved.startswith("-")
    assert len(saved) < 100


@pytest.mark.parametrize(("value", "text"), [(0.691, "= 0.69"), (0.0099, "< 0.01"), (1, "= 1.00")])
def test_a_small_p_value_is_a_bound(value: float, text: str) -> None:
    assert formatting.p_value(value) == text


@pytest.mark.parametrize(
    ("value", "text"), [(0.126, "+0.13"), (-0.126, "−0.13"), (-0.001, "+0.00")]
)
def test_signed_numbers_have_no_negative_zero(value: float, text: str) -> None:
    assert formatting.signed(value) == text


def test_only_hip_hop_is_spelled_differently_from_its_key() -> None:
    assert [genre for genre in GENRES if formatting.genre_name(genre) != genre] == ["hiphop"]
    assert formatting.genre_title("hiphop") == "Hip-hop"
    assert formatting.model_name("cnn_lstm") == "CNN-LSTM"
    assert formatting.model_name("unknown") == "unknown"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0.0415, "42 ms"), (0.9994, "999 ms"), (0.9996, "1.0 s"), (1.494, "1.5 s")],
)
def test_short_lengths_have_milliseconds(seconds: float, text: str) -> None:
    assert formatting.duration_ms(seconds) == text
