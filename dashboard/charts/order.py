"""Charts of order: probability and accuracy against the length of shuffled chunks."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.layout import framed, with_percentages
from dashboard.charts.metrics import MODEL_LINES
from dashboard.charts.theme import palette
from dashboard.text.formatting import duration_ms, model_name, share_percent

SYMBOLS = ("circle", "diamond")
HEIGHT = 340  # pixels
OFFSET = 0.06  # between the marks of two models, in octaves


@dataclass(frozen=True, eq=False)
class OrderLine:
    """Values of one model for each order.

    Parameters
    ----------
    chunks_s : sequence of float
        Lengths of the shuffled chunks in seconds, ascending.
    values : np.ndarray [shape=(chunks + 2,), range=[0, 1]]
        Values for the chunks, for the original and for the reversed order.
    low, high : np.ndarray [shape=(chunks + 2,)]
        Lower and upper end of the bar of each value.
    """

    chunks_s: Sequence[float]
    values: np.ndarray
    low: np.ndarray
    high: np.ndarray


def order_lines(lines: Mapping[str, OrderLine], y_title: str, bar: str, *, dark: bool) -> go.Figure:
    """Draw a value of models against the length of the shuffled chunks.

    Parameters
    ----------
    lines : mapping of str to OrderLine
        Values by name of the model.
    y_title : str
        Title of the vertical axis.
    bar : str
        Meaning of the bars.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A line over the chunks up to the original order, and a mark for the reversed order.
    """
    colours = palette(dark)
    ticks: dict[float, str] = {}
    last = max(np.log2(line.chunks_s[-1]) if len(line.chunks_s) else 0.0 for line in lines.values())
    original, backwards = last + 1, last + 2
    marks = []
    for index, (name, line) in enumerate(lines.items()):
        places = [*np.log2(np.asarray(line.chunks_s, dtype=float)), original, backwards]
        names = [f"chunks of {duration_ms(length)}" for length in line.chunks_s]
        names += ["original order", "reversed"]
        if not ticks:
            ticks = dict(zip(places, map(duration_ms, line.chunks_s), strict=False))
        shift = OFFSET * (2 * index - len(lines) + 1)
        colour = MODEL_LINES[index % len(MODEL_LINES)]
        hover = [
            f"{model_name(name)}, {title}: {share_percent(value)} "
            f"({bar} {share_percent(low)} to {share_percent(high)})"
            for title, value, low, high in zip(names, line.values, line.low, line.high, strict=True)
        ]
        for part, mode in ((slice(None, -1), "lines+markers"), (slice(-1, None), "markers")):
            marks.append(
                go.Scatter(
                    x=(np.array(places) + shift)[part],
                    y=line.values[part],
                    error_y={
                        "type": "data",
                        "symmetric": False,
                        "array": (line.high - line.values)[part],
                        "arrayminus": (line.values - line.low)[part],
                        "thickness": 1,
                        "width": 3,
                    },
                    mode=mode,
                    name=model_name(name),
                    legendgroup=name,
                    showlegend=mode == "lines+markers",
                    line={"color": colour, "width": 2},
                    marker={"symbol": SYMBOLS[index % len(SYMBOLS)], "size": 9, "color": colour},
                    hovertext=hover[part],
                    hovertemplate="%{hovertext}<extra></extra>",
                )
            )
    figure = framed(go.Figure(marks), colours, HEIGHT, "Length of the shuffled chunks", y_title)
    ticks |= {original: "original", backwards: "reversed"}
    figure.update_xaxes(
        tickvals=list(ticks),
        ticktext=list(ticks.values()),
        tickangle=-40,  # all labels fit on a narrow screen, where Plotly would drop some
        showgrid=False,
    )
    with_percentages(figure.update_yaxes, (-0.02, 1.02))
    return figure
