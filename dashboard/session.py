"""What pages share: the chosen song, and results from `core`.

This module and `dashboard.sounds` are the only ones that ask `core` to compute. Nothing of `core`
but its constants is imported before a song is chosen, because TensorFlow and librosa take seconds
to load: that happens in the background, see `dashboard.warmup`. Results live on bounded shelves, by
the digest of the song's bytes and of the model's weights.
"""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from core.catalogue import SHOWN
from core.constants import EXAMPLES_DIR, SAMPLE_RATE
from dashboard.shelf import Shelf
from dashboard.warmup import Report, WarmUp
from dashboard.wording import genre_name, model_name

if TYPE_CHECKING:
    from core.analysis import Analysis
    from core.audio import Audio
    from core.explanation import Explanation
    from core.models import GenreModel

MODELS = SHOWN  # in the order of their cards on the page

PART = 12  # segments explained at a time; a run that is stopped loses no finished part

_songs: Shelf[Audio] = Shelf(4)  # fifteen minutes are 79 MB each
_analyses: Shelf[Analysis] = Shelf(16)
_explanations: Shelf[Explanation] = Shelf(64)  # parts and single segments, up to 4 MB each


@dataclass(frozen=True)
class Song:
    """A chosen song, not yet decoded.

    Parameters
    ----------
    digest : str
        SHA-256 of the file's bytes.
    name : str
        What the file claims to be called; not to be trusted.
    content : bytes
        The file.
    title : str
        Title of an example song; empty for an upload.
    """

    digest: str
    name: str
    content: bytes = field(repr=False, compare=False)
    title: str = ""


@dataclass(frozen=True)
class Question:
    """What is asked about a song: why this genre, or why this one rather than that.

    Parameters
    ----------
    target : str
        The genre.
    versus : str
        The other genre; empty if there is none.
    """

    target: str
    versus: str = ""


