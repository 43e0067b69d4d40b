"""Sentences and numbers on the page: right, and harmless whatever a file is called."""

from __future__ import annotations

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.constants import GENRES
from dashboard.text import formatting, sentences


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
    ("difference", "text"),
    [(0.712, "+71.2"), (-0.004, "−0.4"), (0.0, "+0.0"), (-0.0001, "+0.0"), (1.5, "+150.0")],
)
def test_differences_are_points_with_a_sign(difference: float, text: str) -> None:
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
def test_moments_are_minutes_and_seconds(seconds: float, digits: int, text: str) -> None:
    assert formatting.clock(seconds, digits=digits) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(2.44, "2.4 seconds"), (20.3, "20 seconds"), (205, "3:25 minutes")],
)
def test_a_length_is_said_in_words(seconds: float, text: str) -> None:
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
def test_a_saved_file_has_a_name_that_every_system_takes(name: str, genre: str) -> None:
    saved = formatting.file_stem(name, genre)
    assert re.fullmatch(r"[A-Za-z0-9-]+", saved)
    assert not saved.startswith("-")
    assert len(saved) < 100


def test_agreement_and_disagreement_are_told_apart() -> None:
    assert sentences.agreement({"cnn": "hiphop", "cnn_lstm": "hiphop"}) == ("Both hear hip-hop.")
    assert sentences.agreement({"cnn": "jazz", "cnn_lstm": "blues"}) == (
        "They disagree: CNN jazz, CNN-LSTM blues."
    )
    assert sentences.agreement({"cnn": "jazz"}) == "CNN hears jazz."


@pytest.mark.parametrize(
    ("mode", "now", "part"),
    [
        ("keep", 0.95, "more jazz than in the whole song"),
        ("keep", 0.78, "about as much jazz"),
        ("keep", 0.5, "less jazz"),
        ("keep", 0.1, "little jazz"),
        ("remove", 0.95, "did not carry"),
        ("remove", 0.78, "evidence elsewhere"),
        ("remove", 0.5, "less jazz"),
        ("remove", 0.1, "cannot do without what is kept"),
    ],
)
def test_a_reading_follows_from_the_probabilities(mode: str, now: float, part: str) -> None:
    assert part in sentences.reading(mode, 0.2, "area", "jazz", 0.8, now)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["keep", "remove"]))
def test_every_pair_of_probabilities_has_one_sentence(before: float, now: float, mode: str) -> None:
    sentence = sentences.reading(mode, 0.35, "evidence", "pop", before, now)
    assert sentence.endswith(".")
    assert ("35\u202f%" in sentence) == (mode == "keep")
    assert ("more pop" in sentence) == (now > max(before + 0.02, 0.05 - 1e-12))


def test_a_genre_that_is_nowhere_to_be_heard_is_not_compared() -> None:
    assert "hardly any pop" in sentences.reading("keep", 0.2, "area", "pop", 0.01, 0.04)
    assert "more pop" in sentences.reading("keep", 0.2, "area", "pop", 0.01, 0.4)


def test_a_large_gap_is_not_called_close() -> None:
    assert "close" in sentences.additivity(0.004)
    assert "−" not in sentences.additivity(-0.004)
    assert "not exact" in sentences.additivity(-0.05)
    assert "5.0 percentage points" in sentences.additivity(-0.05)


def test_charts_have_text_alternatives() -> None:
    shares = np.eye(10)[[5, 5, 1]]
    assert sentences.timeline_alt(GENRES, shares) == (
        "Genre probabilities of 3 segments. Most likely: jazz in 2, classical in 1."
    )
    shap_values = np.zeros((72, 3))
    shap_values[:, 2] = 1
    shap_values[0, 1] = -1
    assert sentences.evidence_alt("jazz", shap_values, ["a", "b", "c"]) == (
        "Spectrogram of the segment with its evidence. c speaks most for jazz, b most against it."
    )
