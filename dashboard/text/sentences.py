"""What stands beside pictures and bars of evidence, as sentences; pure functions like `wording`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.text.formatting import genre_name, model_name, percent

if TYPE_CHECKING:
    from core.evaluation.curves import Curve

from typing import TYPE_CHECKING

from dashboard.text.formatting import clock, duration, signed

if TYPE_CHECKING:
    from core.explanation.explain import Explanation
    from core.explanation.feature_attribution import FeatureExplanation

NOTICEABLE_S = 0.5  # of silence after a song
SILENCE = "silence after"
SHORT_S = 0.05  # of a moment that the song hardly reaches


def pictures_meaning(genre: str, count: int) -> str:
    """Say what one picture of evidence shows, or two and their difference."""
    several = "; each picture in its own scale, the last the difference of these two"
    return (
        f"Orange speaks for {genre}, blue against it{several if count > 1 else ''}. Hovering tells "
        "the SHAP values themselves, in units of probability. Drag to zoom, double-click to zoom "
        "out."
    )


def silence_after(explanation: Explanation, name: str) -> str:
    """Say what a model makes of the silence that fills its segment up after a song's end.

    Parameters
    ----------
    explanation : Explanation
        Of one segment.
    name : str
        What the model is called.

    Returns
    -------
    str
        One sentence; nothing if there is hardly any silence.
    """
    parameters = explanation.parameters
    filled = int(explanation.filled[0])
    seconds = (parameters.segment_frames - filled) * parameters.hop_length / parameters.sample_rate
    if seconds < NOTICEABLE_S:
        return ""
    worth = float(explanation.mel[0][filled:].sum(dtype=np.float64))
    return (
        f"The {name} hears {duration(parameters.segment_s)} at a time: the "
        f"{duration(seconds)} of silence after the song's end, not drawn, count {signed(worth)}."
    )


def moments_in_song(
    found: FeatureExplanation, start_s: float, segment_s: float, end_s: float
) -> tuple[list[str], np.ndarray]:
    """Return moments as bars: when each begins in the song, and what it counts.

    Parameters
    ----------
    found : FeatureExplanation
        Of the moments of a segment.
    start_s, segment_s : float
        When the segment begins, and how long it is.
    end_s : float
        When the song ends.

    Returns
    -------
    names : list of str
        Beginnings; what lies beyond the song is one bar, the last, called silence.
    values : np.ndarray [shape=(names,)]
        SHAP values, of the same sum.
    """
    begins = start_s + segment_s * np.arange(len(found.values)) / len(found.values)
    heard = begins < end_s - SHORT_S
    names = [clock(begin, digits=1) for begin in begins[heard]]
    values = found.values[heard]
    if heard.all():
        return names, values
    return [*names, SILENCE], np.append(values, found.values[~heard].sum())


def numbers_caption(found: FeatureExplanation, most: int) -> str:
    """Return what bars of features or moments say, and why there is nothing to hear."""
    count = len(found.values)
    sums = (
        f"sum to {signed(found.values.sum())}, from {found.base_value:.2f} on average to "
        f"{found.prediction:.2f} ({found.output})."
    )
    if found.unit == "moment":
        return (
            f"Exact Shapley values of the {count} moments that it reads one after the other: they "
            f"{sums} It knows when something was heard, not at which frequency: there is no "
            "picture to draw and nothing to filter, but moments can be heard alone."
        )
    shown = f"The {most} features that count most of {count}." if count > most else ""
    return (
        f"{shown} The SHAP values of all of them {sums} Features are numbers about a stretch of "
        "the song, not places in it: there is no picture to draw, and no sound to filter."
    ).strip()


def spoke(names: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Return which of a song's moments spoke for a genre, as `moments_in_song` returned them."""
    sounding = [name != SILENCE for name in names]
    return values[sounding] > 0


