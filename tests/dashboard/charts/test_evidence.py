"""The evidence of two models shares its axes, and hovering shows both values."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.audio.io import Audio
from dashboard.charts.axes import band_rows
from dashboard.charts.evidence import overlays
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

ROWS = band_rows(np.geomspace(20, 11_000, 128))


@pytest.mark.parametrize("dark", [False, True])
def test_shapes_are_compared_independently_of_scale(dark: bool) -> None:
    first = synthetic_explanation(Audio(song_samples(3.1)), seed=1)
    second = replace(first, mel=3 * first.mel)
    one, other, difference = overlays((first, second), ("A", "B"), ROWS, dark=dark).data
    np.testing.assert_allclose(one.z, other.z, atol=1e-5)
    np.testing.assert_allclose(difference.z, 0, atol=1e-5)
    assert np.abs(one.z).max() >= 1


def test_pictures_share_their_axes_and_show_both_values() -> None:
    first, second = (synthetic_explanation(Audio(song_samples(3.1)), seed=seed) for seed in (1, 2))
    figure = overlays((first, second), ("A", "B"), ROWS, dark=False)
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
    first, second = (synthetic_explanation(song, seed=seed, segments=[2]) for seed in (1, 2))
    figure = overlays((first, second), ("A", "B"), ROWS, dark=False)
    begin, end = (np.datetime64(edge) for edge in figure.layout.xaxis.range)
    seconds = (end - begin) / np.timedelta64(1, "s")
    assert seconds == pytest.approx(72 * 915 / 22_050, abs=1e-3)
    assert (begin - np.datetime64(0, "s")) / np.timedelta64(1, "s") == pytest.approx(
        5.955, abs=1e-3
    )


def test_one_picture_stands_alone() -> None:
    only = synthetic_explanation(Audio(song_samples(3.1)), seed=1)
    figure = overlays((only,), ("A",), ROWS, dark=False)
    assert len(figure.data) == 1
    assert list(figure.layout.yaxis.domain) == [0, 1]
    assert figure.layout.xaxis.anchor == "y"
    assert figure.data[0].customdata.shape == (128, 72, 2)


def test_times_are_not_mistaken_for_years() -> None:
    song = Audio(song_samples(10.0))
    only = synthetic_explanation(song, seed=1, segments=[2])
    (picture,) = overlays((only,), ("A",), ROWS, dark=False).data
    # Frame 147 begins after 6100 ms exactly, which Plotly takes for the year 6100.
    assert picture.x[147 - 144] == "1970-01-01 00:00:06.100000"
    assert all(str(column).startswith("1970-01-01 00:00:0") for column in picture.x)


def test_nothing_is_drawn_beyond_the_end_of_the_song() -> None:
    only = replace(synthetic_explanation(Audio(song_samples(3.1)), seed=1), filled=np.array([50]))
    (picture,) = overlays((only,), ("A",), ROWS, dark=False).data
    assert picture.z.shape == (128, 50)
    assert len(picture.x) == 50
