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
    assert list(rows.ticks.values()) == ["100 Hz", "500 Hz", "1 kHz", "2 kHz", "4 kHz", "8 kHz"]
    assert list(rows.ticks) == sorted(rows.ticks)
    assert rows.labels[list(rows.ticks)[2]].endswith(" Hz")
    assert rows.labels[-1] == "11\u202f000 Hz"
    for row, text in rows.ticks.items():
        hertz = float(text.replace(" kHz", "000").replace(" Hz", ""))
        assert frequencies[row] == pytest.approx(hertz, rel=0.05)


def test_coefficients_are_counted_from_1() -> None:
    rows = axes.coefficient_rows(13)
    assert rows.labels[0] == "MFCC 1"
    assert rows.ticks[12] == "MFCC 13"
