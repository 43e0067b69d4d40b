"""Excerpts of test-set recordings, explained segment by segment: the data of the benchmarks."""

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

KINDS = ("full", "excerpt", "clip")  # of recordings, in order of preference
MAX_SEGMENTS = 4  # of an excerpt


@dataclass(frozen=True)
class Track:
    """A recording of the test set.

    Parameters
    ----------
    name : str
        Name in GTZAN, such as ``"blues.00012"``.
    genre : str
        Its genre.
    file : Path
        The recording.
    number : int
        Position in the test set, for seeds.
    """

    name: str
    genre: str
    file: Path
    number: int


def tracks_of_test_set(folder: Path) -> list[Track]:
    """List the tracks of the test set of unseen artists that have a recording.

    Parameters
    ----------
    folder : Path
        Folder with recordings as ``audio/{full,excerpt,clip}/GENRE/TRACK.ogg``.

    Returns
    -------
    list of Track
        In the order of their names.
    """
    names = [name for name, entry in gtzan_index().items() if entry.artist_split == "test"]
    tracks = []
    for number, name in enumerate(sorted(names)):
        genre = name.split(".")[0]
        files = [folder / "audio" / kind / genre / f"{name}.ogg" for kind in KINDS]
        file = next((file for file in files if file.is_file()), None)
        if file:
            tracks.append(Track(name, genre, file, number))
    return tracks


def evenly_spaced(tracks: Sequence[Track], count: int) -> list[Track]:
    """Select up to `count` tracks at equal distances, so that all genres are represented."""
    places = np.linspace(0, len(tracks) - 1, min(count, len(tracks)))
    return [tracks[place] for place in np.rint(places).astype(int)]


def middle_excerpt(audio: Audio, parameters: FeatureParameters) -> Audio:
    """Cut the middle out of a song: at most `MAX_SEGMENTS` segments, without a remainder.

    Parameters
    ----------
    audio : Audio
        The song, at the sampling rate of the parameters.
    parameters : FeatureParameters
        Parameters of the features.

    Returns
    -------
    Audio
        The excerpt.
    """
    # Frames are centred: one more sample would add a frame.
    length = MAX_SEGMENTS * parameters.segment_frames * parameters.hop_length - 1
    start = max(0, len(audio.samples) - length) // 2
    return replace(audio, samples=audio.samples[start : start + length])


@dataclass(frozen=True, eq=False)
class ExplainedExcerpt:
    """An excerpt whose segments are explained, each for its own predicted genre.

    Parameters
    ----------
    audio : Audio
        The excerpt.
    parts : list of Explanation
        One for each predicted genre.
    whole : Explanation
        The parts, joined. Its target is empty.
    genre : np.ndarray [shape=(n,), dtype=int]
        Index of the predicted genre of each segment of `whole`.
    original : np.ndarray [shape=(n, genres), range=[0, 1]]
        Probabilities of the segments of `whole`.
    seconds : float
        Processor time of the explanations.
    """

    audio: Audio
    parts: list[Explanation]
    whole: Explanation
    genre: np.ndarray
    original: np.ndarray
    seconds: float


def explain_excerpt(audio: Audio, model: SpectrogramModel) -> ExplainedExcerpt:
    """Explain each segment of an excerpt for the genre that the model predicts for it.

    Parameters
    ----------
    audio : Audio
        The excerpt.
    model : SpectrogramModel
        The model.

    Returns
    -------
    ExplainedExcerpt
        Explanations of all segments, grouped by predicted genre.
    """
    probabilities = analyze(audio, model).probabilities
    genres = probabilities.argmax(axis=1)
    started = time.process_time()
    parts = [
        explain(audio, model, target=model.genres[genre], segments=np.flatnonzero(genres == genre))
        for genre in np.unique(genres)
    ]
    seconds = time.process_time() - started
    whole = joined([replace(part, target="") for part in parts])
    return ExplainedExcerpt(
        audio, parts, whole, genres[whole.segments], probabilities[whole.segments], seconds
    )
