"""Content of the player for the versions of a segment: in order, shuffled and reversed."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dashboard.charts.metrics import MODEL_LINES
from dashboard.charts.theme import DARK, LIGHT, rgb
from dashboard.player.wire_format import Payload, Track, View, encode
from dashboard.services.experiments import (
    BACKWARDS,
    COLUMNS,
    ORIGINAL,
    EvidenceInTime,
    Version,
)
from dashboard.services.songs import Song
from dashboard.text import experiments, formatting
from dashboard.text.formatting import duration_ms, genre_name, model_name, percent

# Colours of a place in time, from the beginning to the end of the segment.
ORIGINS = ((58, 82, 139), (33, 145, 140), (230, 140, 20))


def payload_of_versions(
    song: Song,
    segment: int,
    versions: Sequence[Version],
    evidence: dict[str, EvidenceInTime],
    leader: str,
    genre: str,
    genre_index: int,
    sample_rate: int,
    *,
    dark: bool,
) -> Payload:
    """Collect everything that the player shows and plays for the versions of a segment.

    Parameters
    ----------
    song : Song
        The song.
    segment : int
        Number of the segment.
    versions : sequence of Version
        The versions, the original order first.
    evidence : dict of EvidenceInTime
        Evidence in the original order, by name of the model; the two models of the comparison.
    leader : str
        The model on whose frames the segment was cut.
    genre, genre_index : str and int
        The explained genre, and its index in the probabilities.
    sample_rate : int
        Sampling rate of the versions in Hz.
    dark : bool
        Whether the page is dark.

    Returns
    -------
    Payload
        A track and a view of the same name for each version.
    """
    names = list(evidence)
    frame_s = evidence[leader].frame_s
    column_s = frame_s / COLUMNS
    columns = len(versions[0].envelope)
    duration_s = columns * column_s
    colours = DARK if dark else LIGHT
    header = {
        "song": f"{song.digest}-{segment}",
        "file": formatting.file_stem(song.name, "order"),
        "duration_s": duration_s,
        "sample_rate": sample_rate,
        "frame_s": column_s,
        "segment": [0.0, duration_s],
        "target": genre_name(genre),
        "scope": experiments.played_versions(genre, names),
        "alt": experiments.versions_alt(names),
        "colours": {
            "label": colours.label,
            "models": [rgb(colour) for colour in MODEL_LINES[: len(names)]],
            "origins": ORIGINS,
        },
    }
    tracks = [
        Track(
            version.name,
            title_of(version.name, frame_s),
            " / ".join(percent(float(version.probabilities[name][genre_index])) for name in names),
            version.file,
        )
        for version in versions
    ]
    masses = np.stack([_columns(evidence[name].mass, columns) for name in names], axis=1)
    views = [
        View(
            name=version.name,
            label=track.label,
            values=version.envelope,
            shap=masses if version.name == ORIGINAL else np.zeros_like(masses),
            limit=1.0,
            centre=np.zeros(len(names)),
            spread=np.maximum(masses.max(axis=0), 1e-12),
            names=[model_name(name) for name in names],
            ticks={},
            value="",
            origins=version.origins,
        )
        for version, track in zip(versions, tracks, strict=True)
    ]
    return encode(header, tracks, views)


def title_of(version: str, frame_s: float) -> str:
    """Title of a version: ``"In order"``, ``"Reversed"`` or the length of its chunks."""
    if version == ORIGINAL:
        return "In order"
    if version == BACKWARDS:
        return "Reversed"
    return duration_ms(int(version) * frame_s)


def _columns(mass: np.ndarray, columns: int) -> np.ndarray:
    """Spread the mass of frames over the columns of a waveform, of the same or another grid."""
    return mass[np.arange(columns) * len(mass) // columns]
