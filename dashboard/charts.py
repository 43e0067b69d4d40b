"""Figures of a song: its genres over time, and what rows of spectrograms are called.

Conventions
-----------
Arrays are frames first. Times go in as seconds of the song; on the axes they are milliseconds on a
date axis, which Plotly labels as minutes and seconds.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go

from dashboard.palette import palette
from dashboard.wording import clock, genre_name, percent

MAX_LABELLED_SEGMENTS = 14  # more, and percentages no longer fit into the cells
CLIPPED_SHARE = 0.005  # of the cells exceed the strongest colour: one outlier must not pale them

TICK_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, math.inf)
MOST_TICKS = 6  # as many as fit on a phone
SHORTEST_AXIS_S = 2.0  # on a shorter date axis Plotly draws no heat map

TICK_FREQUENCIES = {
    100: "100",
    500: "500",
    1000: "1k",
    2000: "2k",
    4000: "4k",
    8000: "8k",
    16000: "16k",
}

CONFIG = {"displayModeBar": False, "responsive": True}


@dataclass(frozen=True)
class Rows:
    """How the rows of a spectrogram are called.

    Parameters
    ----------
    labels : tuple of str
        Name of each row in hover texts: ``"coefficient 3"``, ``"440 Hz"``.
    ticks : dict of int to str
        Rows with a label on the axis.
    title : str
        Title of the axis.
    value : str
        Name and unit of the value, as in ``"level {} dB"``.
    """

    labels: tuple[str, ...]
    ticks: dict[int, str]
    title: str
    value: str


def coefficient_rows(n_mfcc: int) -> Rows:
    """Return the names of MFCCs, which are counted from 1."""
    labels = tuple(f"coefficient {index + 1}" for index in range(n_mfcc))
    ticks = {index: str(index + 1) for index in range(0, n_mfcc, 2)}
    return Rows(labels, ticks, "MFCC coefficient", "value {}")


def band_rows(frequencies: np.ndarray) -> Rows:
    """Return the names of mel bands.

    Parameters
    ----------
    frequencies : np.ndarray [shape=(n_mels,)]
        Middle of each band in Hz, ascending.

    Returns
    -------
    Rows
        Ticks at the bands nearest to round frequencies.
    """
    labels = tuple(f"{frequency:.0f} Hz" for frequency in frequencies)
    ticks = {
        int(np.argmin(np.abs(frequencies - hertz))): text
        for hertz, text in TICK_FREQUENCIES.items()
        if hertz <= frequencies[-1]
    }
    return Rows(labels, ticks, "frequency (Hz)", "level {} dB")


def evidence_limit(shap_values: np.ndarray) -> float:
    """Return the SHAP value that gets the strongest colour.

    Parameters
    ----------
    shap_values : np.ndarray [shape=(frames, rows)]
        SHAP values.

    Returns
    -------
    float
        Positive, also when all values are zero.
    """
    limit = float(np.quantile(np.abs(shap_values), 1 - CLIPPED_SHARE))
    return limit if limit > 0 else float(np.abs(shap_values).max()) or 1e-6


def timeline(
    probabilities: np.ndarray,
    starts_s: np.ndarray,
    ends_s: np.ndarray,
    genres: Sequence[str],
    *,
    selected: int,
    target: str,
    disputed: Sequence[int] = (),
    dark: bool = False,
) -> go.Figure:
    """Draw the probability of every genre in every segment of a song.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
        Genre probabilities of the segments.
    starts_s, ends_s : np.ndarray [shape=(n,)]
        First and last moment of each segment in seconds.
    genres : sequence of str
        Genres in the order of the probabilities, drawn from top to bottom.
    selected : int
        Segment with an outline.
    target : str
        Genre with a bold label.
    disputed : sequence of int
        Segments with a mark above them.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A heat map under one invisible marker a cell. The markers carry hover texts and clicks
        (heat maps do not report selections); their `customdata` is the segment's index.
    """
    colours = palette(dark)
    count = len(starts_s)
    names = [genre_name(genre) for genre in genres]
    drawn_ends_s = np.append(ends_s[:-1], max(ends_s[-1], SHORTEST_AXIS_S))
    edges = 1000 * np.append(starts_s, drawn_ends_s[-1])
    middles = 500 * (np.asarray(starts_s) + drawn_ends_s)
    rows = np.arange(len(names))

    gap = 2 if count <= 4 * MAX_LABELLED_SEGMENTS else 0
    heat = go.Heatmap(
        x=edges,
        y=rows,
        z=np.asarray(probabilities, dtype=np.float64).T,
        zmin=0,
        zmax=1,
        colorscale=[(0, colours.quiet), (1, colours.loud)],
        showscale=False,
        xgap=gap,
        ygap=2,
        hoverinfo="skip",
    )
    cells = [(row, segment) for row in rows for segment in range(count)]
    labelled = count <= MAX_LABELLED_SEGMENTS
    shares = [float(probabilities[segment, row]) for row, segment in cells]
    markers = go.Scatter(
        x=[float(middles[segment]) for _, segment in cells],
        y=[int(row) for row, _ in cells],
        mode="markers+text" if labelled else "markers",
        marker={"size": 18, "opacity": 0, "color": colours.loud},
        selected={"marker": {"opacity": 0}},
        unselected={"marker": {"opacity": 0}},
        text=[percent(share) if share >= 0.095 else "" for share in shares] if labelled else None,
        textfont={
            "size": 12,
            "color": [colours.on_loud if share > 0.62 else colours.ink for share in shares],
        },
        customdata=[segment for _, segment in cells],
        hovertext=[
            f"{clock(starts_s[segment])}–{clock(ends_s[segment])} · <b>{names[row]}</b> "
            f"{percent(share)}"
            for (row, segment), share in zip(cells, shares, strict=True)
        ],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    marks = go.Scatter(
        x=[float(middles[segment]) for segment in disputed],
        y=[-0.8] * len(disputed),
        mode="markers",
        marker={"symbol": "triangle-down", "size": 9, "color": f"rgb{colours.favour}"},
        hovertext=["the networks disagree here"] * len(disputed),
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )
    figure = go.Figure([heat, markers, marks])
    figure.add_shape(
        type="rect",
        x0=1000 * float(starts_s[selected]),
        x1=1000 * float(drawn_ends_s[selected]),
        y0=-0.5,
        y1=len(names) - 0.5,
        line={"color": colours.ink, "width": 2},
        layer="above",
    )
    figure.update_layout(
        height=28 * len(names) + 44,
        margin={"l": 0, "r": 4, "t": 6, "b": 0},
        clickmode="event+select",
        dragmode=False,
        hovermode="closest",
        hoverdistance=-1,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        type="date",
        tickformat="%-M:%S",
        tick0=0,
        dtick=1000 * next(step for step in TICK_STEPS_S if ends_s[-1] <= MOST_TICKS * step),
        range=[edges[0], edges[-1]],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        tickfont={"size": 12, "color": colours.label},
        title=None,
    )
    figure.update_yaxes(
        tickvals=rows,
        ticktext=[
            f"<b>{name}</b>" if genre == target else name
            for genre, name in zip(genres, names, strict=True)
        ],
        range=[len(names) - 0.5, -1.1 if disputed else -0.5],
        fixedrange=True,
        showgrid=False,
        zeroline=False,
        ticks="",
        tickfont={"size": 13, "color": colours.label},
        title=None,
    )
    return figure
