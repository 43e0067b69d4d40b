"""Charts of novelty show every model beside its baseline."""

from __future__ import annotations

import pytest

from dashboard.charts.novelty import detection, unknown_genres
from tests.novelty_results import content


@pytest.mark.parametrize("dark", [False, True])
def test_every_model_has_a_line_beside_its_largest_probability(dark: bool) -> None:
    figure = detection(content()["models"], dark=dark)
    assert [line.name for line in figure.data] == [
        "CNN",
        "CNN, largest probability alone",
        "MSD-musicnn",
        "MSD-musicnn, largest probability alone",
    ]
    assert [line.line.dash for line in figure.data] == ["solid", "dot"] * 2
    assert list(figure.data[0].y) == [0.7, 0.96, 1.0]
    assert "96\u202f% detected, 5\u202f% of songs" in figure.data[0].hovertext[1]


def test_every_unknown_genre_has_a_row() -> None:
    figure = unknown_genres(content()["models"], dark=False)
    assert list(figure.data[0].y)[:2] == ["Blues", "Classical"]
    assert figure.data[0].x[0] == pytest.approx(0.6)
    assert figure.data[1].marker.symbol == "circle-open"
