"""Sentences and numbers as people read them; untrusted names made harmless.

Everything here is a pure function of numbers and strings, so that what the page says can be tested
without a page.
"""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from core.catalogue import TITLES

if TYPE_CHECKING:
    from core.curves import Curve

GENRE_NAMES = {"hiphop": "hip-hop"}  # the others are called what the models call them
NUMBERS = {3: "three", 4: "four"}
NOTICEABLE = 0.02  # difference of probabilities
FAINT = 0.05  # probability below which a genre is not worth comparing

_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&=^")


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


def genre_name(genre: str) -> str:
    """Return a genre as it is written in a sentence."""
    return GENRE_NAMES.get(genre, genre)


def genre_title(genre: str) -> str:
    """Return a genre as it is written in a heading."""
    name = genre_name(genre)
    return name[:1].upper() + name[1:]


def model_name(name: str) -> str:
    """Return a model's name as people write it."""
    return TITLES.get(name, name)


def markdown_safe(text: str) -> str:
    """Return untrusted text for a place where Streamlit reads Markdown.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same text on one line, every character with a meaning in Markdown, LaTeX or Streamlit's
        directives (``:red[…]``, ``:smile:``) escaped.
    """
    line = " ".join(text.split())
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in line)


def html_safe(text: str) -> str:
    """Return untrusted text for a place where HTML is read."""
    return html.escape(text, quote=True)


def percent(share: float) -> str:
    """Return a probability as a rounded percentage that never claims certainty.

    Parameters
    ----------
    share : float
        Probability or share in ``[0, 1]``.

    Returns
    -------
    str
        ``"81 %"``, and ``"< 1 %"`` or ``"> 99 %"`` where rounding would say 0 or 100.
    """
    rounded = round(100 * share)
    if rounded < 1:
        return "<\u202f1\u202f%"
    if rounded > 99:
        return ">\u202f99\u202f%"
    return f"{rounded}\u202f%"


def points(difference: float, *, digits: int = 1) -> str:
    """Return a difference of probabilities in percentage points, with its sign."""
    value = round(100 * difference, digits) + 0.0  # no "-0.0"
    sign = "−" if value < 0 else "+"
    return f"{sign}{abs(value):.{digits}f}"


def signed(value: float) -> str:
    """Return a number with its sign and two digits."""
    rounded = round(value, 2) + 0.0  # no "-0.00"
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.2f}"


def clock(seconds: float, *, digits: int = 0) -> str:
    """Return a moment of the song as minutes and seconds, ``"1:07"`` or ``"1:07.5"``."""
    scaled = round(seconds * 10**digits)
    minutes, rest = divmod(scaled, 60 * 10**digits)
    width = 3 + digits if digits else 2
    return f"{minutes}:{rest / 10**digits:0{width}.{digits}f}"


def span(start_s: float, end_s: float) -> str:
    """Return a stretch of the song, ``"0:06–0:09"``."""
    return f"{clock(start_s)}–{clock(end_s)}"


def duration(seconds: float) -> str:
    """Return a length as words: ``"2.4 seconds"``, ``"20 seconds"`` or ``"3:25 minutes"``."""
    if seconds >= 60:
        return f"{clock(seconds)} minutes"
    return f"{seconds:.0f} seconds" if seconds >= 10 else f"{seconds:.1f} seconds"


def time_left(seconds: float) -> str:
    """Return how long work will still take, to be appended; nothing if it is nearly done."""
    if seconds < 3:
        return ""
    if seconds < 55:
        return f", about {5 * math.ceil(seconds / 5)} seconds left"
    minutes = math.ceil(seconds / 60)
    return f", about {minutes} minute{'s' if minutes > 1 else ''} left"


def file_stem(song: str, target: str) -> str:
    """Return a beginning for names of saved files, harmless whatever the song is called."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", song.rsplit(".", 1)[0]).strip("-")[:40] or "song"
    return f"{stem}-{target}"


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
        both = "Both" if count == 2 else f"All {NUMBERS.get(count, count)}"
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


def p_value(value: float) -> str:
    """Return a p-value as it stands in a sentence: ``"= 0.69"``, ``"< 0.01"``."""
    return "< 0.01" if value < 0.01 else f"= {value:.2f}"


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