def moments_heard(spoke_for: Sequence[bool] | np.ndarray) -> str:
    """Say what stays when only the moments are heard that spoke for a genre."""
    if all(spoke_for):
        return "Every moment spoke for it, so nothing is left without them."
    if not any(spoke_for):
        return "No moment spoke for it, so nothing is left of it alone."
    return f"{sum(map(bool, spoke_for))} of {len(spoke_for)} moments spoke for it."


NUMBER_WORDS = {3: "three", 4: "four"}


NOTICEABLE = 0.02  # difference of probabilities


FAINT = 0.05  # probability below which a genre is not worth comparing


def view_meanings(with_mfcc: bool) -> str:
    """Say what the pictures of the player show; not every network reads MFCCs."""
    if not with_mfcc:
        return (
            "Grey is the sound, colour its part in the network's answer, on the mel spectrogram "
            "that the network reads."
        )
    return (
        "Grey is the sound, colour its part in the network's answer. *MFCC* shows the numbers "
        "that the network reads at every moment: the first is the level, the second the balance "
        "of low and high, the others ever finer detail. *Mel spectrogram* shows the same evidence, "
        "carried back to what can be heard."
    )


def agreement(genres: dict[str, str]) -> str:
    """Say whether models agree on a song.

    Parameters
    ----------
    genres : dict
        Verdict of each model by the model's name.

    Returns
    -------
    str
        One sentence.
    """
    heard = sorted(set(genres.values()))
    if len(genres) == 1:
        (name,) = genres
        return f"{model_name(name)} hears {genre_name(heard[0])}."
    if len(heard) == 1:
        count = len(genres)
        both = "Both" if count == 2 else f"All {NUMBER_WORDS.get(count, count)}"
        return f"{both} hear {genre_name(heard[0])}."
    said = ", ".join(f"{model_name(name)} {genre_name(genre)}" for name, genre in genres.items())
    return f"They disagree: {said}."


def reading(mode: str, share: float, of: str, target: str, original: float, now: float) -> str:
    """Say what the probability of an excerpt means.

    Parameters
    ----------
    mode : {"keep", "remove"}
        Whether the important regions are heard, or everything else.
    share : float
        Share that counts as important, in ``(0, 1)``.
    of : {"area", "evidence"}
        Of what that is a share.
    target : str
        The explained genre.
    original, now : float
        Probability of the genre for the whole song and for the excerpt, in ``[0, 1]``.

    Returns
    -------
    str
        One sentence.
    """
    genre = genre_name(target)
    if mode == "keep":
        what = "sound" if of == "area" else "evidence"
        part = f"From this {round(100 * share)}\u202f% of the {what} alone the network hears"
        more, same, less, little = (
            f"more {genre} than in the whole song.",
            f"about as much {genre} as in the whole song.",
            f"less {genre}: some of it lies elsewhere.",
            f"little {genre}: alone it does not carry it.",
        )
    else:
        part = "In the rest the network hears"
        more, same, less, little = (
            f"more {genre}: what is kept did not carry it.",
            f"almost as much {genre}: there is evidence elsewhere.",
            f"less {genre}.",
            f"little {genre}: it cannot do without what is kept.",
        )
    if max(original, now) < FAINT:
        return f"{part} hardly any {genre}, as in the whole song."
    if now > original + NOTICEABLE:
        return f"{part} {more}"
    if now >= 0.8 * original:
        return f"{part} {same}"
    return f"{part} {less if now >= 0.5 * original else little}"


def readings(share: float, of: str, target: str, original: float, kept: float, rest: float) -> str:
    """Return what the network's answers to both parts mean.

    Parameters
    ----------
    share, of, target
        As in `reading`.
    original, kept, rest : float
        Probability of the genre for the whole song and for its parts, in ``[0, 1]``.

    Returns
    -------
    str
        Two sentences.
    """
    first = reading("keep", share, of, target, original, kept)
    return f"{first} {reading('remove', share, of, target, original, rest)}"


def question_name(target: str, versus: str) -> str:
    """Return what is asked about: ``"jazz"`` or ``"jazz rather than blues"``."""
    if not versus:
        return genre_name(target)
    return f"{genre_name(target)} rather than {genre_name(versus)}"


