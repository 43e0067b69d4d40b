"""Rows and colours mean the same on both sides and in both themes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dashboard.charts import axes
from dashboard.charts.theme import DARK, LIGHT, Palette, diverging_scale, palette


def rgba(colour: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", colour)]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_scale_of_evidence_is_symmetric_and_clear_in_the_middle(colours: Palette) -> None:
    scale = diverging_scale(colours)
    positions = [position for position, _ in scale]
    opacities = [rgba(colour)[3] for _, colour in scale]
    assert positions[0] == 0
    assert positions[-1] == 1
    np.testing.assert_allclose(positions, 1 - np.array(positions[::-1]))
    np.testing.assert_allclose(opacities, opacities[::-1])
    assert opacities[len(opacities) // 2] == 0
    assert np.all(np.diff(opacities[len(opacities) // 2 :]) > 0)
    assert rgba(scale[0][1])[:3] == list(colours.against)
    assert rgba(scale[-1][1])[:3] == list(colours.favour)


def test_evidence_for_is_orange_and_against_is_blue_in_both_themes() -> None:
    for dark in (False, True):
        red, _, blue = palette(dark).favour
        assert red > blue
        red, _, blue = palette(dark).against
        assert red < blue


def test_no_evidence_at_all_has_a_colour_scale() -> None:
    assert axes.evidence_limit(np.zeros((72, 13))) > 0


def test_one_outlier_does_not_pale_everything_else() -> None:
    shap_values = np.full((72, 13), 0.01)
    shap_values[5, 5] = 100.0
    assert axes.evidence_limit(shap_values) == pytest.approx(0.01)


def test_bands_are_labelled_with_round_frequencies_that_exist() -> None:
    frequencies = np.geomspace(20, 11_000, 128)
    rows = axes.band_rows(frequencies)
    assert list(rows.ticks.values()) == ["100", "500", "1k", "2k", "4k", "8k"]
    assert list(rows.ticks) == sorted(rows.ticks)
    assert rows.labels[list(rows.ticks)[2]].endswith(" Hz")
    for row, text in rows.ticks.items():
        hertz = float(text.replace("k", "000"))
        assert frequencies[row] == pytest.approx(hertz, rel=0.05)
