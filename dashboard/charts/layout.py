"""The common look of the page's Plotly charts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.theme import Palette
from dashboard.text.formatting import share_percent

PERCENTAGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)  # ticks


def framed(
    figure: go.Figure, colours: Palette, height: int, x_title: str = "", y_title: str = ""
) -> go.Figure:
    """Apply height, margins, fonts, grid and axis titles to a figure; zooming is switched off."""
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


def with_percentages(update: Callable[..., Any], span: tuple[float, float]) -> None:
    """Set the range of an axis of shares, and label it in per cent.

    Parameters
    ----------
    update : callable
        The method `update_xaxes` or `update_yaxes` of a figure.
    span : tuple of float
        Range of the axis.
    """
    update(range=span, tickvals=PERCENTAGES, ticktext=[share_percent(each) for each in PERCENTAGES])
