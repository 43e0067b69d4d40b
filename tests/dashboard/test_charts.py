"""Figures say what the arrays say, in colours that mean the same on both sides."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

from core.constants import GENRES
from dashboard import charts
from dashboard.palette import DARK, LIGHT, Palette, diverging_scale, palette


def rgba(colour: str) -> list[float]:
    return [float(part) for part in re.findall(r"[\d.]+", colour)]


@pytest.fixture
def answers() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Probabilities, starts and ends of five segments."""
    random = np.random.RandomState(0)
    shares = random.dirichlet(np.ones(10) / 3, size=5)
    starts = 2.988 * np.arange(5)
    return shares, starts, starts + 2.988


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


def test_the_timeline_has_a_cell_and_a_place_to_click_for_every_genre_and_segment(
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    shares, starts, ends = answers
    heat, markers, _ = charts.timeline(shares, starts, ends, GENRES, selected=3, target="jazz").data
    np.testing.assert_allclose(heat.z, shares.T)
    assert (heat.zmin, heat.zmax) == (0, 1)
    assert len(heat.x) == len(starts) + 1
    assert len(markers.x) == 50
    for x, row, segment in zip(markers.x, markers.y, markers.customdata, strict=True):
        assert starts[segment] < x / 1000 < ends[segment]
        assert heat.z[row, segment] == pytest.approx(shares[segment, row])


def test_hovering_the_timeline_names_time_genre_and_probability(
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    shares, starts, ends = answers
    shares = np.full_like(shares, 0.02)
    shares[1] = 0.03
    shares[1, GENRES.index("hiphop")] = 0.73
    _, markers, _ = charts.timeline(shares, starts, ends, GENRES, selected=0, target="jazz").data
    texts = [text for text in markers.hovertext if "73" in text]
    assert texts == ["0:03–0:06 · <b>hip-hop</b> 73\u202f%"]


def test_the_timeline_outlines_the_chosen_segment_and_marks_the_explained_genre(
    answers: tuple[np.ndarray, np.ndarray, np.ndarray],
) -> None:
    shares, starts, ends = answers
    figure = charts.timeline(shares, starts, ends, GENRES, selected=3, target="hiphop")
    (outline,) = figure.layout.shapes
    assert (outline.x0, outline.x1) == pytest.approx((1000 * starts[3], 1000 * ends[3]))
    bold = [text for text in figure.layout.yaxis.ticktext if text.startswith("<b>")]
    assert bold == ["<b>hip-hop</b>"]


def test_percentages_are_written_into_cells_only_while_they_fit() -> None:
    def texts(count: int) -> Any:
        starts = 3.0 * np.arange(count)
        shares = np.full((count, 10), 0.1)
        figure = charts.timeline(shares, starts, starts + 3, GENRES, selected=0, target="pop")
        return figure.data[1].text

    assert set(texts(charts.MAX_LABELLED_SEGMENTS)) == {"10\u202f%"}
    assert texts(charts.MAX_LABELLED_SEGMENTS + 1) is None


def test_no_evidence_at_all_has_a_colour_scale() -> None:
    assert charts.evidence_limit(np.zeros((72, 13))) > 0


def test_disputed_segments_have_a_mark_above_them(answers: tuple[np.ndarray, ...]) -> None:
    shares, starts, ends = answers
    figure = charts.timeline(
        shares, starts, ends, GENRES, selected=0, target="jazz", disputed=[1, 4]
    )
    marks = figure.data[2]
    np.testing.assert_allclose(marks.x, 500 * (starts + ends)[[1, 4]])
    assert max(marks.y) < -0.5
    assert min(figure.layout.yaxis.range) < min(marks.y)


def test_one_outlier_does_not_pale_everything_else() -> None:
    shap_values = np.full((72, 13), 0.01)
    shap_values[5, 5] = 100.0
    assert charts.evidence_limit(shap_values) == pytest.approx(0.01)


def test_bands_are_labelled_with_round_frequencies_that_exist() -> None:
    frequencies = np.geomspace(20, 11_000, 128)
    rows = charts.band_rows(frequencies)
    assert list(rows.ticks.values()) == ["100", "500", "1k", "2k", "4k", "8k"]
    assert list(rows.ticks) == sorted(rows.ticks)
    assert rows.labels[list(rows.ticks)[2]].endswith(" Hz")
    for row, text in rows.ticks.items():
        hertz = float(text.replace("k", "000"))
        assert frequencies[row] == pytest.approx(hertz, rel=0.05)


def test_a_very_short_song_has_an_axis_long_enough_for_a_heat_map() -> None:
    figure = charts.timeline(
        np.eye(10)[:1], np.zeros(1), np.ones(1), GENRES, selected=0, target="jazz"
    )
    np.testing.assert_allclose(figure.data[0].x, [0, 2000])
    np.testing.assert_allclose(figure.layout.xaxis.range, [0, 2000])
    assert "0:00–0:01" in figure.data[1].hovertext[0]


@pytest.mark.parametrize(("end_s", "step_s"), [(2.0, 1), (20.0, 5), (240.0, 60), (900.0, 300)])
def test_times_on_the_axis_are_round_and_fit_on_a_phone(end_s: float, step_s: int) -> None:
    figure = charts.timeline(
        np.eye(10)[:2],
        np.array([0, end_s / 2]),
        np.array([end_s / 2, end_s]),
        GENRES,
        selected=0,
        target="jazz",
    )
    assert figure.layout.xaxis.dtick == 1000 * step_s
