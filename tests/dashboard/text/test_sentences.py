"""What stands beside pictures and bars of evidence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.audio.io import Audio
from core.explanation.feature_attribution import FeatureExplanation
from dashboard.text import sentences
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

FOUND = FeatureExplanation("feature", ("a", "b"), np.array([0.2, -0.1]), 0.1, 0.2, "probability")
MOMENTS = replace(FOUND, unit="moment", values=np.array([0.1, 0.2, -0.05, 0.01]))


def test_numbers_are_said_to_add_up_and_why_nothing_is_heard() -> None:
    text = sentences.numbers_caption(FOUND, 12)
    assert "sum to +0.10, from 0.10 on average to 0.20 (probability)" in text
    assert "no sound to filter" in text
    assert sentences.numbers_caption(FOUND, 1).startswith("The 1 features that count most of 2.")
    assert "Exact Shapley values of the 4 moments" in sentences.numbers_caption(MOMENTS, 12)


def test_moments_are_named_by_their_place_in_the_song() -> None:
    names, values = sentences.moments_in_song(MOMENTS, 6.0, 4.0, 10.0)
    assert names == ["0:06.0", "0:07.0", "0:08.0", "0:09.0"]
    np.testing.assert_array_equal(values, MOMENTS.values)


def test_what_lies_beyond_the_song_is_one_bar_of_silence() -> None:
    names, values = sentences.moments_in_song(MOMENTS, 0.0, 4.0, 1.5)
    assert names == ["0:00.0", "0:01.0", "silence after"]
    np.testing.assert_allclose(values, [0.1, 0.2, -0.04])
    assert values.sum() == pytest.approx(MOMENTS.values.sum())
    assert sentences.spoke(names, values).tolist() == [True, True]
    assert sentences.spoke(["0:00.0", "0:01.0"], np.array([0.1, -0.2])).tolist() == [True, False]


def test_silence_after_a_song_is_told_with_what_it_counts() -> None:
    found = synthetic_explanation(Audio(song_samples(3.1)), seed=1)
    assert sentences.silence_after(found, "CRNN") == ""
    mel = found.mel.copy()
    mel[0, 30:] = 0.25 / mel[0, 30:].size
    text = sentences.silence_after(replace(found, filled=np.array([30]), mel=mel), "CRNN")
    assert "1.7 seconds of silence" in text
    assert "count +0.25" in text


@pytest.mark.parametrize(
    ("spoke", "said"),
    [
        ([True, True], "Every moment spoke"),
        ([False, False], "No moment spoke"),
        ([True, False, True], "2 of 3 moments spoke"),
    ],
)
def test_it_is_said_how_many_moments_spoke(spoke: list[bool], said: str) -> None:
    assert sentences.moments_heard(spoke).startswith(said)
