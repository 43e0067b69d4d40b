"""Rows have names and ticks, and the range of colours fits the evidence."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts import axes


def test_zero_evidence_has_a_colour_scale() -> None:
    assert axes.evidence_limit(np.zeros((72, 13))) > 0


def test_one_outlier_does_not_fade_everything_else() -> None:
    shap_values = np.full((72, 13), 0.01)
    shap_values[5, 5] = 100.0
    assert axes.evidence_limit(shap_values) == pytest.approx(0.01)


def test_bands_have_ticks_at_round_frequencies_in_range() -> None:
    frequencies = np.geomspace(20, 11_000, 128)
    rows = axes.band_rows(frequencies)
    assert list(rows.ticks.values()) == ["100", "500", "1k", "2k", "4k", "8k"]
    assert list(rows.ticks) == sorted(rows.ticks)
    assert rows.labels[list(rows.ticks)[2]].endswith(" Hz")
    for row, text in rows.ticks.items():
        hertz = float(text.replace("k", "000"))
        assert frequencies[row] == pytest.approx(hertz, rel=0.05)


def test_coefficients_are_counted_from_1() -> None:
    rows = axes.coefficient_rows(13)
    assert rows.labels[0] == "coefficient 1"
    assert rows.ticks[12] == "13"
