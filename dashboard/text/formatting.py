"""Sentences and numbers as people read them; untrusted names made harmless.

Everything here is a pure function of numbers and strings, so that what the page says can be tested
without a page.
"""

from __future__ import annotations

import html
import math
import re
from typing import TYPE_CHECKING

from core.models.registry import TITLES

if TYPE_CHECKING:
    pass

GENRE_NAMES = {"hiphop": "hip-hop"}  # the others are called what the models call them

_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&=^")


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


def p_value(value: float) -> str:
    """Return a p-value as it stands in a sentence: ``"= 0.69"``, ``"< 0.01"``."""
    return "< 0.01" if value < 0.01 else f"= {value:.2f}"
