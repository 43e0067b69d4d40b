"""Charts of the stages from a waveform to MFCCs."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.axes import Rows, band_rows, coefficient_rows
from dashboard.charts.theme import palette
from dashboard.text.formatting import sentence_case

if TYPE_CHECKING:
    from core.features.mfcc_stages import Stage

COLUMNS = 1_500  # of the drawn waveform; each is a line from its smallest to its largest sample
POSITIVE, NEGATIVE = "#009e73", "#aa4499"  # coefficients; none of them is a colour of evidence
VALUES = {"stft": "level {:.0f} dB", "mel": "power {:.3f} of the largest", "db": "level {:.0f} dB"}
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
    duration_s = len(stage.audio.samples) / stage.audio.sample_rate
    figure = go.Figure(
        [
            _waveform(values, duration_s, colours.loud)
            if values.ndim == 1
            else _rows(stage, values, duration_s, dark=dark)
        ]
    )
    font = {"size": LARGE_FONT_SIZE if large else FONT_SIZE, "color": colours.label}
    figure.update_layout(
        height=LARGE_HEIGHT if large else HEIGHT,
        font=font,
        margin={"l": font["size"], "r": 0, "t": 4, "b": 0},  # the first label of the waveform fits
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        fixedrange=True,
        tickfont=font,
        showgrid=False,
        zeroline=False,
        range=[0, duration_s],
        ticksuffix=" s",
        nticks=4,
    )
    figure.update_yaxes(fixedrange=True, tickfont=font, showgrid=False, zeroline=False)
    if values.ndim == 1:
        figure.update_yaxes(showticklabels=False)
    else:
        ticks = _named_rows(stage, values.shape[1]).ticks
        figure.update_yaxes(tickvals=list(ticks), ticktext=list(ticks.values()))
    return figure


def _waveform(samples: np.ndarray, duration_s: float, colour: str) -> go.Scatter:
    """Draw a waveform by the smallest and the largest sample of each column."""
    columns = min(COLUMNS, len(samples))
    starts = np.arange(columns) * len(samples) // columns
    bounds = [np.minimum.reduceat(samples, starts), np.maximum.reduceat(samples, starts)]
    return go.Scatter(
        x=np.repeat((np.arange(columns) + 0.5) * duration_s / columns, 2),
        y=np.stack(bounds, axis=1).ravel(),
        mode="lines",
        line={"color": colour, "width": 1},
        hoverinfo="skip",
    )


def _named_rows(stage: Stage, count: int) -> Rows:
    """Name the rows of a stage: frequencies, or coefficients."""
    if stage.frequencies is not None:
        rows = band_rows(stage.frequencies)
        if stage.name != "stft":
            return rows
        # Bins are equally spaced, so low frequencies would be crowded.
        marks = range(2, int(stage.frequencies[-1] // 1_000) + 1, 2)
        bins = (int(np.abs(stage.frequencies - 1_000 * mark).argmin()) for mark in marks)
        return replace(
            rows, ticks={row: f"{mark} kHz" for row, mark in zip(bins, marks, strict=True)}
        )
    rows = coefficient_rows(count)
    if stage.name == "mfcc":
        return rows
    ticks = {0: "1", **{index: str(index + 1) for index in range(19, count, 20)}}
    return Rows(tuple(f"coefficient {index + 1}" for index in range(count)), ticks, rows.value)


def _rows(stage: Stage, values: np.ndarray, duration_s: float, *, dark: bool) -> go.Heatmap:
    """Draw the rows of a spectrogram or of coefficients over time."""
    colours = palette(dark)
    step_s = duration_s / len(values)
    value = VALUES.get(stage.name, "{:.1f}")
    labels = _named_rows(stage, values.shape[1]).labels
    shared: dict[str, Any] = {
        "z": values.T,
        "x0": step_s / 2,
        "dx": step_s,
        "showscale": False,
        "hovertext": [
            [f"{sentence_case(label)}: {value.format(number)}" for number in row]
            for label, row in zip(labels, values.T, strict=True)
        ],
        "hovertemplate": "%{x:.2f} s · %{hovertext}<extra></extra>",
    }
    if stage.name not in ("dct", "mfcc"):
        return go.Heatmap(colorscale=[(0, colours.quiet), (1, colours.loud)], **shared)
    # The first coefficient is the level, far larger than the others.
    limit = float(np.percentile(np.abs(values[:, 1:]), STRONGEST_PERCENTILE)) or 1.0
    return go.Heatmap(
        zmid=0,
        zmin=-limit,
        zmax=limit,
        colorscale=[(0, NEGATIVE), (0.5, colours.dim), (1, POSITIVE)],
        **shared,
    )
