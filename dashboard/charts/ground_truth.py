"""Charts of explanations with ground truth: results of all methods, and one explained mix."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import wrap
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.axes import band_rows
from dashboard.charts.layout import framed
from dashboard.charts.theme import Palette, palette
from dashboard.text.formatting import clock, points

if TYPE_CHECKING:
    from core.listening.explained_mix import ExplainedMix

KEPT, MASS = "#009e73", "#aa4499"  # none of them is a colour of evidence
ON_TARGET, ELSEWHERE = KEPT, MASS
TITLES = {"kept": "Kept part", "mass": "Positive evidence"}
ROW_HEIGHT, FRAME_HEIGHT = 34, 110  # pixels
LABEL_WIDTH = 24  # characters
PICTURE_HEIGHT = 340


def localisation(
    methods: Mapping[str, Mapping[str, Any]], titles: Mapping[str, str], *, dark: bool
) -> go.Figure:
    """Draw how much more of each explanation lies on the target song than of random regions.

    Parameters
    ----------
    methods : mapping of str to mapping
        Results by method: for ``"kept"`` and, if it exists, ``"mass"`` the `difference` and its
        `difference_interval`.
    titles : mapping of str to str
        Titles of the methods to draw, from the top row to the bottom.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Two points with 95 % intervals for each method, in percentage points.
    """
    colours = palette(dark)
    rows = [method for method in titles if method in methods]
    marks = []
    for result, colour, symbol, offset in (
        ("kept", KEPT, "circle", -0.14),
        ("mass", MASS, "diamond", 0.14),
    ):
        known = [method for method in rows if result in methods[method]]
        means = np.array([methods[method][result]["difference"] for method in known])
        limits = np.array([methods[method][result]["difference_interval"] for method in known])
        low, high = limits.reshape(-1, 2).T
        marks.append(
            go.Scatter(
                x=100 * means,
                y=[rows.index(method) + offset for method in known],
                mode="markers",
                name=TITLES[result],
                marker={"size": 9, "color": colour, "symbol": symbol},
                error_x={
                    "type": "data",
                    "symmetric": False,
                    "array": 100 * (high - means),
                    "arrayminus": 100 * (means - low),
                    "color": colour,
                    "thickness": 1.5,
                    "width": 3,
                },
                hovertext=[
                    f"{titles[method]}, {TITLES[result].lower()}: {points(mean)} points "
                    f"({points(least)} to {points(most)})"
                    for method, mean, least, most in zip(known, means, low, high, strict=True)
                ],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    figure = framed(
        go.Figure(marks),
        colours,
        FRAME_HEIGHT + ROW_HEIGHT * len(rows),
        "Points above random regions",
    )
    figure.add_vline(x=0, line={"color": colours.label, "dash": "dot", "width": 1})
    figure.update_xaxes(nticks=6, tickangle=0)
    figure.update_yaxes(
        tickvals=list(range(len(rows))),
        ticktext=["<br>".join(wrap(titles[method], LABEL_WIDTH)) for method in rows],
        range=[len(rows) - 0.5, -0.5],
        showgrid=False,
    )
    return figure


def explained_mix(example: ExplainedMix, *, dark: bool) -> go.Figure:
    """Draw a mix, the cells of the target song and the kept part.

    Parameters
    ----------
    example : ExplainedMix
        The mix.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        The spectrogram in grey, the target song's cells tinted, and the kept cells in one colour on
        that song and in another one elsewhere. A frame shows the seconds or bands of the song.
    """
    colours = palette(dark)
    rows = band_rows(example.frequencies)
    floor, top = float(example.level.min()), float(example.level.max())
    shared: dict[str, Any] = {"x": example.times_s, "showscale": False}
    moments = np.array([clock(time, digits=2) for time in example.times_s])
    meaning = np.array(["", "target song", "kept, elsewhere", "kept, target song"])
    state = example.truth.astype(int) + 2 * example.kept
    figure = go.Figure(
        [
            go.Heatmap(
                z=example.level.T,
                zmin=floor,
                zmax=top,
                colorscale=[(0, colours.dim), (1, colours.bright)],
                hovertext=[
                    [
                        f"{moment} · {label} · {level:.0f} dB"
                        + (f"<br>{meaning[kind]}" if kind else "")
                        for moment, level, kind in zip(moments, levels, kinds, strict=True)
                    ]
                    for label, levels, kinds in zip(
                        rows.labels, example.level.T, state.T, strict=True
                    )
                ],
                hovertemplate="%{hovertext}<extra></extra>",
                **shared,
            ),
            _layer(example.truth & ~example.kept, ON_TARGET, 0.28, shared),
            _layer(example.kept & ~example.truth, ELSEWHERE, 0.85, shared),
            _layer(example.kept & example.truth, ON_TARGET, 0.95, shared),
            *(
                _legend_entry(name, colour, opacity)
                for name, colour, opacity in (
                    ("Kept, on the target song", ON_TARGET, 0.95),
                    ("Kept, elsewhere", ELSEWHERE, 0.85),
                    ("Target song, not kept", ON_TARGET, 0.28),
                )
            ),
        ]
    )
    framed(figure, colours, PICTURE_HEIGHT, "Time (s)")
    figure.update_layout(plot_bgcolor=colours.dim, hovermode="closest")
    figure.update_xaxes(range=[example.times_s[0], example.times_s[-1]], showgrid=False)
    figure.update_yaxes(
        tickvals=list(rows.ticks),
        ticktext=list(rows.ticks.values()),
        range=[-0.5, len(rows.labels) - 0.5],
        showgrid=False,
    )
    figure.add_shape(**_frame(example, colours))
    return figure


def _layer(cells: np.ndarray, colour: str, opacity: float, shared: dict[str, Any]) -> go.Heatmap:
    """Tint some cells."""
    return go.Heatmap(
        z=np.where(cells, 1.0, np.nan).T,
        zmin=0,
        zmax=1,
        colorscale=[(0, colour), (1, colour)],
        opacity=opacity,
        hoverinfo="skip",
        **shared,
    )


def _legend_entry(name: str, colour: str, opacity: float) -> go.Scatter:
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=name,
        marker={"size": 12, "symbol": "square", "color": colour, "opacity": opacity},
    )


def _frame(example: ExplainedMix, colours: Palette) -> dict[str, Any]:
    """Frame around the seconds or bands in which the target song sounds."""
    gate = example.mix.gate
    frame = {"type": "rect", "line": {"color": colours.ink, "width": 2, "dash": "dash"}}
    if gate.kind == "seconds":
        return {**frame, "x0": gate.start_s, "x1": gate.end_s, "yref": "paper", "y0": 0, "y1": 1}
    frequencies = example.frequencies
    inside = np.flatnonzero((frequencies >= gate.low_hz) & (frequencies < gate.high_hz))
    bottom, top = int(inside[0]) - 0.5, int(inside[-1]) + 0.5
    return {**frame, "xref": "paper", "x0": 0, "x1": 1, "y0": bottom, "y1": top}
