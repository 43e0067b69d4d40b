"""Charts of novelty: ROC curves of recordings without music, and areas by unknown genre."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import plotly.graph_objects as go

from dashboard.charts.layout import framed, with_percentages
from dashboard.charts.metrics import MODEL_LINES
from dashboard.charts.theme import palette
from dashboard.text.formatting import genre_title, model_name, share_percent


def detection(models: Mapping[str, Mapping[str, Any]], *, dark: bool) -> go.Figure:
    """Draw the share of recordings without music that are detected, by the songs turned away.

    Parameters
    ----------
    models : mapping of str to mapping
        Entries `models` of models/novelty.json.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A line for the novelty of each model, and a dotted one for its largest probability alone.
    """
    colours = palette(dark)
    lines = []
    for index, (name, entry) in enumerate(models.items()):
        sounds = entry["non_music"]
        for roc, title, dash in (
            (sounds["roc"], model_name(name), "solid"),
            (
                sounds["largest_probability"]["roc"],
                f"{model_name(name)}, largest probability alone",
                "dot",
            ),
        ):
            lines.append(
                go.Scatter(
                    x=roc["turned_away"],
                    y=roc["detected"],
                    mode="lines",
                    name=title,
                    line={
                        "color": MODEL_LINES[index % len(MODEL_LINES)],
                        "dash": dash,
                        "width": 2,
                    },
                    hovertext=[
                        f"{title}: {share_percent(y)} detected, {share_percent(x)} of songs turned "
                        "away"
                        for x, y in zip(roc["turned_away"], roc["detected"], strict=True)
                    ],
                    hovertemplate="%{hovertext}<extra></extra>",
                )
            )
    figure = framed(go.Figure(lines), colours, 400, "Songs turned away", "No music, detected")
    for update in (figure.update_xaxes, figure.update_yaxes):
        with_percentages(update, (-0.02, 1.02))
    return figure


def unknown_genres(models: Mapping[str, Mapping[str, Any]], *, dark: bool) -> go.Figure:
    """Draw how well songs of each genre are found by networks that were trained without it.

    Parameters
    ----------
    models : mapping of str to mapping
        Entries `models` of models/novelty.json.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    plotly.graph_objects.Figure
        A row for each genre; a filled mark for the novelty of each model, an open one for its
        largest probability alone.
    """
    colours = palette(dark)
    genres = list(next(iter(models.values()))["left_out"]["genres"])
    marks = []
    for index, (name, entry) in enumerate(models.items()):
        for part, title, symbol in (
            (entry["left_out"], model_name(name), "circle"),
            (
                entry["left_out"]["largest_probability"],
                f"{model_name(name)}, largest probability alone",
                "circle-open",
            ),
        ):
            marks.append(
                go.Scatter(
                    x=[part["genres"][genre] for genre in genres],
                    y=[genre_title(genre) for genre in genres],
                    mode="markers",
                    name=title,
                    marker={
                        "size": 10,
                        "symbol": symbol,
                        "color": MODEL_LINES[index % len(MODEL_LINES)],
                    },
                    hovertemplate=f"{title}, %{{y}}: AUROC %{{x:.2f}}<extra></extra>",
                )
            )
    figure = framed(go.Figure(marks), colours, 400, "AUROC; 0.5 is chance", "")
    figure.add_vline(x=0.5, line={"color": colours.label, "dash": "dot", "width": 1})
    figure.update_yaxes(autorange="reversed", showgrid=True)
    figure.update_xaxes(range=[0, 1.02])
    return figure