@st.cache_data(show_spinner=False)
def examples() -> list[dict[str, Any]]:
    """Return the bundled songs: dictionaries with `file`, `title` and `genre`."""
    try:
        songs = json.loads((EXAMPLES_DIR / "examples.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return []
    return [song for song in songs if (EXAMPLES_DIR / song["file"]).is_file()]


def _rehearsal_song() -> Path | None:
    return next((EXAMPLES_DIR / entry["file"] for entry in examples()), None)


warm_up = WarmUp(MODELS, _rehearsal_song)


def song_from_bytes(content: bytes, name: str, *, title: str = "") -> Song:
    """Return the song that a file's bytes hold."""
    return Song(hashlib.sha256(content).hexdigest(), name, content, title)


def example_song(entry: dict[str, Any]) -> Song:
    """Return the song of an entry of `examples`."""
    file = EXAMPLES_DIR / entry["file"]
    return song_from_bytes(file.read_bytes(), file.name, title=entry["title"])


def recordings() -> dict[str, str]:
    """Return titles of free recordings that can be downloaded, by their names."""
    from core.recordings import RECORDINGS

    return RECORDINGS


def downloaded(name: str) -> Song:
    """Return a free recording, after its download if need be.

    Raises
    ------
    AudioError
        If it cannot be downloaded.
    """
    from core.recordings import RECORDINGS, download_recording

    file = download_recording(name)
    return song_from_bytes(file.read_bytes(), file.name, title=RECORDINGS[name])


def title_of(song: Song) -> str:
    """Return what to call a song: one line of harmless characters, not yet escaped."""
    from core.audio import clean_name

    return song.title or clean_name(song.name)


def audio_of(song: Song, report: Report, sample_rate: int = SAMPLE_RATE) -> Audio:
    """Return the decoded song, at the sampling rate that a model hears.

    Raises
    ------
    AudioError
        If the file cannot be heard.
    """
    warm_up.wait(report)
    from core.audio import load_audio

    def decode() -> Audio:
        report("Reading the song …", None)
        # Its name is shared by all who bring these bytes.
        return load_audio(song.content, name="song", sample_rate=sample_rate)

    return _songs.get(
        (song.digest, sample_rate), decode, waiting=lambda: report("Reading the song …", None)
    )


def analysis_of(song: Song, name: str, report: Report) -> Analysis:
    """Return what a model says of a song.

    Raises
    ------
    AudioError, ModelError
        If the song cannot be heard, or the model cannot be used.
    """
    audio_of(song, report)  # a song that cannot be heard is not the model's failure
    model = model_of(name)
    audio = audio_of(song, report, model.parameters.sample_rate)
    from core.analysis import analyze

    def hear() -> Analysis:
        report(doing, None)
        return analyze(audio, model)

    doing = f"{model_name(name)} is listening …"
    return _analyses.get(key_of(song, model), hear, waiting=lambda: report(doing, None))


def analyses_of(song: Song, report: Report) -> tuple[dict[str, Analysis], list[str]]:
    """Return what all models say of a song, and why some cannot.

    Returns
    -------
    analyses : dict of Analysis
        By the models' names, in the order of `MODELS`.
    failures : list of str
        A sentence for each model that cannot be used.
    """
    audio_of(song, report)  # its failure is the song's, not a model's
    from core.model_cards import ModelError

    analyses, failures = {}, []
    for name in MODELS:
        try:
            analyses[name] = analysis_of(song, name, report)
        except ModelError as error:
            failures.append(str(error))
    return analyses, failures


def is_explained(song: Song, analysis: Analysis, question: Question) -> bool:
    """Return whether the explanation of a whole song is at hand."""
    key = key_of(song, model_of(analysis.model))
    parts = range(0, len(analysis.starts_s), PART)
    return all((*key, question, "part", first // PART) in _explanations for first in parts)


def segment_explanation_of(
    song: Song, name: str, question: Question, segment: int, report: Report
) -> Explanation:
    """Return the explanation of one segment of a song, an `Explanation` of length 1."""
    model = model_of(name)
    part = _explanations.peek((*key_of(song, model), question, "part", segment // PART))
    if part is not None:
        return part[segment % PART]
    return _explained(song, model, question, "segment", segment, [segment], report)


def place_in(analysis: Analysis, moment_s: float) -> int:
    """Return which segment holds a moment of the song."""
    return max(0, int(np.searchsorted(analysis.starts_s, moment_s, side="right")) - 1)


def on_grid_of(first: Explanation, second: Explanation) -> tuple[Explanation, float]:
    """Return the second explanation with its mel values on the grid of the first, one segment each.

    And how the two correlate where both hear the song.
    """
    from core.regridding import Grid, correlation, heard_frames, regridded

    grids = [Grid(each.parameters, float(each.starts_s[0])) for each in (second, first)]
    values = regridded(second.mel[0], *grids)
    both = heard_frames(int(second.filled[0]), *grids)
    both[int(first.filled[0]) :] = False
    return (
        replace(second, mel=values[np.newaxis]),
        correlation(first.mel[0][both], values[both]),
    )


def finished_parts(song: Song, analysis: Analysis, question: Question) -> list[Explanation]:
    """Return the parts of a whole song's explanation that are at hand."""
    key = key_of(song, model_of(analysis.model))
    indices = range(math.ceil(len(analysis.starts_s) / PART))
    parts = (_explanations.peek((*key, question, "part", index)) for index in indices)
    return [part for part in parts if part is not None]


def parts_of(song: Song, name: str, question: Question, report: Report) -> list[Explanation]:
    """Return a whole song's explanation in parts, which are kept when a run is stopped."""
    count = len(analysis_of(song, name, report).starts_s)
    model = model_of(name)
    parts = []
    for first in range(0, count, PART):
        segments = range(first, min(first + PART, count))
        parts.append(
            _explained(song, model, question, "part", first // PART, segments, report, count)
        )
    return parts


def explanation_of(song: Song, name: str, question: Question, report: Report) -> Explanation:
    """Return a whole song's explanation."""
    parts = parts_of(song, name, question, report)
    from core.explanation import joined

    return joined(parts)


def accuracy(name: str) -> tuple[float, int] | None:
    """Return how much of unheard music a model judged rightly, and on how many songs.

    Returns
    -------
    tuple of float and int, or None
        Share of songs of artists that it was not trained with; None if its card does not say.
    """
    metrics = model_of(name).card.get("metrics")
    if not metrics or metrics.get("protocol") != "artist":
        return None
    test = metrics["test"]
    return float(test["song"]["accuracy"]), int(test["tracks"])


def genre_index(name: str, genre: str) -> int:
    """Return the place of a genre among a model's probabilities."""
    return model_of(name).genres.index(genre)


def standardisation(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return mean and scale of a model's coefficients, ``(n_mfcc,)`` each."""
    model = model_of(name)
    return model.mean, model.scale


def band_frequencies(name: str) -> np.ndarray:
    """Return the middle of each mel band of a model in Hz, `shape=(n_mels,)`."""
    from core.regridding import band_centres

    return band_centres(model_of(name).parameters)


def frame_seconds(name: str) -> float:
    """Return how long a frame of a model is."""
    parameters = model_of(name).parameters
    return parameters.hop_length / parameters.sample_rate


def model_of(name: str) -> GenreModel:
    """Return a loaded model."""
    from core.models import load_model

    return load_model(name)


def key_of(song: Song, model: GenreModel) -> tuple[str, str]:
    """Return what identifies results of a model about a song."""
    return song.digest, model.card["weights"]["sha256"]


def _explained(
    song: Song,
    model: GenreModel,
    question: Question,
    kind: str,
    index: int,
    segments: Sequence[int],
    report: Report,
    count: int = 1,
) -> Explanation:
    from core.explanation import explain

    audio = audio_of(song, report, model.parameters.sample_rate)
    analysis = analysis_of(song, model.name, report)
    doing = f"Asking {model_name(model.name)} why {genre_name(question.target)} …"

    def ask() -> Explanation:
        def progress(done: int, total: int) -> None:
            finished = (segments[0] if count > 1 else 0) + done
            report(
                f"{doing} {finished} of {count} segments" if count > 1 else doing, finished / count
            )

        return explain(
            audio,
            model,
            target=question.target,
            versus=question.versus or None,
            segments=segments,
            analysis=analysis,
            progress=progress,
        )

    key = (*key_of(song, model), question, kind, index)
    return _explanations.get(key, ask, waiting=lambda: report(doing, None))
