"""Predictions in words: one genre, several, none that fits, no sound; each wording is tested."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import numpy as np
import pytest

from core.analysis import Analysis
from core.constants import GENRES
from dashboard.text.answers import Answer, answer, missing_data, possible_genres, summary


@dataclass
class Fake:
    """The part of an analysis that the sentences need."""

    genre_set: tuple[str, ...]
    novelty: float = 0.4
    silent: bool = False
    probability: float = 0.41
    genre: str = "reggae"
    genres: tuple[str, ...] = GENRES

    @property
    def song_probabilities(self) -> np.ndarray:
        """Shares of three genres; the others are improbable."""
        shares = np.full(len(GENRES), 0.01)
        for genre, share in (("reggae", self.probability), ("hiphop", 0.3), ("disco", 0.15)):
            shares[GENRES.index(genre)] = share
        return shares


def analysis(*genre_set: str, **values: float) -> Analysis:
    return cast("Analysis", Fake(genre_set, **values))  # type: ignore[arg-type]


STRANGE = analysis(novelty=1.8)
SILENT = analysis(novelty=math.inf, silent=True)
OLD = analysis("reggae", novelty=math.nan)


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (analysis("reggae", probability=0.81), Answer("Reggae", "81\u202f%", fits=True)),
        (
            analysis("reggae", "hiphop"),
            Answer("Reggae or hip-hop", "together 71\u202f%", fits=True),
        ),
        (
            analysis("reggae", "hiphop", "disco"),
            Answer("Reggae, hip-hop or disco", "together 86\u202f%", fits=True),
        ),
        (
            STRANGE,
            Answer(
                "Unlike anything it was trained on", "nearest genre: reggae, 41\u202f%", fits=False
            ),
        ),
        (SILENT, Answer("No sound", "", fits=False)),
        (OLD, Answer("Reggae", "41\u202f%", fits=True)),
        (
            analysis("reggae", novelty=math.nan, probability=0.37),
            Answer("Reggae", "37\u202f% (low confidence)", fits=True),
        ),
    ],
)
def test_an_answer_names_what_remains_possible(given: Analysis, expected: Answer) -> None:
    assert answer(given) == expected


@pytest.mark.parametrize(
    ("genre_set", "expected"),
    [
        (("hiphop",), "hip-hop"),
        (("reggae", "hiphop"), "reggae or hip-hop"),
        (("reggae", "hiphop", "pop"), "reggae, hip-hop or pop"),
        (("reggae", "hiphop", "pop", "rock"), "reggae, hip-hop or 2 others"),
        (GENRES, "blues, classical or 8 others"),
    ],
)
def test_large_sets_are_counted(genre_set: tuple[str, ...], expected: str) -> None:
    assert possible_genres(genre_set) == expected


def test_the_summary_tells_which_models_agree_and_which_know_nothing_like_it() -> None:
    known = analysis("reggae", "hiphop")
    assert summary({"cnn": known, "cnn_lstm": known}) == "Both predict reggae."
    assert summary({"cnn": known, "musicnn": STRANGE}) == (
        "CNN predicts reggae. The recording is unlike anything that MSD-musicnn was trained on, "
        "and it may belong to none of the ten genres."
    )
    assert summary({"cnn": STRANGE, "cnn_lstm": STRANGE, "musicnn": STRANGE}) == (
        "The recording is unlike anything that CNN, CNN-LSTM and MSD-musicnn were trained on, and "
        "it may belong to none of the ten genres."
    )


def test_the_summary_of_a_silent_recording_says_so() -> None:
    assert summary({"cnn": SILENT, "musicnn": SILENT}) == "The recording has no sound."


def test_models_without_a_novelty_score_are_named() -> None:
    assert missing_data({"cnn": STRANGE, "musicnn": analysis("jazz")}) == ""
    assert missing_data({"svm": OLD}) == (
        "SVM has no novelty score, so its prediction does not tell whether the recording is music "
        "of one of the ten genres."
    )
    assert missing_data({"svm": OLD, "cnn": STRANGE, "cnn3": OLD}).startswith(
        "SVM and Plain CNN have no novelty score, so their prediction"
    )
