"""Charts of evaluation: confusion matrix, curves, calibration, test protocols and training."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.layout import framed, with_percentages
from dashboard.charts.theme import palette
from dashboard.text.formatting import genre_name, model_name, percent, share_percent

if TYPE_CHECKING:
    from core.evaluation.curves import Curve, Reliability

# Okabe and Ito's colours, distinguishable in every kind of colour vision; dashes differ, too.
LINES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
# Colours of models and protocols; none of them is a colour of evidence.
MODEL_LINES = ("#009e73", "#aa4499", "#b8860b", "#5a6fc0", "#8c8c8c", "#7a5c3e")
DASHES = ("solid", "dash", "dot", "dashdot")


def confusion(counts: np.ndarray, genres: Sequence[str], unit: str, *, dark: bool) -> go.Figure:
    """Draw a confusion matrix; its invisible markers carry the clicks.

    Parameters
    ----------
    counts : np.ndarray [shape=(genres, genres), dtype=int]
        Counts by true genre (rows) and predicted genre (columns).
    genres : sequence of str
        The genres.
    unit : str
        Unit of the counts: ``"songs"`` or ``"segments"``.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        The `customdata` of a marker is the pair of row and column.
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
        # Text of the heat map, not of the markers: a click fades everything about the markers.
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
            f"{names[row]} predicted as {names[column]}: {counts[row, column]} of "
            f"{counts[row].sum()} {unit}"
            for row, column in cells
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        hoverlabel={"bgcolor": colours.ink, "font": {"color": colours.dim}},
        showlegend=False,
    )
    figure = framed(go.Figure([heat, markers]), colours, 420, "Predicted genre", "True genre")
    figure.update_layout(clickmode="event+select", hovermode="closest", hoverdistance=-1)
    places = list(range(len(names)))
    figure.update_xaxes(tickvals=places, ticktext=names, showgrid=False, tickangle=-40)
    figure.update_yaxes(
        tickvals=places, ticktext=names, showgrid=False, range=[len(names) - 0.5, -0.5]
    )
    return figure


def curves(
    found: dict[str, Curve], x_title: str, y_title: str, area: str, *, dark: bool
) -> go.Figure:
    """Draw one curve for each name, with the area under it in the legend."""
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
                f"{name}, {area} {curve.area:.3f}<br>{x_title} %{{x:.2f}}, {y_title.lower()} "
                "%{y:.2f}<extra></extra>"
            ),
        )
        for index, (name, curve) in enumerate(found.items())
    ]
    figure = framed(go.Figure(lines), colours, 420, x_title, y_title)
    figure.update_xaxes(range=[0, 1.01])
    figure.update_yaxes(range=[0, 1.02])
    return figure


def reliability(found: dict[str, Reliability], unit: str, *, dark: bool) -> go.Figure:
    """Draw accuracy at each confidence level, with the diagonal of perfect calibration."""
    colours = palette(dark)
    ideal = go.Scatter(
        x=[0, 1],
        y=[0, 1],
        mode="lines",
        name="Perfect calibration",
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
            hovertext=[
                f"{model_name(name)}: confidence {percent(confidence)}, accuracy "
                f"{share_percent(accuracy)} ({_counted(count, unit)})"
                for confidence, accuracy, count in zip(
                    each.confidence, each.accuracy, each.counts, strict=True
                )
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
        for index, (name, each) in enumerate(found.items())
    ]
    figure = framed(go.Figure([ideal, *lines]), colours, 360, "Confidence", "Accuracy")
    for update in (figure.update_xaxes, figure.update_yaxes):
        with_percentages(update, (-0.03, 1.04))
    return figure


def protocols(
    rows: dict[str, dict[str, dict[str, Any]]], reported: dict[str, float], *, dark: bool
) -> go.Figure:
    """Draw the accuracy of models under several test protocols, with 95 % confidence intervals.

    Parameters
    ----------
    rows : dict
        Scores by title of the protocol and name of the model, each with `accuracy` and `interval`.
    reported : dict of float
        Accuracy reported elsewhere, by name of the model.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A row for each model, the most accurate under the first protocol on top; a mark for each
        protocol.
    """
    colours = palette(dark)
    strictest = next(iter(rows.values()))
    names = sorted(strictest, key=lambda name: strictest[name]["accuracy"])
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
                hovertext=[_hover_of(name, protocol, row[name]) for name in shown],
                hovertemplate="%{hovertext}<extra></extra>",
            )
        )
    known = [name for name in names if reported.get(name)]
    marks.append(
        go.Scatter(
            x=[reported[name] for name in known],
            y=[names.index(name) for name in known],
            mode="markers",
            name="Reported elsewhere",
            marker={
                "size": 13,
                "symbol": "line-ns-open",
                "color": colours.ink,
                "line": {"width": 2},
            },
            hovertext=[
                f"{model_name(name)}, reported elsewhere: {share_percent(reported[name], digits=1)}"
                for name in known
            ],
            hovertemplate="%{hovertext}<extra></extra>",
        )
    )
    figure = framed(go.Figure(marks), colours, 110 + 30 * len(names), "Accuracy", "")
    with_percentages(figure.update_xaxes, (0.2, 1.01))
    figure.update_layout(margin_r=24)  # room for the last label
    figure.update_yaxes(
        tickvals=list(range(len(names))),
        ticktext=[model_name(name) for name in names],
        range=[-0.6, len(names) - 0.4],
    )
    return figure


def _counted(count: int, unit: str) -> str:
    return f"{count} {unit.removesuffix('s') if count == 1 else unit}"


def _hover_of(name: str, protocol: str, part: dict[str, Any]) -> str:
    low, high = (share_percent(bound, digits=1) for bound in part["interval"])
    accuracy = share_percent(part["accuracy"], digits=1)
    return f"{model_name(name)}, {protocol[:1].lower()}{protocol[1:]}: {accuracy} ({low} to {high})"


def training(histories: dict[str, list[dict[str, float]]], *, dark: bool) -> go.Figure:
    """Draw training and validation loss by epoch, in a colour for each model."""
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
                    hovertemplate="Epoch %{x}: %{y:.3f}<extra></extra>",
                )
            )
    return framed(go.Figure(lines), colours, 340, "Epoch", "Loss")
