"""Sentences about results: agreement of models, additivity, and predictions for parts of a song.

Everything here is a pure function of numbers, names and arrays, so it is tested without a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.text.formatting import (
    duration,
    genre_name,
    model_name,
    p_value,
    percent,
    points,
    share_percent,
    signed,
)

if TYPE_CHECKING:
    from core.explanation.explain import Explanation
    from core.explanation.feature_attribution import FeatureExplanation

FAINT = 0.05  # probability; a genre that stays below is not compared
NOTICEABLE = 0.02  # smallest difference of probabilities that is mentioned
NOTICEABLE_SILENCE_S = 0.5  # shortest silence after a song that is mentioned
SIGNIFICANT = 0.05  # p-value below which two models count as different
FEW = 0.1  # share of songs below which "only" is appropriate
NUMBER_WORDS = {3: "three", 4: "four"}


# ---- Models


def agreement(genres: Mapping[str, str]) -> str:
    """Sentence on whether models agree about a song.

    Parameters
    ----------
    genres : mapping of str to str
        Predicted genre by name of the model.

    Returns
    -------
    str
        One sentence.
    """
    distinct = sorted(set(genres.values()))
    if len(genres) == 1:
        (name,) = genres
        return f"{model_name(name)} predicts {genre_name(distinct[0])}."
    if len(distinct) == 1:
        count = len(genres)
        both = "Both" if count == 2 else f"All {NUMBER_WORDS.get(count, count)}"
        return f"{both} predict {genre_name(distinct[0])}."
    groups: dict[str, list[str]] = {}
    for name, genre in genres.items():
        groups.setdefault(genre, []).append(model_name(name))
    clauses, before = [], ""
    for genre, names in groups.items():
        verb = " predicts" if len(names) == 1 else " predict"
        # A verb is not repeated: "CNN predicts jazz, GRU rock".
        clauses.append(f"{' and '.join(names)}{verb if verb != before else ''} {genre_name(genre)}")
        before = verb
    return f"The models disagree: {', '.join(clauses)}."


def difference(names: tuple[str, str], test: Mapping[str, float]) -> str:
    """Sentence on whether two models differ in accuracy on the same songs.

    Parameters
    ----------
    names : tuple of str
        The two models.
    test : mapping of str to float
        Result of McNemar's test: number of `songs`, of those that only the first or only the second
        model classifies correctly (`only_a`, `only_b`), and `p_value`.

    Returns
    -------
    str
        One sentence.
    """
    songs, first, second = (int(test[key]) for key in ("songs", "only_a", "only_b"))
    separating = first + second
    if not separating:
        return f"Both models classify the same of the {songs} songs correctly."
    only = "Only " if separating < FEW * songs else ""
    size = "no significant" if test["p_value"] >= SIGNIFICANT else "a significant"
    return (
        f"{only}{separating} of {songs} songs separate them: {size} difference "
        f"(only {model_name(names[0])} correct: {first}; only {model_name(names[1])} correct: "
        f"{second}; McNemar's test, p {p_value(test['p_value'])})."
    )


# ---- Contributions


def question_name(target: str, versus: str) -> str:
    """Name of the explained output: ``"jazz"`` or ``"jazz rather than blues"``."""
    if not versus:
        return genre_name(target)
    return f"{genre_name(target)} rather than {genre_name(versus)}"


def legend(target: str, versus: str) -> dict[str, str]:
    """Texts of the colour scale: unit of the SHAP values, and meaning of their signs."""
    name, rival = genre_name(target), genre_name(versus)
    return {
        "unit": f"SHAP value ({'nats' if versus else 'probability'}):",
        "against": f"for {rival}" if versus else f"against {name}",
        "favour": f"for {name}",
    }


def shown_gap(
    base_value: float, shap_values: np.ndarray, prediction: float, versus: str = ""
) -> float:
    """Gap between a prediction and its contributions, as the difference of the displayed numbers.

    Parameters
    ----------
    base_value : float
        Mean output over the background.
    shap_values : np.ndarray
        SHAP values of the segment, in units of the output.
    prediction : float
        Output for the segment: a probability, or log-odds if one genre is explained rather than
        another.
    versus : str
        The other genre.

    Returns
    -------
    float
        Prediction minus base value minus the sum of the SHAP values, each rounded as it is shown.
    """
    digits = 2 if versus else 3
    total = base_value + float(np.sum(shap_values, dtype=np.float64))
    return round(round(prediction, digits) - round(total, digits), digits)


def additivity(gap: float, versus: str = "") -> str:
    """Sentence on how closely the contributions add up to the prediction.

    Parameters
    ----------
    gap : float
        As `shown_gap` returns it.
    versus : str
        The other genre.

    Returns
    -------
    str
        One sentence, and a second one that asks for caution if the gap is large.
    """
    if versus:
        size, unit, near, least = abs(gap), "nats", 0.05, 0.005
        shown, bound = f"{size:.2f}", "0.01"
    else:
        size, unit, near, least = round(abs(100 * gap), 6), "percentage points", 1.0, 0.05
        shown, bound = f"{size:.1f}", "0.1"
    within = bound if size < least else shown
    text = f"The contributions add up to the prediction within {within} {unit}."
    return text if size <= near else f"{text} Interpret single cells with caution."


def cancellation(shap_values: np.ndarray) -> str:
    """Sentence on positive contributions that exceed 100 %; empty if they do not.

    Parameters
    ----------
    shap_values : np.ndarray
        SHAP values of a segment, in units of probability.
    """
    values = np.asarray(shap_values, dtype=np.float64)
    if values.clip(min=0).sum() <= 1:
        return ""
    if values.clip(max=0).sum() < -1:
        return "Positive and negative contributions both exceed 100\u202f% and nearly cancel."
    return "Positive contributions exceed 100\u202f%; negative ones offset part of them."


def view_meanings(with_mfcc: bool) -> str:
    """Explain the spectrograms of the player, in Markdown.

    Parameters
    ----------
    with_mfcc : bool
        Whether the model reads MFCCs, so that there is an MFCC view.
    """
    text = "Grey: the sound. Colour: its contribution to the prediction."
    if not with_mfcc:
        return text
    return (
        f"{text} *MFCC* shows the coefficients that the network reads: the first is the level, the "
        "second the balance of low and high frequencies, and the others progressively finer "
        "detail. *Mel spectrogram* shows the same contributions, mapped back to frequencies."
    )


def charts_meaning(genre: str, count: int) -> str:
    """Explain one chart of evidence, or two and their difference."""
    scales = " The last chart shows the difference. Each chart has its own colour scale."
    return (
        f"Orange: evidence for {genre}. Blue: evidence against it.{scales if count > 1 else ''} "
        "Hover for exact SHAP values. Drag to zoom; double-click to reset."
    )


def silence_after(explanation: Explanation, name: str) -> str:
    """Sentence on the contribution of the silence that pads a segment after the song's end.

    Parameters
    ----------
    explanation : Explanation
        Explanation of one segment.
    name : str
        Display name of the model.

    Returns
    -------
    str
        Two sentences; empty if there is hardly any silence.
    """
    parameters = explanation.parameters
    filled = int(explanation.filled[0])
    seconds = (parameters.segment_frames - filled) * parameters.hop_length / parameters.sample_rate
    if seconds < NOTICEABLE_SILENCE_S:
        return ""
    contribution = float(explanation.mel[0][filled:].sum(dtype=np.float64))
    return (
        f"{name}'s {parameters.segment_s:.0f}-second segment extends {duration(seconds)} past the "
        f"end of the song. This silence (not drawn) contributes {points(contribution)} percentage "
        "points."
    )


def common_grid(first: str, second: str, *, longer: bool) -> str:
    """Sentence on two models' evidence that is drawn on the grid of the first.

    Parameters
    ----------
    first, second : str
        Display names of the models.
    longer : bool
        Whether the second model reads longer segments.
    """
    omission = f", without the part outside {first}'s segment" if longer else ""
    return (
        f"The models use different frequency bands or frames, so {second}'s evidence is shown on "
        f"{first}'s grid{omission}."
    )


# ---- Important parts and everything else


def reading(mode: str, share: float, of: str, target: str, original: float, now: float) -> str:
    """Interpret the probability of a genre for one of the two parts of a song.

    Parameters
    ----------
    mode : {"keep", "remove"}
        Whether the part has the important parts or everything else.
    share : float
        Share that counts as important, in ``(0, 1)``.
    of : {"area", "evidence"}
        Quantity that `share` refers to.
    target : str
        The explained genre.
    original, now : float
        Probability of the genre for the whole song and for the part, in ``[0, 1]``.

    Returns
    -------
    str
        One sentence.
    """
    genre = genre_name(target)
    if mode == "keep":
        quantity = "" if of == "area" else " of the evidence"
        start = f"On the important parts alone ({share_percent(share)}{quantity}),"
        more, same, less, little = (
            f"the network is more confident of {genre} than on the whole song.",
            f"the network is about as confident of {genre} as on the whole song.",
            f"the network is less confident of {genre}: some of the evidence lies elsewhere.",
            f"the probability of {genre} falls by more than half: they are not enough.",
        )
    else:
        start = "On everything else,"
        more, same, less, little = (
            f"the network is more confident of {genre} than on the whole song: the important "
            "parts did not carry the prediction.",
            f"the network is almost as confident of {genre} as on the whole song: it has enough "
            "evidence, too.",
            f"the network is less confident of {genre}.",
            f"the probability of {genre} falls by more than half: the important parts carry the "
            "prediction.",
        )
    if max(original, now) < FAINT:
        return (
            f"{start} the probability of {genre} stays below {percent(FAINT)}, as on the whole "
            "song."
        )
    if now > original + NOTICEABLE:
        return f"{start} {more}"
    if now >= 0.8 * original:
        return f"{start} {same}"
    return f"{start} {less if now >= 0.5 * original else little}"


def readings(share: float, of: str, target: str, original: float, kept: float, rest: float) -> str:
    """Interpret the probabilities of a genre for the important parts and for everything else.

    Parameters
    ----------
    share, of, target
        As in `reading`.
    original, kept, rest : float
        Probability of the genre for the whole song and for its two parts, in ``[0, 1]``.

    Returns
    -------
    str
        Two sentences.
    """
    first = reading("keep", share, of, target, original, kept)
    return f"{first} {reading('remove', share, of, target, original, rest)}"


def enough(share: float, target: str) -> str:
    """Sentences on the smallest share of a segment that suffices for the prediction."""
    return (
        f"On average, {percent(share)} of a segment is enough to predict {genre_name(target)} as "
        "confidently as from the whole segment. To hear it, set the slider close to this size."
    )


# ---- Models of features


def feature_caption(found: FeatureExplanation, shown: int) -> str:
    """Explain a bar chart of features or time steps, and why there is no spectrogram.

    Parameters
    ----------
    found : FeatureExplanation
        SHAP values of features or of time steps.
    shown : int
        Largest number of bars.
    """
    count = len(found.values)
    total = (
        f"add up to {signed(found.values.sum())}, the change in the {found.output} from the "
        f"average ({found.base_value:.2f}) to this segment ({found.prediction:.2f})."
    )
    if found.unit == "time step":
        return (
            f"Exact Shapley values of the {count} time steps that the model reads in order. They "
            f"{total} The model resolves time but not frequency, so there is no spectrogram to "
            "draw; single time steps can be played."
        )
    selection = f"The {shown} most important of {count} features. " if count > shown else ""
    return (
        f"{selection}The SHAP values of all features {total} Features describe the whole segment, "
        "so there is no spectrogram to draw and nothing to play."
    )


def time_steps_in_favour(in_favour: Sequence[bool] | np.ndarray, target: str) -> str:
    """Sentence on how many time steps are evidence for a genre."""
    count = sum(map(bool, in_favour))
    genre = genre_name(target)
    if count == len(in_favour):
        return f"Every time step is evidence for {genre}, so nothing else remains."
    if not count:
        return f"No time step is evidence for {genre}, so there is nothing to play alone."
    verb = "is" if count == 1 else "are"
    return f"{count} of {len(in_favour)} time steps {verb} evidence for {genre}."
