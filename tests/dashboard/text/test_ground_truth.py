"""Sentences on mixes follow from the figures, and the table has a row for every method."""

from __future__ import annotations

import pytest

from core.constants import LOCALISATION_METHODS
from core.listening.mixing import BandGate, TimeGate
from dashboard.text import ground_truth as text
from tests.mix_results import example, part, result, results

SPACE = "\u202f"


def test_every_measured_method_has_a_row_with_intervals() -> None:
    rows = text.localisation_rows(part(default=0.4, chance=0.3)["methods"])
    assert [row[0] for row in rows] == list(text.table_titles().values())
    assert {len(row) for row in rows} == {len(text.TABLE)}
    assert rows[0][1:3] == [f"40.0{SPACE}%\n38.0–42.0", "+10.0\n+8.0 to +12.0"]
    sufficient = next(row for row in rows if row[0] == "Smallest sufficient region")
    assert sufficient[3:5] == [text.MISSING, text.MISSING]
    random = part()["methods"]["random"] | {
        name: result(0.3, 0.0, 0.1) | {"difference_interval": [0.0, 0.0]}
        for name in ("kept", "mass")
    }
    (row,) = text.localisation_rows({"random": random})
    assert (row[0], row[2]) == ("Random regions", text.MISSING)


@pytest.mark.parametrize(
    ("share", "expected"),
    [
        (0.40, "10.0 points more than for random regions (95\u202f% interval +8.0 to +12.0)"),
        (0.31, "no measurable difference from random regions (95\u202f% interval −1.0 to +3.0)"),
        (0.20, "10.0 points less than for random regions (95\u202f% interval −12.0 to −8.0)"),
    ],
)
def test_the_summary_compares_with_random_regions(share: float, expected: str) -> None:
    summary = text.summary(part(default=share, chance=0.3))
    assert f"{100 * share:.0f}{SPACE}% of the part" in summary
    assert f"fills 30{SPACE}% of the spectrogram" in summary
    assert expected in summary


def test_the_summary_names_the_best_method_only_if_it_is_measurably_better() -> None:
    assert "No other method locates it measurably better." in text.summary(part(lime=0.41))
    assert f"Best: {LOCALISATION_METHODS['lime']}, 45{SPACE}%." in text.summary(part(lime=0.45))
    # A control is not a method of explanation.
    assert "No other method" in text.summary(part(level=0.5, random_weights=0.5))


def test_the_summary_tells_what_needs_trained_weights() -> None:
    summary = text.summary(part(random_weights=0.39, other_genre=0.3))
    assert "no measurable difference from a network with random weights" in summary
    assert "10.0 points more than for an explanation of the other song's genre" in summary
    short = part()
    for control in ("random_weights", "other_genre"):
        del short["methods"][control]
    assert "Controls" not in text.summary(short)


def test_the_caption_has_the_numbers_of_mixes_and_songs() -> None:
    caption = text.caption(part(), 0)
    assert caption.startswith("120 mixes of 50 target songs by unseen artists (95\u202f%")
    assert caption.endswith("seed 0)")
    assert text.caption(part() | {"mixes": 1, "songs": 1}, 3).startswith(
        "1 mix of 1 target song by"
    )


def test_the_rules_of_the_selection_are_told_with_their_counts() -> None:
    content = results()
    sentence = text.selection(content["models"]["cnn"], content)
    assert "351 of 574 three-second pieces" in sentence
    assert f"162 in which the target's genre had less than 10{SPACE}% probability" in sentence
    assert f"3 in which the target dominated less than 5{SPACE}%" in sentence


def test_other_levels_are_told_if_they_were_measured() -> None:
    found = results(default=0.4)["models"]["cnn"]["levels"]
    sentence = text.levels(found)
    assert f"At −6 dB, 40{SPACE}% of the kept part lies on the target song (chance 30" in sentence
    assert "10.0 points more than for random regions" in sentence
    assert "at equal loudness +15.0 points (1 mix)." in sentence
    assert "+6 dB" not in sentence
    assert text.levels({}) == ""


def test_an_example_is_described_by_its_figures() -> None:
    seconds = text.example_sentences(example(TimeGate(1.5, 4.5)), "cnn")
    assert seconds.startswith("*A\\**, which CNN classifies as hip-hop, sounds only from 0:01.5")
    assert f"hip-hop has 42{SPACE}% probability. 50{SPACE}% of the kept part" in seconds
    assert f"fills 38{SPACE}% of the spectrogram" in seconds
    bands = text.example_sentences(example(BandGate(300, 3_000)), "cnn")
    assert "sounds only between 300 and 3000 Hz" in bands
    assert f"50{SPACE}% of them" in text.example_alt(example(TimeGate(0, 1)))


def test_the_chart_has_a_text_alternative() -> None:
    alternative = text.localisation_alt(part(default=0.4, chance=0.3, lime=0.25))
    assert alternative.startswith("Kept part on the target song, in points above random regions")
    assert "(default) +10.0, default, compared" in alternative
    assert "LIME, 1000 samples −5.0" in alternative
