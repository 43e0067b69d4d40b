"""What the figures of explanations are measured on: pieces of test songs, explained by segment."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from core.analysis import analyze
from core.audio.io import Audio
from core.data.gtzan import gtzan_index
from core.explanation.explain import Explanation, explain, joined
from core.features.spectrogram import FeatureParameters
from core.models.spectrogram_models import SpectrogramModel

AUDIO = ("full", "excerpt", "clip")  # the first that there is of a track
MOST_SEGMENTS = 4  # of a track


@dataclass(frozen=True)
class Track:
    """A recording of the test side."""

    name: str
    genre: str
    file: Path
    number: int  # for seeds


def held_out_tracks(folder: Path) -> list[Track]:
    """Return all tracks of the artist split's test side that have a recording."""
    names = [name for name, entry in gtzan_index().items() if entry.artist_split == "test"]
    tracks = []
    for number, name in enumerate(sorted(names)):
        genre = name.split(".")[0]
        files = [folder / "audio" / kind / genre / f"{name}.ogg" for kind in AUDIO]
        file = next((file for file in files if file.is_file()), None)
        if file:
            tracks.append(Track(name, genre, file, number))
    return tracks


def evenly(tracks: Sequence[Track], count: int) -> list[Track]:
    """Return so many of the tracks, or all, at equal distances: of every genre if possible."""
    places = np.linspace(0, len(tracks) - 1, min(count, len(tracks)))
    return [tracks[place] for place in np.rint(places).astype(int)]


def middle(audio: Audio, parameters: FeatureParameters) -> Audio:
    """Return the middle of a song: at most `MOST_SEGMENTS`, without a remainder."""
    # Frames are centred: the last one is that of the sample after these.
    length = MOST_SEGMENTS * parameters.segment_frames * parameters.hop_length - 1
    start = max(0, len(audio.samples) - length) // 2
    return replace(audio, samples=audio.samples[start : start + length])


@dataclass(frozen=True, eq=False)
class Piece:
    """A piece of audio of which each segment is explained for its own genre.

    Parameters
    ----------
    audio : Audio
        The piece.
    parts : list of Explanation
        One for each genre that a segment is taken for.
    whole : Explanation
        The parts, joined; its target says nothing.
    genre : np.ndarray [shape=(n,), dtype=int]
        Index of the genre that each segment of `whole` is taken for.
    original : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of the segments of `whole`.
    seconds : float
        Processor time that the explanations took.
    """

    audio: Audio
    parts: list[Explanation]
    whole: Explanation
    genre: np.ndarray
    original: np.ndarray
    seconds: float


def explained(audio: Audio, model: SpectrogramModel) -> Piece:
    """Explain each segment for the genre that the model takes it for."""
    probabilities = analyze(audio, model).probabilities
    genres = probabilities.argmax(axis=1)
    started = time.process_time()
    parts = [
        explain(audio, model, target=model.genres[genre], segments=np.flatnonzero(genres == genre))
        for genre in np.unique(genres)
    ]
    seconds = time.process_time() - started
    whole = joined([replace(part, target="") for part in parts])
    return Piece(
        audio, parts, whole, genres[whole.segments], probabilities[whole.segments], seconds
    )
