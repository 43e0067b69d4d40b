"""What stands beside pictures and bars of evidence, as sentences; pure functions like `wording`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.wording import clock, duration, signed

if TYPE_CHECKING:
    from core.explanation import Explanation
    from core.number_explanation import NumberExplanation

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
    found: NumberExplanation, start_s: float, segment_s: float, end_s: float
) -> tuple[list[str], np.ndarray]:
    """Return moments as bars: when each begins in the song, and what it counts.

    Parameters
    ----------
    found : NumberExplanation
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


def numbers_caption(found: NumberExplanation, most: int) -> str:
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
