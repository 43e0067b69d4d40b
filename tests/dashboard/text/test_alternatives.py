"""Text alternatives name the most important content of a chart."""

from __future__ import annotations

import numpy as np

from core.constants import GENRES
from core.evaluation.curves import roc
from dashboard.text import alternatives


def test_the_alternative_of_a_timeline_counts_leading_genres() -> None:
    probabilities = np.eye(10)[[5, 5, 1]]
    assert alternatives.timeline_alt(GENRES, probabilities) == (
        "Genre probabilities of 3 segments. Most probable genre: jazz in 2, classical in 1."
    )


def test_the_alternative_of_a_spectrogram_names_the_strongest_rows() -> None:
    shap_values = np.zeros((72, 3))
    shap_values[:, 2] = 1
    shap_values[0, 1] = -1
    assert alternatives.evidence_alt("jazz", shap_values, ["a", "b", "c"]) == (
        "Spectrogram of the segment with the evidence for jazz. Strongest evidence for it: c. "
        "Strongest evidence against it: b."
    )


def test_the_alternative_of_a_confusion_matrix_names_the_most_frequent_error() -> None:
    counts = 20 * np.eye(10, dtype=int)
    counts[0, 5] = 7
    assert alternatives.confusion_alt(counts, GENRES) == (
        "Confusion matrix: 200 of 207 correct. Most frequent error: blues predicted as jazz, "
        "7 times."
    )


def test_the_alternative_of_curves_lists_their_areas() -> None:
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    curve = roc(probabilities, np.array([0, 0, 1, 1]), 0)
    assert alternatives.areas_alt("Area", {"Blues": curve}) == "Area: Blues 0.75."
