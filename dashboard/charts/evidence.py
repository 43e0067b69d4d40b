"""Evidence of one or two models for the same segment, and their difference, in one figure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.axes import Rows, evidence_limit
from dashboard.charts.theme import diverging_scale, palette
from dashboard.text.formatting import clock, genre_name

if TYPE_CHECKING:
    from core.explanation.explain import Explanation

GAP = 0.06  # between pictures, as a share of the height
PICTURE_HEIGHT, FOOT_HEIGHT = 235, 55  # pixels


def overlays(
    found: Sequence[Explanation], titles: Sequence[str], rows: Rows, *, dark: bool
) -> go.Figure:
    """Draw the evidence for a genre of one model, or of two models and their difference.

    The pictures share their axes, so zooming or pointing in one applies to all.

    Parameters
    ----------
    found : sequence of Explanation
        One or two explanations of one segment each, on the same grid.
    titles : sequence of str
        Display names of the models.
    rows : Rows
        Names of the mel bands.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Heat maps, one above the other, up to the song's end. Each has its own colour scale, so
        that shapes can be compared.
    """
    colours = palette(dark)
    first = found[0]
    parameters = first.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    frames = int(first.filled[0])
    n_rows = first.mel[0].shape[1]
    times = float(first.starts_s[0]) + frame_s * np.arange(frames)
    values = [each.mel[0][:frames] for each in found]
    shown = [each / evidence_limit(each) for each in values]
    names = list(titles)
    if len(shown) == 2:
        shown.append(shown[0] - shown[1])
        names.append(f"{titles[0]} minus {titles[1]}")
    level = first.logmel[0][:frames]
    hovered = np.stack([*values, level], axis=-1)
    shap = ", ".join(f"{title} %{{customdata[{place}]:+.5f}}" for place, title in enumerate(titles))
    labels = [[label] * frames for label in rows.labels]
    moments = [clock(time, digits=2) for time in times]
    height = (1 - (len(shown) - 1) * GAP) / len(shown)
    columns = _dates(times)
    figure = go.Figure()
    for index, picture in enumerate(shown):
        axis = "" if index == 0 else str(index + 1)
        top = 1 - index * (height + GAP)
        figure.add_trace(
            go.Heatmap(
                x=columns,
                y=np.arange(n_rows),
                z=np.asarray(picture, dtype=np.float32).T,
                zmin=-1,
                zmax=1,
                colorscale=diverging_scale(colours),
                showscale=False,
                text=labels,
                customdata=hovered.transpose(1, 0, 2),
                hovertext=[moments] * n_rows,
                hovertemplate=(
                    f"%{{hovertext}} · %{{text}} · level %{{customdata[{len(values)}]:.1f}} dB<br>"
                    f"SHAP for {genre_name(first.target)}: {shap}<extra></extra>"
                ),
                yaxis=f"y{axis}",
                xaxis="x",
            )
        )
        figure.update_layout(
            {
                f"yaxis{axis}": {
                    "domain": [max(0.0, top - height), top],
                    "matches": None if index == 0 else "y",
                    "tickvals": list(rows.ticks),
                    "ticktext": list(rows.ticks.values()),
                    "range": [-0.5, n_rows - 0.5],
                    "showgrid": False,
                    "zeroline": False,
                    "showspikes": True,
                    "spikemode": "across",
                    "spikethickness": 1,
                    "spikecolor": colours.label,
                    "spikedash": "dot",
                    "tickfont": {"size": 11, "color": colours.label},
                }
            }
        )
        figure.add_annotation(
            x=0,
            y=top,
            xref="paper",
            yref="paper",
            xanchor="left",
            yanchor="bottom",
            showarrow=False,
            text=f"<b>{names[index]}</b>",
            font={"size": 13, "color": colours.label},
        )
    figure.update_layout(
        height=PICTURE_HEIGHT * len(shown) + FOOT_HEIGHT,
        margin={"l": 0, "r": 4, "t": 24, "b": 0},
        dragmode="zoom",
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor=colours.dim,
    )
    figure.update_xaxes(
        type="date",
        range=_dates(np.array([times[0] - frame_s / 2, times[-1] + frame_s / 2])),
        tickformat="%-M:%S.%1f",
        nticks=7,
        anchor=f"y{len(shown)}" if len(shown) > 1 else "y",
        showgrid=False,
        zeroline=False,
        showspikes=True,
        spikemode="across",
        spikethickness=1,
        spikecolor=colours.label,
        spikedash="dot",
        tickfont={"size": 12, "color": colours.label},
        title={"text": "Time (min:s)", "font": {"size": 13, "color": colours.label}},
    )
    return figure


def _dates(seconds: np.ndarray) -> list[str]:
    """Format times as dates, because Plotly reads a number of four digits as a year."""
    moments = np.datetime64(0, "us") + np.round(1e6 * seconds).astype("timedelta64[us]")
    return [str(moment).replace("T", " ") for moment in moments]
