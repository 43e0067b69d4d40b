"""What the classroom shows: steps with pictures and sounds, puzzles, and the full screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import plotly.graph_objects as go

from dashboard import session, sounds
from dashboard.palette import palette
from dashboard.session import Question, Song
from dashboard.shelf import Shelf
from dashboard.sounds import Cut
from dashboard.warmup import Report

if TYPE_CHECKING:
    from core.steps import Step

KEEP = 0.2
MOST_POINTS = 3_000  # of the waveform's picture
POINTS_PERCENTILE = 99  # the strongest colour: one outlier must not pale the others

_steps: Shelf[list[Step]] = Shelf(8)


def steps_of(song: Song, name: str, start_s: float, report: Report) -> list[Step]:
    """Return the steps from a waveform to MFCCs, for three seconds of a song."""
    model = session.model_of(name)
    audio = session.audio_of(song, report, model.parameters.sample_rate)

    def take() -> list[Step]:
        from core.steps import steps

        report("Turning every step into sound …", None)
        return steps(audio, start_s, model.parameters)

    key = (song.digest, model.parameters, start_s)
    return _steps.get(key, take, waiting=lambda: report("Turning every step into sound …", None))


def sound_of(step: Step) -> bytes:
    """Return a step's sound as a FLAC file."""
    from core.audio import encode_audio

    return encode_audio(step.sound, "FLAC")


def picture(step: Step, *, large: bool, dark: bool) -> go.Figure:
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


@dataclass(frozen=True)
class Puzzle:
    """What is heard of a song, and what a network says.

    Parameters
    ----------
    file : bytes
        FLAC of what mattered most.
    verdict, heard : str
        The network's genre for the whole song and for what is heard.
    sure, heard_sure : float [range=[0, 1]]
        Their probabilities.
    """

    file: bytes
    verdict: str
    sure: float
    heard: str
    heard_sure: float


def puzzle_of(song: Song, name: str, report: Report) -> Puzzle:
    """Return what is heard of a song in the game."""
    analysis = session.analysis_of(song, name, report)
    halves = sounds.halves_of(song, name, Cut(Question(analysis.genre), keep=KEEP), report)
    place = int(halves.kept.probabilities.argmax())
    return Puzzle(
        halves.kept.file,
        analysis.genre,
        float(analysis.probability),
        analysis.genres[place],
        float(halves.kept.probabilities[place]),
    )


def genre_of(song: Song) -> str | None:
    """Return what an example song was composed as; nobody knows of uploads."""
    return next(
        (entry["genre"] for entry in session.examples() if entry["title"] == song.title), None
    )
