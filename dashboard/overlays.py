"""The evidence of two models on the same three seconds, and their difference, in one figure."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.axes import Rows, evidence_limit
from dashboard.palette import diverging_scale, palette
from dashboard.wording import clock, genre_name

if TYPE_CHECKING:
    from core.explanation import Explanation

GAP = 0.06  # between the pictures, as a share of the height


def overlays(
    first: Explanation, second: Explanation, titles: tuple[str, str], rows: Rows, *, dark: bool
) -> go.Figure:
    """Draw what speaks for a genre to one model, to another, and the difference.

    The three pictures share their axes: what is zoomed or pointed at in one is so in all.

    Parameters
    ----------
    first, second : Explanation
        Of one segment each, the same one, with the same features.
    titles : tuple of str
        Names of the models.
    rows : Rows
        How the mel bands are called.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        Three heat maps, one above the other; each has its own scale, so that shapes compare.
    """
    colours = palette(dark)
    parameters = first.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    frames, n_rows = first.mel[0].shape
    times = float(first.starts_s[0]) + frame_s * np.arange(frames)
    values = [first.mel[0], second.mel[0]]
    limits = [evidence_limit(each) for each in values]
    shown = [each / limit for each, limit in zip(values, limits, strict=True)]
    shown.append(shown[0] - shown[1])
    name = genre_name(first.target)
    names = [*titles, f"{titles[0]} minus {titles[1]}"]
    told = np.stack([*values, np.broadcast_to(first.logmel[0], values[0].shape)], axis=-1)
    labels = [[label] * frames for label in rows.labels]
    moments = [clock(time, digits=2) for time in times]
    height = (1 - 2 * GAP) / 3
    figure = go.Figure()
    for index, picture in enumerate(shown):
        axis = "" if index == 0 else str(index + 1)
        top = 1 - index * (height + GAP)
        figure.add_trace(
            go.Heatmap(
                x=1000 * times,
                y=np.arange(n_rows),
                z=np.asarray(picture, dtype=np.float32).T,
                zmin=-1,
                zmax=1,
                colorscale=diverging_scale(colours),
                showscale=False,
                text=labels,
                customdata=told.transpose(1, 0, 2),
                hovertext=[moments] * n_rows,
                hovertemplate=(
                    "%{hovertext} · %{text} · level %{customdata[2]:.1f} dB<br>"
                    f"SHAP for {name}: {titles[0]} %{{customdata[0]:+.5f}}, "
                    f"{titles[1]} %{{customdata[1]:+.5f}}<extra></extra>"
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
        height=760,
        margin={"l": 0, "r": 4, "t": 24, "b": 0},
        dragmode="zoom",
        hovermode="closest",
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor=colours.dim,
    )
    # By itself Plotly ends the axis in the year 4035 if the pictures begin later than at zero.
    edges = 1000 * np.array([times[0] - frame_s / 2, times[-1] + frame_s / 2])
    moment = np.datetime64(0, "us") + np.round(1000 * edges).astype("timedelta64[us]")
    figure.update_xaxes(
        type="date",
        range=[str(edge).replace("T", " ") for edge in moment],
        tickformat="%-M:%S.%1f",
        nticks=7,
        anchor="y3",
        showgrid=False,
        zeroline=False,
        showspikes=True,
        spikemode="across",
        spikethickness=1,
        spikecolor=colours.label,
        spikedash="dot",
        tickfont={"size": 12, "color": colours.label},
        title={"text": "time in the song", "font": {"size": 13, "color": colours.label}},
    )
    return figure
