"""Two models' evidence shares its axes, and a cell tells both values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.audio import Audio
from dashboard.axes import band_rows
from dashboard.overlays import overlays
from tests.core.made_up import made_up_explanation
from tests.synthetic import song_samples

ROWS = band_rows(np.geomspace(20, 11_000, 128))


@pytest.mark.parametrize("dark", [False, True])
def test_shapes_are_compared_whatever_their_scale(dark: bool) -> None:
    first = made_up_explanation(Audio(song_samples(3.1)), seed=1)
    second = replace(first, mel=3 * first.mel)
    one, other, difference = overlays(first, second, ("A", "B"), ROWS, dark=dark).data
    np.testing.assert_allclose(one.z, other.z, atol=1e-5)
    np.testing.assert_allclose(difference.z, 0, atol=1e-5)
    assert np.abs(one.z).max() >= 1


def test_the_pictures_share_their_axes_and_tell_both_values() -> None:
    first, second = (made_up_explanation(Audio(song_samples(3.1)), seed=seed) for seed in (1, 2))
    figure = overlays(first, second, ("A", "B"), ROWS, dark=False)
    assert [trace.xaxis for trace in figure.data] == ["x"] * 3
    assert figure.layout.yaxis2.matches == figure.layout.yaxis3.matches == "y"
    domains = [axis.domain for axis in (figure.layout.yaxis3, figure.layout.yaxis2)]
    assert domains[0][1] < domains[1][0], "the pictures do not overlap"
    told = figure.data[2].customdata
    assert told.shape == (128, 72, 3)
    np.testing.assert_allclose(
        told[5, 7], [first.mel[0, 7, 5], second.mel[0, 7, 5], first.logmel[0, 7, 5]], rtol=1e-5
    )
    assert "A %{customdata[0]" in figure.data[0].hovertemplate
    assert "B %{customdata[1]" in figure.data[0].hovertemplate


def test_the_axis_ends_where_the_pictures_end() -> None:
    song = Audio(song_samples(10.0))
    first, second = (made_up_explanation(song, seed=seed, segments=[2]) for seed in (1, 2))
    figure = overlays(first, second, ("A", "B"), ROWS, dark=False)
    begin, end = (np.datetime64(edge) for edge in figure.layout.xaxis.range)
    seconds = (end - begin) / np.timedelta64(1, "s")
    assert seconds == pytest.approx(72 * 915 / 22_050, abs=1e-3)
    assert (begin - np.datetime64(0, "s")) / np.timedelta64(1, "s") == pytest.approx(
        5.955, abs=1e-3
    )
