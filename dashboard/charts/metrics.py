"""Figures of what was measured: confusion, curves, calibration, profiles, training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.theme import Palette, palette
from dashboard.text.formatting import genre_name, model_name

if TYPE_CHECKING:
    from core.evaluation.curves import Curve, Reliability

# Okabe & Ito's colours, told apart by every kind of colour vision; lines differ in dash, too.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
CURVES = (("loss", "training", "dot"), ("valid_loss", "validation", "solid"))
# Of models: none of them is a colour of evidence.
MODEL_LINES = ("#009e73", "#aa4499", "#b8860b", "#5a6fc0", "#8c8c8c", "#7a5c3e")
DASHES = ("solid", "dash", "dot", "dashdot")


def _framed(
    figure: go.Figure, colours: Palette, height: int, x_title: str = "", y_title: str = ""
) -> go.Figure:
    """Give a figure the page's look."""
    font = {"size": 12, "color": colours.label}
    figure.update_layout(
        height=height,
        margin={"l": 0, "r": 8, "t": 8, "b": 0},
        dragmode=False,
        font=font,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
    )
    for update, title in ((figure.update_xaxes, x_title), (figure.update_yaxes, y_title)):
        update(
            fixedrange=True,
            zeroline=False,
            gridcolor=colours.quiet,
            tickfont=font,
            title={"text": title, "font": {"size": 13, "color": colours.label}},
            automargin=True,
        )
    return figure


def confusion(counts: np.ndarray, genres: Sequence[str], unit: str, *, dark: bool) -> go.Figure:
    """Draw counts by true and by named genre; its markers carry clicks.

    Parameters
    ----------
    counts : np.ndarray [shape=(genres, genres), dtype=int]
        Rows are true genres.
    genres : sequence of str
        The genres.
    unit : str
        What is counted: ``"songs"`` or ``"segments"``.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Markers' `customdata` is the pair of indices.
    """
    colours = palette(dark)
    names = [genre_name(genre) for genre in genres]
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heat = go.Heatmap(
        z=shares,
        zmin=0,
        zmax=1,
        colorscale=[(0, colours.quiet), (1, colours.loud)],
        showscale=False,
        xgap=2,
        ygap=2,
        hoverinfo="skip",
        # Written by the heat map: a click pales what belongs to the markers.
        text=[[str(count) if count else "" for count in row] for row in counts],
        texttemplate="%{text}",
        textfont={"size": 12},
    )
    cells = [(row, column) for row in range(len(names)) for column in range(len(names))]
    markers = go.Scatter(
        x=[column for _, column in cells],
        y=[row for row, _ in cells],
        mode="markers",
        marker={"size": 22, "opacity": 0, "color": colours.loud},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        customdata=cells,
        hovertext=[
            f"{names[row]} taken for {names[column]}: {counts[row, column]} of "
            f"{counts[row].sum()} {unit}"
            for row, column in cells
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        hoverlabel={"bgcolor": colours.ink, "font": {"color": colours.dim}},
        showlegend=False,
    )
    figure = _framed(go.Figure([heat, markers]), colours, 420, "taken for", "true genre")
    figure.update_layout(clickmode="event+select", hovermode="closest", hoverdistance=-1)
    places = list(range(len(names)))
    figure.update_xaxes(tickvals=places, ticktext=names, showgrid=False, tickangle=-40)
    figure.update_yaxes(
        tickvals=places, ticktext=names, showgrid=False, range=[len(names) - 0.5, -0.5]
    )
    return figure


def bars(
    labels: Sequence[str], values: np.ndarray, title: str, unit: str, *, dark: bool
) -> go.Figure:
    """Draw signed values as bars: what speaks for a genre and what against it."""
    colours = palette(dark)
    shades = [f"rgb{colours.favour if value > 0 else colours.against}" for value in values]
    bar = go.Bar(
        x=list(labels),
        y=np.asarray(values, dtype=float),
        marker={"color": shades, "line": {"width": 0}},
        hovertemplate=f"%{{x}}<br>%{{y:+.4f}} {unit}<extra></extra>",
    )
    figure = _framed(go.Figure([bar]), colours, 280, title, unit)
    figure.update_xaxes(type="category", nticks=14)
    figure.update_yaxes(zeroline=True, zerolinecolor=colours.label)
    return figure


def named_bars(names: Sequence[str], values: np.ndarray, unit: str, *, dark: bool) -> go.Figure:
    """Draw signed values beside their names, the first on top."""
    colours = palette(dark)
    shades = [f"rgb{colours.favour if value > 0 else colours.against}" for value in values]
    bar = go.Bar(
        x=np.asarray(values, dtype=float),
        y=list(names),
        orientation="h",
        marker={"color": shades, "line": {"width": 0}},
        hovertemplate=f"%{{y}}<br>%{{x:+.4f}} {unit}<extra></extra>",
    )
    figure = _framed(go.Figure([bar]), colours, 80 + 26 * len(names), unit, "")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_xaxes(zeroline=True, zerolinecolor=colours.label)
    return figure


def curves(
    found: dict[str, Curve], x_title: str, y_title: str, area: str, *, dark: bool
) -> go.Figure:
    """Draw one curve a name, with its area in the legend."""
    colours = palette(dark)
    lines = [
        go.Scatter(
            x=curve.x,
            y=curve.y,
            mode="lines",
            name=f"{name} {curve.area:.2f}",
            line={
                "color": LINES[index % len(LINES)],
                "dash": DASHES[index // len(LINES)],
                "width": 2,
            },
            hovertemplate=(
                f"{name}, {area} {curve.area:.3f}<br>{x_title} %{{x:.2f}}, {y_title} %{{y:.2f}}"
                "<extra></extra>"
            ),
        )
        for index, (name, curve) in enumerate(found.items())
    ]
    figure = _framed(go.Figure(lines), colours, 420, x_title, y_title)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.02])
    return figure


