"""Draw the stages from a waveform to MFCCs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.theme import palette

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage


MOST_POINTS = 3_000  # of the waveform's picture

POINTS_PERCENTILE = 99  # the strongest colour: one outlier must not pale the others


def picture(step: Stage, *, large: bool, dark: bool) -> go.Figure:
    """Draw what is left after a step, for a page or, large, for a projector."""
    colours = palette(dark)
    values = np.asarray(step.values, dtype=np.float32)
    if values.ndim == 1:
        shown = values[:: max(1, len(values) // MOST_POINTS)]
        trace = go.Scatter(
            y=shown, mode="lines", line={"color": colours.loud, "width": 1}, hoverinfo="skip"
        )
    elif step.name in ("dct", "mfcc"):
        # The first coefficient is the level, far larger than the others.
        limit = float(np.percentile(np.abs(values[:, 1:]), POINTS_PERCENTILE)) or 1.0
        red, blue = (f"rgb{hue}" for hue in (colours.favour, colours.against))
        trace = go.Heatmap(
            z=values.T,
            zmid=0,
            zmin=-limit,
            zmax=limit,
            colorscale=[(0, blue), (0.5, colours.dim), (1, red)],
            showscale=False,
            hovertemplate="coefficient %{y}: %{z:.1f}<extra></extra>",
            y0=1,
        )
    else:
        trace = go.Heatmap(
            z=values.T,
            colorscale=[(0, colours.quiet), (1, colours.loud)],
            showscale=False,
            hovertemplate="row %{y}: %{z:.2f}<extra></extra>",
        )
    figure = go.Figure([trace])
    figure.update_layout(
        height=380 if large else 230,
        font={"size": 20 if large else 12},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=step.name in ("dct", "mfcc"), fixedrange=True, showgrid=False)
    return figure
