"""Tables and sentences on novelty and genre sets say what was measured."""

from __future__ import annotations

from dashboard.text import novelty
from tests.novelty_results import content, model_entry


def test_the_table_has_areas_and_shares_with_their_intervals() -> None:
    rows = novelty.novelty_rows(content()["models"])
    assert rows[0] == [
        "CNN",
        "0.982\n0.97–0.99",
        "95.0\u202f%\n90\u202f%–98\u202f%, n = 163",
        "2.8\u202f%\n1\u202f%–5\u202f%, n = 290",
        "0.707\n0.67–0.74",
        "0.62 (no music)\n0.55 (unknown genre)",
    ]
    assert all(len(row) == len(novelty.NOVELTY_TABLE) for row in rows)


def test_sounds_and_genres_that_are_missed_are_named() -> None:
    assert novelty.hardest("cnn", model_entry()) == (
        "CNN detects at least four in five recordings of every kind of sound. Of the unknown "
        "genres, rock is the easiest (AUROC 0.87) and blues the hardest (0.60)."
    )
    assert novelty.hardest("musicnn", model_entry(missed=0.5)).startswith(
        "MSD-musicnn misses more than one in five recordings of rain. "
    )


def test_the_notes_tell_whether_speech_was_measured_and_which_results_are_old() -> None:
    found = content()
    assert "environmental sounds and speech, against" in novelty.notes(found, [])
    found["speech"] = False
    text = novelty.notes(found, ["cnn", "musicnn"])
    assert "without speech: espeak-ng was not installed" in text
    assert text.startswith("**Measured on earlier weights of CNN, MSD-musicnn.**")


def test_sets_are_sorted_by_size_and_those_without_a_threshold_are_marked() -> None:
    sets = content()["sets"]
    rows = novelty.sets_rows(dict(reversed(sets.items())))
    assert rows == [
        [
            "CNN",
            "92.2\u202f%\n88\u202f%–95\u202f%, n = 282",
            "2.2",
            "35\u202f%",
            "32\u202f%",
            "17\u202f%",
            "17\u202f%",
        ],
        [
            "SVM*",
            "90.0\u202f%\n86\u202f%–93\u202f%, n = 290",
            "3.4",
            "10\u202f%",
            "20\u202f%",
            "30\u202f%",
            "40\u202f%",
        ],
    ]
    assert "These cards have no threshold" in novelty.sets_notes(sets)
    assert "These cards have no threshold" not in novelty.sets_notes({"cnn": sets["cnn"]})


def test_the_charts_have_text_alternatives() -> None:
    models = content()["models"]
    assert "CNN: 96\u202f% detected where 5\u202f% of the songs" in novelty.roc_alt(models)
    assert "MSD-musicnn: Blues 0.60, Classical 0.63" in novelty.genres_alt(models)
