"""Numbers, names and escaping: how values are written on the page.

Everything here is a pure function of numbers and strings, so it is tested without a page.
"""

from __future__ import annotations

import html
import math
import re

from core.models.registry import TITLES

GENRE_NAMES = {"hiphop": "hip-hop"}  # every other genre is written as the models name it
SHORTEST_ESTIMATE_S = 3  # shorter waits get no estimate

_MARKDOWN = frozenset("\\`*_{}[]()<>#+-.!|~$:&=^")


def genre_name(genre: str) -> str:
    """Name of a genre within a sentence."""
    return GENRE_NAMES.get(genre, genre)


def genre_title(genre: str) -> str:
    """Name of a genre at the beginning of a heading or a table cell."""
    return sentence_case(genre_name(genre))


def sentence_case(text: str) -> str:
    """Capitalise the first letter of a label."""
    return text[:1].upper() + text[1:]


def model_name(name: str) -> str:
    """Display name of a model."""
    return TITLES.get(name, name)


def markdown_safe(text: str) -> str:
    """Escape untrusted text for Streamlit's Markdown.

    Parameters
    ----------
    text : str
        Any text.

    Returns
    -------
    str
        The same text on one line. Every character with a meaning in Markdown, LaTeX or Streamlit's
        directives (``:red[…]``, ``:smile:``) is escaped.
    """
    line = " ".join(text.split())
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in line)


def html_safe(text: str) -> str:
    """Escape untrusted text for HTML."""
    return html.escape(text, quote=True)


def percent(share: float) -> str:
    """Format a probability as a rounded percentage that never claims certainty.

    Parameters
    ----------
    share : float
        Probability in ``[0, 1]``; for counted shares, see `share_percent`.

    Returns
    -------
    str
        ``"81 %"``, and ``"< 1 %"`` or ``"> 99 %"`` where rounding would give 0 or 100.
    """
    rounded = round(100 * share)
    if rounded < 1:
        return "<\u202f1\u202f%"
    if rounded > 99:
        return ">\u202f99\u202f%"
    return f"{rounded}\u202f%"


def share_percent(share: float, *, digits: int = 0) -> str:
    """Format a counted share, which may be 0 or 100 %, as a rounded percentage: ``"93 %"``."""
    value = round(100 * share, digits) + 0.0  # no "-0.0"
    return f"{value:.{digits}f}\u202f%".replace("-", "−")


def grouped(number: float) -> str:
    """Format a number without decimals; five and more digits are grouped: ``"24 701"``."""
    text = f"{number:.0f}"
    return f"{number:,.0f}".replace(",", "\u202f") if len(text.lstrip("-")) > 4 else text


def points(difference: float, *, digits: int = 1) -> str:
    """Format a difference of probabilities as signed percentage points."""
    value = round(100 * difference, digits) + 0.0  # no "-0.0"
    sign = "−" if value < 0 else "+"
    return f"{sign}{abs(value):.{digits}f}"


def signed(value: float) -> str:
    """Format a number with its sign and two decimals."""
    rounded = round(value, 2) + 0.0  # no "-0.00"
    return f"{'−' if rounded < 0 else '+'}{abs(rounded):.2f}"


def p_value(value: float) -> str:
    """Format a p-value with its relation: ``"= 0.69"`` or ``"< 0.01"``."""
    return "< 0.01" if value < 0.01 else f"= {value:.2f}"


def clock(seconds: float, *, digits: int = 0) -> str:
    """Format a time as minutes and seconds: ``"1:07"`` or, with one digit, ``"1:07.5"``."""
    scaled = round(seconds * 10**digits)
    minutes, rest = divmod(scaled, 60 * 10**digits)
    width = 3 + digits if digits else 2
    return f"{minutes}:{rest / 10**digits:0{width}.{digits}f}"


def span(start_s: float, end_s: float) -> str:
    """Format a time range: ``"0:06–0:09"``."""
    return f"{clock(start_s)}–{clock(end_s)}"


def duration(seconds: float) -> str:
    """Format a length with its unit: ``"2.4 seconds"``, ``"20 seconds"`` or ``"3 min 25 s"``."""
    if round(seconds) >= 60:
        minutes, rest = divmod(round(seconds), 60)
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    digits = 1 if seconds < 10 else 0
    text = f"{seconds:.{digits}f}".removesuffix(".0")
    return f"{text} second" if text == "1" else f"{text} seconds"


def duration_ms(seconds: float) -> str:
    """Format a short length with its unit: ``"41 ms"`` or, from one second on, ``"1.5 s"``."""
    milliseconds = round(1_000 * seconds)
    return f"{milliseconds} ms" if milliseconds < 1_000 else f"{seconds:.1f} s"


def time_left(seconds: float) -> str:
    """Format the remaining time as the end of a sentence; empty for the last few seconds."""
    if seconds < SHORTEST_ESTIMATE_S:
        return ""
    if seconds < 55:
        return f", about {5 * math.ceil(seconds / 5)} seconds left"
    minutes = math.ceil(seconds / 60)
    return f", about {minutes} minute{'s' if minutes > 1 else ''} left"


def file_stem(song: str, target: str) -> str:
    """Build the stem of a download's file name from letters, digits and hyphens only."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", song.rsplit(".", 1)[0]).strip("-")[:40] or "song"
    return f"{stem}-{target}"
