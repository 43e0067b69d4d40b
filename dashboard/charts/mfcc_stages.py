"""Charts of the stages from a waveform to MFCCs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.theme import palette

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage

MAX_POINTS = 3_000  # of the drawn waveform
STRONGEST_PERCENTILE = 99  # of the coefficients, so that outliers do not fade the others
HEIGHT, LARGE_HEIGHT = 230, 380  # pixels, on a page and on a projector
FONT_SIZE, LARGE_FONT_SIZE = 12, 20


def stage_chart(stage: Stage, *, large: bool, dark: bool) -> go.Figure:
    """Draw the output of one stage: a waveform, a spectrogram or coefficients.

    Parameters
    ----------
    stage : Stage
        The stage.
    large : bool
        Whether the chart is for a projector.
    dark : bool
        Whether the page is dark.
    """
    colours = palette(dark)
    values = np.asarray(stage.values, dtype=np.float32)
    coefficients = stage.name in ("dct", "mfcc")
    if values.ndim == 1:
        shown = values[:: max(1, len(values) // MAX_POINTS)]
        trace = go.Scatter(
            y=shown, mode="lines", line={"color": colours.loud, "width": 1}, hoverinfo="skip"
        )
    elif coefficients:
        # The first coefficient is the level, far larger than the others.
        limit = float(np.percentile(np.abs(values[:, 1:]), STRONGEST_PERCENTILE)) or 1.0
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
        row, first = ("frequency bin", 0) if stage.name == "stft" else ("mel band", 1)
        trace = go.Heatmap(
            z=values.T,
            colorscale=[(0, colours.quiet), (1, colours.loud)],
            showscale=False,
            hovertemplate=f"{row} %{{y}}: %{{z:.2f}}<extra></extra>",
            y0=first,
        )
    figure = go.Figure([trace])
    figure.update_layout(
        height=LARGE_HEIGHT if large else HEIGHT,
        font={"size": LARGE_FONT_SIZE if large else FONT_SIZE},
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(visible=False, fixedrange=True)
    figure.update_yaxes(visible=coefficients, fixedrange=True, showgrid=False)
    return figure
