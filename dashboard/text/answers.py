"""Predictions for a song in words: one genre, several that remain possible, or none that fits.

Everything here is a pure function of analyses, so it is tested without a page.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dashboard.text.formatting import genre_name, model_name, percent, sentence_case
from dashboard.text.sentences import agreement

if TYPE_CHECKING:
    from core.analysis import Analysis

MOST_NAMED = 3  # genres of a set; larger sets name two and count the others
LOW_CONFIDENCE = 0.4  # probability below which the prediction of a model without sets is marked
UNLIKE = "unlike anything it was trained on"


@dataclass(frozen=True)
class Answer:
    """Prediction for a song in words.

    Parameters
    ----------
    title : str
        The genres, or why there is none.
    note : str
        Probability, or the nearest genre; may be empty.
    fits : bool
        Whether any genre fits.
    """

    title: str
    note: str
    fits: bool


def answer(analysis: Analysis) -> Answer:
    """Describe the prediction for a song.

    Parameters
    ----------
    analysis : Analysis
        Predictions of one model.

    Returns
    -------
    Answer
        Title and note.
    """
    genre, share = genre_name(analysis.genre), percent(analysis.probability)
    if analysis.silent:
        return Answer("No sound", "", fits=False)
    if not analysis.genre_set:
        return Answer(sentence_case(UNLIKE), f"nearest genre: {genre}, {share}", fits=False)
    title = sentence_case(possible_genres(analysis.genre_set))
    if len(analysis.genre_set) > 1:
        shares = analysis.song_probabilities
        total = sum(shares[analysis.genres.index(each)] for each in analysis.genre_set)
        return Answer(title, f"together {percent(float(total))}", fits=True)
    doubt = ""
    if math.isnan(analysis.novelty) and analysis.probability < LOW_CONFIDENCE:
        doubt = " (low confidence)"
    return Answer(title, f"{share}{doubt}", fits=True)


def possible_genres(genre_set: Sequence[str]) -> str:
    """Join the genres of a set: ``"reggae or hip-hop"``, ``"reggae, hip-hop or 3 others"``.

    Parameters
    ----------
    genre_set : sequence of str
        At least one genre, the most probable first.
    """
    names = [genre_name(genre) for genre in genre_set]
    if len(names) > MOST_NAMED:
        names = [*names[: MOST_NAMED - 1], f"{len(names) - MOST_NAMED + 1} others"]
    *first, last = names
    return f"{', '.join(first)} or {last}" if first else last


def summary(analyses: Mapping[str, Analysis]) -> str:
    """Sentences on what models predict for a song, and on those that it is too strange to.

    Parameters
    ----------
    analyses : mapping of str to Analysis
        Predictions by name of the model; at least one.

    Returns
    -------
    str
        One or two sentences.
    """
    if any(each.silent for each in analyses.values()):
        return "The recording has no sound."
    fitting = {name: each.genre for name, each in analyses.items() if each.genre_set}
    strange = [model_name(name) for name, each in analyses.items() if not each.genre_set]
    found = [agreement(fitting)] if fitting else []
    if strange:
        verb = "was" if len(strange) == 1 else "were"
        found.append(
            f"The recording is unlike anything that {_listed(strange)} {verb} trained on, and it "
            "may belong to none of the ten genres."
        )
    return " ".join(found)


def missing_data(analyses: Mapping[str, Analysis]) -> str:
    """Sentence on models without a novelty score; empty if all of them have one."""
    names = [model_name(name) for name, each in analyses.items() if math.isnan(each.novelty)]
    if not names:
        return ""
    verb, their = ("has", "its") if len(names) == 1 else ("have", "their")
    return (
        f"{_listed(names)} {verb} no novelty score, so {their} prediction does not tell whether "
        "the recording is music of one of the ten genres."
    )


def _listed(names: Sequence[str]) -> str:
    *first, last = names
    return f"{', '.join(first)} and {last}" if first else last
