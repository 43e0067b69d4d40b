"""Bar charts of signed SHAP values: of bands, coefficients, features and time steps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard.charts.layout import framed
from dashboard.charts.theme import palette
from dashboard.text.formatting import clock

if TYPE_CHECKING:
    from core.explanation.feature_attribution import FeatureExplanation

SILENCE = "after the song"
SHORT_S = 0.05  # a time step that the song covers for less than this counts as silence


def bars(
    labels: Sequence[str], values: np.ndarray, title: str, unit: str, *, dark: bool
) -> go.Figure:
    """Draw signed values as bars: evidence for a genre in one colour, against it in another."""
    colours = palette(dark)
    shades = [f"rgb{colours.favour if value > 0 else colours.against}" for value in values]
    bar = go.Bar(
        x=list(labels),
        y=np.asarray(values, dtype=float),
        marker={"color": shades, "line": {"width": 0}},
        hovertemplate=f"%{{x}}<br>%{{y:+.4f}} {unit}<extra></extra>",
    )
    figure = framed(go.Figure([bar]), colours, 280, title, unit)
    figure.update_xaxes(type="category", nticks=14)
    figure.update_yaxes(zeroline=True, zerolinecolor=colours.label)
    return figure


def named_bars(names: Sequence[str], values: np.ndarray, unit: str, *, dark: bool) -> go.Figure:
    """Draw signed values as horizontal bars beside their names, the first on top."""
    colours = palette(dark)
    shades = [f"rgb{colours.favour if value > 0 else colours.against}" for value in values]
    bar = go.Bar(
        x=np.asarray(values, dtype=float),
        y=list(names),
        orientation="h",
        marker={"color": shades, "line": {"width": 0}},
        hovertemplate=f"%{{y}}<br>%{{x:+.4f}} {unit}<extra></extra>",
    )
    figure = framed(go.Figure([bar]), colours, 80 + 26 * len(names), unit, "")
    figure.update_yaxes(type="category", autorange="reversed", showgrid=False)
    figure.update_xaxes(zeroline=True, zerolinecolor=colours.label)
    return figure


def time_step_bars(
    found: FeatureExplanation, start_s: float, segment_s: float, end_s: float
) -> tuple[list[str], np.ndarray]:
    """Compute the bars of a segment's time steps.

    Parameters
    ----------
    found : FeatureExplanation
        SHAP values of the time steps of a segment.
    start_s, segment_s : float
        Start and length of the segment.
    end_s : float
        End of the song.

    Returns
    -------
    names : list of str
        Start times; everything after the song's end is one last bar, `SILENCE`.
    values : np.ndarray [shape=(names,)]
        SHAP values with the same sum.
    """
    starts_s = start_s + segment_s * np.arange(len(found.values)) / len(found.values)
    sounding = starts_s < end_s - SHORT_S
    names = [clock(start, digits=1) for start in starts_s[sounding]]
    values = found.values[sounding]
    if sounding.all():
        return names, values
    return [*names, SILENCE], np.append(values, found.values[~sounding].sum())


def in_favour(names: Sequence[str], values: np.ndarray) -> np.ndarray:
    """Select the time steps of the song that are evidence for the genre, as booleans.

    Parameters
    ----------
    names : sequence of str
        Names of the bars, from `time_step_bars`.
    values : np.ndarray [shape=(names,)]
        SHAP values of the bars.
    """
    sounding = [name != SILENCE for name in names]
    return values[sounding] > 0