def enough(share: float, target: str) -> str:
    """Say how little would be enough for the network, as a sentence."""
    return (
        f"About {percent(share)} of a segment, on average, would be enough for the network to hear "
        f"as much {genre_name(target)} as in the whole. Move the slider there to hear it."
    )


def original_reading(model: str) -> str:
    """Say what the probability of the whole song is."""
    return f"The whole song as the {model_name(model)} hears it, on average over its segments."


def additivity(gap: float, versus: str = "") -> str:
    """Say in plain words what the gap of an account is.

    Parameters
    ----------
    gap : float
        Prediction minus base value minus the sum of the SHAP values, in units of probability, or of
        log-odds if a genre is explained rather than another.
    versus : str
        The other genre.

    Returns
    -------
    str
        One or two sentences.
    """
    if versus:
        size, unit, near, least = abs(gap), "nats", 0.05, 0.005
        shown, bound = f"{size:.2f}", "0.01"
    else:
        size, unit, near, least = abs(100 * gap), "percentage points", 1.0, 0.05
        shown, bound = f"{size:.1f}", "0.1"
    if size < least:
        return f"The evidence adds up to the network's answer, to within {bound} {unit}."
    verdict = "close" if size <= near else "not exact: take single cells with care"
    return (
        f"The evidence adds up to the network's answer but for {shown} {unit}, which the "
        f"computation leaves unexplained; that is {verdict}."
    )


def timeline_alt(genres: Sequence[str], probabilities: np.ndarray) -> str:
    """Return a text alternative for the timeline of genres.

    Parameters
    ----------
    genres : sequence of str
        Genres in the order of the probabilities.
    probabilities : np.ndarray [shape=(n, 10)]
        Genre probabilities of the segments.

    Returns
    -------
    str
        In how many segments each genre leads.
    """
    leaders = np.bincount(np.argmax(probabilities, axis=1), minlength=len(genres))
    order = [index for index in np.argsort(-leaders, kind="stable") if leaders[index]]
    counts = ", ".join(f"{genre_name(genres[index])} in {leaders[index]}" for index in order)
    return f"Genre probabilities of {len(probabilities)} segments. Most likely: {counts}."


def evidence_alt(target: str, shap_values: np.ndarray, labels: Sequence[str]) -> str:
    """Return a text alternative for a spectrogram with evidence.

    Parameters
    ----------
    target : str
        The explained genre.
    shap_values : np.ndarray [shape=(frames, rows)]
        SHAP values.
    labels : sequence of str
        Names of the rows.

    Returns
    -------
    str
        Which row speaks most for and most against the genre.
    """
    sums = shap_values.sum(axis=0, dtype=np.float64)
    return (
        f"Spectrogram of the segment with its evidence. {labels[int(sums.argmax())]} speaks most "
        f"for {genre_name(target)}, {labels[int(sums.argmin())]} most against it."
    )


def confusion_alt(counts: np.ndarray, genres: Sequence[str]) -> str:
    """Return a text alternative for a confusion matrix.

    Parameters
    ----------
    counts : np.ndarray [shape=(genres, genres), dtype=int]
        Rows are true genres.
    genres : sequence of str
        The genres.

    Returns
    -------
    str
        How many are right, and the most frequent mistake.
    """
    wrong = np.array(counts, dtype=int)
    np.fill_diagonal(wrong, 0)
    true, named = divmod(int(wrong.argmax()), len(genres))
    return (
        f"Confusion matrix: {int(np.trace(counts))} of {int(np.sum(counts))} right. Most frequent "
        f"mistake: {genre_name(genres[true])} taken for {genre_name(genres[named])}, "
        f"{int(wrong[true, named])} times."
    )


def areas_alt(measure: str, curves: Mapping[str, Curve]) -> str:
    """Return a text alternative for curves: the area of each."""
    return f"{measure}: {', '.join(f'{name} {curve.area:.2f}' for name, curve in curves.items())}."