def reliability(found: dict[str, Reliability], unit: str, *, dark: bool) -> go.Figure:
    """Draw how often models are right when they are so sure."""
    colours = palette(dark)
    ideal = go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="as it should be",
        line={"color": colours.label, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    lines = [
        go.Scatter(
            x=each.confidence,
            y=each.accuracy,
            mode="lines+markers",
            name=model_name(name),
            line={"color": MODEL_LINES[index % len(MODEL_LINES)], "width": 2},
            marker={"size": 5 + 13 * np.sqrt(each.counts / each.counts.max())},
            customdata=each.counts,
            hovertemplate=(
                f"{model_name(name)}: sure to %{{x:.0%}}, right in %{{y:.0%}} of "
                f"%{{customdata}} {unit}<extra></extra>"
            ),
        )
        for index, (name, each) in enumerate(found.items())
    ]
    figure = _framed(go.Figure([ideal, *lines]), colours, 360, "how sure", "how often right")
    figure.update_xaxes(range=[-0.03, 1.04], tickformat=".0%")
    figure.update_yaxes(range=[-0.03, 1.04], tickformat=".0%")
    return figure


def protocols(
    rows: dict[str, dict[str, dict[str, Any]]], reported: dict[str, float], *, dark: bool
) -> go.Figure:
    """Draw what the same models are worth by several protocols, with 95 % intervals.

    Parameters
    ----------
    rows : dict
        For each protocol and each model its figures, with `accuracy` and `interval`.
    reported : dict of float
        What others report of such models.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A line a model, the best by the first protocol on top; a mark a protocol.
    """
    colours = palette(dark)
    honest = next(iter(rows.values()))
    names = sorted(honest, key=lambda name: honest[name]["accuracy"])
    marks = []
    for index, (protocol, row) in enumerate(rows.items()):
        shown = [name for name in names if name in row]
        values = np.array([row[name]["accuracy"] for name in shown])
        low, high = np.array([row[name]["interval"] for name in shown]).T
        colour = MODEL_LINES[index % len(MODEL_LINES)]
        marks.append(
            go.Scatter(
                x=values,
                y=[names.index(name) for name in shown],
                mode="markers",
                name=protocol,
                marker={"size": 10, "color": colour},
                error_x={
                    "array": high - values,
                    "arrayminus": values - low,
                    "color": colour,
                    "thickness": 1.5,
                    "width": 3,
                },
                customdata=[
                    [
                        model_name(name),
                        f"{row[name]['interval'][0]:.1%} to {row[name]['interval'][1]:.1%}",
                    ]
                    for name in shown
                ],
                hovertemplate=(
                    f"%{{customdata[0]}}, {protocol}: %{{x:.1%}} (%{{customdata[1]}})"
                    "<extra></extra>"
                ),
            )
        )
    said = [name for name in names if reported.get(name)]
    marks.append(
        go.Scatter(
            x=[reported[name] for name in said],
            y=[names.index(name) for name in said],
            mode="markers",
            name="reported elsewhere",
            marker={
                "size": 13,
                "symbol": "line-ns-open",
                "color": colours.ink,
                "line": {"width": 2},
            },
            customdata=[model_name(name) for name in said],
            hovertemplate="%{customdata}, reported elsewhere: %{x:.1%}<extra></extra>",
        )
    )
    figure = _framed(go.Figure(marks), colours, 110 + 30 * len(names), "share of right answers", "")
    figure.update_xaxes(tickformat=".0%", range=[0.2, 1])
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[model_name(name) for name in names],
        range=[-0.6, len(names) - 0.4],
    )
    return figure


def training(histories: dict[str, list[dict[str, float]]], *, dark: bool) -> go.Figure:
    """Draw the loss of training and validation by epoch, a colour a model."""
    colours = palette(dark)
    lines = []
    for index, (name, history) in enumerate(histories.items()):
        for key, title, dash in (
            ("loss", "training", "dot"),
            ("valid_loss", "validation", "solid"),
        ):
            rows = [row for row in history if key in row]
            lines.append(
                go.Scatter(
                    x=[row["epoch"] for row in rows],
                    y=[row[key] for row in rows],
                    mode="lines",
                    name=f"{model_name(name)}, {title}",
                    line={
                        "color": MODEL_LINES[index % len(MODEL_LINES)],
                        "dash": dash,
                        "width": 2,
                    },
                    hovertemplate="epoch %{x}: %{y:.3f}<extra></extra>",
                )
            )
    return _framed(go.Figure(lines), colours, 340, "epoch", "loss")
