"""Charts share one look."""

from __future__ import annotations

import plotly.graph_objects as go

from dashboard.charts.layout import framed
from dashboard.charts.theme import DARK


def test_a_frame_names_the_axes_and_switches_zooming_off() -> None:
    layout = framed(go.Figure(), DARK, 300, "time", "level").layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("time", "level")
    assert layout.height == 300
    assert layout.xaxis.fixedrange
    assert layout.yaxis.fixedrange
    assert layout.font.color == DARK.label
