"""Sentences follow from the results that they describe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.io import Audio
from core.explanation.feature_attribution import FeatureExplanation
from dashboard.text import sentences
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

FEATURES = FeatureExplanation("feature", ("a", "b"), np.array([0.2, -0.1]), 0.1, 0.2, "probability")
TIME_STEPS = replace(FEATURES, unit="time step", values=np.array([0.1, 0.2, -0.05, 0.01]))


def test_agreement_and_disagreement_are_told_apart() -> None:
    assert sentences.agreement({"cnn": "hiphop", "cnn_lstm": "hiphop"}) == "Both predict hip-hop."
    assert sentences.agreement({"cnn": "jazz", "cnn_lstm": "blues"}) == (
        "The models disagree: CNN predicts jazz, CNN-LSTM blues."
    )
    assert sentences.agreement({"cnn": "jazz"}) == "CNN predicts jazz."
    three = dict.fromkeys(("cnn", "cnn_lstm", "musicnn"), "pop")
    assert sentences.agreement(three) == "All three predict pop."


@pytest.mark.parametrize(
    ("genres", "rest"),
    [
        (("jazz", "jazz", "pop"), "CNN and CNN-LSTM predict jazz, MSD-musicnn predicts pop."),
        (("jazz", "pop", "jazz"), "CNN and MSD-musicnn predict jazz, CNN-LSTM predicts pop."),
        (("jazz", "pop", "pop"), "CNN predicts jazz, CNN-LSTM and MSD-musicnn predict pop."),
        (("jazz", "pop", "rock"), "CNN predicts jazz, CNN-LSTM pop, MSD-musicnn rock."),
    ],
)
def test_models_with_the_same_prediction_are_named_together(
    genres: tuple[str, ...], rest: str
) -> None:
    found = dict(zip(("cnn", "cnn_lstm", "musicnn"), genres, strict=True))
    assert sentences.agreement(found) == f"The models disagree: {rest}"


@pytest.mark.parametrize(
    ("songs", "first", "second", "p", "sentence"),
    [
        (
            290,
            2,
            4,
            0.69,
            "Only 6 of 290 songs separate them: no significant difference (only CNN correct: 2; "
            "only CNN-LSTM correct: 4; McNemar's test, p = 0.69).",
        ),
        (
            100,
            40,
            2,
            0.001,
            "42 of 100 songs separate them: a significant difference (only CNN correct: 40; only "
            "CNN-LSTM correct: 2; McNemar's test, p < 0.01).",
        ),
        (100, 0, 0, 1.0, "Both models classify the same of the 100 songs correctly."),
    ],
)
def test_the_difference_of_two_models_follows_from_mcnemars_test(
    songs: int, first: int, second: int, p: float, sentence: str
) -> None:
    test = {"songs": songs, "only_a": first, "only_b": second, "p_value": p}
    assert sentences.difference(("cnn", "cnn_lstm"), test) == sentence


@pytest.mark.parametrize(
    ("mode", "now", "part"),
    [
        ("keep", 0.95, "more confident of jazz than on the whole song"),
        ("keep", 0.78, "about as confident of jazz"),
        ("keep", 0.5, "less confident of jazz"),
        ("keep", 0.1, "falls by more than half: they are not enough"),
        ("remove", 0.95, "did not carry"),
        ("remove", 0.78, "almost as confident of jazz"),
        ("remove", 0.5, "less confident of jazz"),
        ("remove", 0.1, "the important parts carry the prediction"),
    ],
)
def test_a_reading_follows_from_the_probabilities(mode: str, now: float, part: str) -> None:
    assert part in sentences.reading(mode, 0.2, "area", "jazz", 0.8, now)


@given(st.floats(0, 1), st.floats(0, 1), st.sampled_from(["keep", "remove"]))
def test_every_pair_of_probabilities_has_one_sentence(before: float, now: float, mode: str) -> None:
    sentence = sentences.reading(mode, 0.35, "evidence", "pop", before, now)
    assert sentence.endswith(".")
    assert ("35\u202f% of the evidence" in sentence) == (mode == "keep")
    assert ("more confident of pop" in sentence) == (now > max(before + 0.02, 0.05 - 1e-12))


def test_a_genre_that_stays_improbable_is_not_compared() -> None:
    assert "of pop stays below 5\u202f%" in sentences.reading(
        "keep", 0.2, "area", "pop", 0.01, 0.04
    )
    assert "more confident of pop" in sentences.reading("keep", 0.2, "area", "pop", 0.01, 0.4)


def test_the_legend_has_the_unit_of_the_shap_values() -> None:
    assert sentences.legend("jazz", "") == {
        "unit": "SHAP value (probability):",
        "against": "against jazz",
        "favour": "for jazz",
    }
    assert sentences.legend("jazz", "hiphop")["against"] == "for hip-hop"


def test_only_a_large_gap_asks_for_caution() -> None:
    assert sentences.additivity(-0.003) == (
        "The contributions add up to the prediction within 0.3 percentage points."
    )
    assert "within 0.1 percentage points." in sentences.additivity(0.0001)
    assert sentences.additivity(-0.05).endswith(
        "within 5.0 percentage points. Interpret single cells with caution."
    )
    assert sentences.additivity(0.02, "rock").endswith("within 0.02 nats.")
    assert "caution" in sentences.additivity(0.2, "rock")


@pytest.mark.parametrize(
    ("values", "beginning"),
    [
        ([0.5, -0.4], ""),
        ([1.5, -1.2], "Positive and negative contributions both exceed 100\u202f%"),
        ([1.2, -0.4], "Positive contributions exceed 100\u202f%;"),
    ],
)
def test_contributions_beyond_100_percent_are_explained(
    values: list[float], beginning: str
) -> None:
    sentence = sentences.cancellation(np.array(values))
    assert sentence.startswith(beginning)
    assert bool(sentence) == bool(beginning)


def test_only_models_that_read_mfccs_have_an_mfcc_view() -> None:
    assert "MFCC" in sentences.view_meanings(True)
    assert "MFCC" not in sentences.view_meanings(False)


def test_two_charts_have_a_difference() -> None:
    assert "difference" not in sentences.charts_meaning("pop", 1)
    assert "difference" in sentences.charts_meaning("pop", 2)


def test_evidence_beyond_the_first_models_segment_is_omitted() -> None:
    assert sentences.common_grid("CNN", "CRNN", longer=True).endswith("outside CNN's segment.")
    assert sentences.common_grid("CNN", "GRU", longer=False).endswith("shown on CNN's grid.")


def test_silence_after_a_song_is_mentioned_with_its_contribution() -> None:
    found = synthetic_explanation(Audio(song_samples(3.1)), seed=1)
    assert sentences.silence_after(found, "CRNN") == ""
    mel = found.mel.copy()
    mel[0, 30:] = 0.25 / mel[0, 30:].size
    text = sentences.silence_after(replace(found, filled=np.array([30]), mel=mel), "CRNN")
    assert text.startswith("CRNN's 3-second segment extends 1.7 seconds past the end of the song.")
    assert "contributes +25.0 percentage points" in text


def test_a_feature_caption_adds_up_and_says_why_there_is_no_spectrogram() -> None:
    text = sentences.feature_caption(FEATURES, 12)
    assert (
        "add up to +0.10, the change in the probability from the average (0.10) to this segment "
        "(0.20)." in text
    )
    assert "no spectrogram to draw and nothing to play" in text
    assert sentences.feature_caption(FEATURES, 1).startswith("The 1 most important of 2 features.")
    assert "Exact Shapley values of the 4 time steps" in sentences.feature_caption(TIME_STEPS, 12)


@pytest.mark.parametrize(
    ("in_favour", "beginning"),
    [
        ([True, True], "Every time step is evidence"),
        ([False, False], "No time step is evidence"),
        ([True, False, True], "2 of 3 time steps are evidence"),
        ([True, False, False], "1 of 3 time steps is evidence"),
    ],
)
def test_the_time_steps_in_favour_are_counted(in_favour: list[bool], beginning: str) -> None:
    sentence = sentences.time_steps_in_favour(in_favour, "hiphop")
    assert sentence.startswith(beginning)
    assert "evidence for hip-hop" in sentence


def test_a_sufficient_share_is_a_percentage() -> None:
    assert sentences.enough(0.12, "hiphop").startswith("On average, 12\u202f% of a segment")
