"""Plotly charts on a page."""

from __future__ import annotations

from typing import Any

import plotly.graph_objects as go
import streamlit as st


def draw_chart(figure: go.Figure, *, key: str, alt: str, **options: Any) -> None:
    """Draw a chart without Plotly's toolbar.

    Parameters
    ----------
    figure : plotly.graph_objects.Figure
        The chart.
    key : str
        Key of the element, unique on the page.
    alt : str
        Text alternative.
    **options
        Further arguments of `streamlit.plotly_chart`.
    """
    st.plotly_chart(figure, key=key, alt=alt, config={"displayModeBar": False}, **options)
