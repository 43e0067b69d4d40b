"""Colours have the same meaning in both themes."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dashboard.charts.theme import DARK, LIGHT, Palette, diverging_scale, palette, rgb


def rgba(colour: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", colour)]


@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_the_scale_of_evidence_is_symmetric_and_transparent_in_the_middle(colours: Palette) -> None:
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


def test_a_hexadecimal_colour_has_three_channels() -> None:
    assert rgb("#0b524e") == (11, 82, 78)
    with pytest.raises(ValueError, match="fromhex"):
        rgb("teal")
