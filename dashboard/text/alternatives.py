"""Text alternatives of charts, for screen readers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from dashboard.text.formatting import genre_name

if TYPE_CHECKING:
    from core.evaluation.curves import Curve


def timeline_alt(genres: Sequence[str], probabilities: np.ndarray) -> str:
    """Text alternative of the timeline: the number of segments that each genre leads.

    Parameters
    ----------
    genres : sequence of str
        Genres in the order of the probabilities.
    probabilities : np.ndarray [shape=(n, 10)]
        Genre probabilities of the segments.
    """
    leaders = np.bincount(np.argmax(probabilities, axis=1), minlength=len(genres))
    order = [index for index in np.argsort(-leaders, kind="stable") if leaders[index]]
    counts = ", ".join(f"{genre_name(genres[index])} in {leaders[index]}" for index in order)
    count = len(probabilities)
    noun = "segment" if count == 1 else "segments"
    return f"Genre probabilities of {count} {noun}. Most probable genre: {counts}."


def evidence_alt(target: str, shap_values: np.ndarray, labels: Sequence[str]) -> str:
    """Text alternative of a spectrogram with evidence: its strongest rows for and against.

    Parameters
    ----------
    target : str
        The explained genre.
    shap_values : np.ndarray [shape=(frames, rows)]
        SHAP values.
    labels : sequence of str
        Names of the rows.
    """
    sums = shap_values.sum(axis=0, dtype=np.float64)
    return (
        f"Spectrogram of the segment with the evidence for {genre_name(target)}. Strongest "
        f"evidence for it: {labels[int(sums.argmax())]}. Strongest evidence against it: "
        f"{labels[int(sums.argmin())]}."
    )


def confusion_alt(counts: np.ndarray, genres: Sequence[str]) -> str:
    """Text alternative of a confusion matrix: correct predictions and the most frequent error.

    Parameters
    ----------
    counts : np.ndarray [shape=(genres, genres), dtype=int]
        Counts by true genre (rows) and predicted genre (columns).
    genres : sequence of str
        The genres.
    """
    wrong = np.array(counts, dtype=int)
    np.fill_diagonal(wrong, 0)
    true, predicted = divmod(int(wrong.argmax()), len(genres))
    return (
        f"Confusion matrix: {int(np.trace(counts))} of {int(np.sum(counts))} correct. Most "
        f"frequent error: {genre_name(genres[true])} predicted as "
        f"{genre_name(genres[predicted])}, {int(wrong[true, predicted])} times."
    )


def areas_alt(metric: str, curves: Mapping[str, Curve]) -> str:
    """Text alternative of curves: the area under each."""
    return f"{metric}: {', '.join(f'{name} {curve.area:.2f}' for name, curve in curves.items())}."
