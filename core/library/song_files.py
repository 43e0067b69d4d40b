"""Results for one song: predictions, their explanation, and the files that hold them."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze, to_json
from core.audio.io import Audio, load_audio, save_audio
from core.constants import DEFAULT_KEEP
from core.explanation.explain import Explanation, explain
from core.listening.faithfulness import part_probabilities
from core.listening.filtering import divide
from core.storage import write_json

if TYPE_CHECKING:
    from core.models.base import GenreModel

_LONGEST_NAME = 240  # bytes; a number fits in behind, and 255 is the limit of most systems
# Files of a result, in the order in which they move into an existing folder.
FILES = ("important.wav", "without.wav", "explanation.npz", "analysis.json")


@dataclass(frozen=True, eq=False)
class ExplainedParts:
    """Explanation of a song, with the audio of its two parts and the predictions for them.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of all segments.
    important, without : Audio
        The important parts alone, and everything else.
    probability_kept, probability_removed : float [range=[0, 1]]
        Probability of the explained genre for these two, as in
        `core.listening.faithfulness.part_probabilities`.
    """

    explanation: Explanation
    important: Audio
    without: Audio
    probability_kept: float
    probability_removed: float

    def to_json(self) -> dict[str, Any]:
        """Convert to the `explanation` of ``analysis.json``.

        `base_value` is the mean over the segments. `gap` is the signed gap of the segment with the
        largest one, because gaps would cancel in a mean.
        """
        gap = self.explanation.gap
        return {
            "target": self.explanation.target,
            "base_value": float(self.explanation.base_value.mean()),
            "gap": float(gap[np.abs(gap).argmax()]),
            "keep": DEFAULT_KEEP,
            "probability_kept": self.probability_kept,
            "probability_removed": self.probability_removed,
        }


@dataclass(frozen=True, eq=False)
class SongResult:
    """Results for one song.

    Parameters
    ----------
    analysis : Analysis
        The model's predictions.
    explained : ExplainedParts or None
        Their explanation, if requested.
    """

    analysis: Analysis
    explained: ExplainedParts | None

    def to_json(self) -> dict[str, Any]:
        """Convert to the content of ``analysis.json``."""
        explanation = None if self.explained is None else self.explained.to_json()
        return to_json(self.analysis, explanation=explanation)


def analyze_song(
    song: Path,
    model: GenreModel,
    *,
    explained: bool = False,
    step: Callable[[str], None] = lambda text: None,
) -> SongResult:
    """Analyse one song and, if requested, explain its prediction.

    Parameters
    ----------
    song : Path
        Audio file.
    model : GenreModel
        The model.
    explained : bool
        Whether to explain the prediction as well.
    step : callable
        Called with a short description of each step before it begins.

    Returns
    -------
    SongResult
        Predictions and, if requested, their explanation.

    Raises
    ------
    AudioError
        If the file cannot be decoded.
    ExplanationError
        If an explanation is requested and the model does not take a spectrogram as input.
    """
    step("reading")
    audio = load_audio(song, sample_rate=model.sample_rate)
    return analyze_audio(audio, model, explained=explained, step=step)


def analyze_audio(
    audio: Audio,
    model: GenreModel,
    *,
    explained: bool = False,
    step: Callable[[str], None] = lambda text: None,
) -> SongResult:
    """Analyse a decoded song and, if requested, explain its prediction.

    Parameters
    ----------
    audio : Audio
        The song.
    model, explained, step
        As in `analyze_song`.

    Returns
    -------
    SongResult
        Predictions and, if requested, their explanation.
    """
    step("analysing")
    analysis = analyze(audio, model)
    if not explained:
        return SongResult(analysis, None)
    step("explaining")
    explanation = explain(
        audio,
        model,
        target=analysis.genre,
        analysis=analysis,
        progress=lambda done, total: step(f"explaining segment {done} of {total}"),
    )
    step("filtering")
    parts = divide(audio, explanation)
    means = part_probabilities(model, audio, explanation, parts=parts, analysis=analysis).means
    return SongResult(
        analysis, ExplainedParts(explanation, *parts, means["kept"], means["removed"])
    )


def write_result(result: SongResult, folder: Path) -> list[str]:
    """Write the files of a song, all or nothing.

    Parameters
    ----------
    result : SongResult
        The result.
    folder : Path
        The song's own folder. It receives ``analysis.json`` and, with an explanation,
        ``important.wav``, ``without.wav`` and ``explanation.npz``. Files of an earlier result are
        replaced or removed; other files stay.

    Returns
    -------
    list of str
        Names of an earlier result's files that were removed and not replaced.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    before = [file for file in FILES if (folder / file).exists()]
    with _complete(folder) as temporary:
        if result.explained is not None:
            save_audio(result.explained.important, temporary / "important.wav")
            save_audio(result.explained.without, temporary / "without.wav")
            explanation = result.explained.explanation
            np.savez_compressed(
                temporary / "explanation.npz",
                mfcc=explanation.mfcc,
                mel=explanation.mel,
                base_value=explanation.base_value,
                prediction=explanation.prediction,
            )
        write_json(temporary / "analysis.json", result.to_json())
    return [file for file in before if not (folder / file).exists()]


@contextmanager
def _complete(folder: Path) -> Iterator[Path]:
    """Yield a temporary folder whose files move to `folder` when the block succeeds."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as name:
        temporary = Path(name) / "song"
        temporary.mkdir()
        yield temporary
        if not folder.exists():
            temporary.rename(folder)
            return
        # The folder stays, because it may contain other files. analysis.json is removed first and
        # written last: while it exists, the files beside it belong to it.
        for file in reversed(FILES):
            (folder / file).unlink(missing_ok=True)
        for file in FILES:
            if (temporary / file).exists():
                (temporary / file).rename(folder / file)


def folder_names(songs: Iterable[Path]) -> list[str]:
    """Choose a folder name for each song: its stem, with a number if it is taken.

    Parameters
    ----------
    songs : iterable of Path
        Audio files.

    Returns
    -------
    list of str
        Names that differ even on file systems that ignore upper and lower case.
    """
    names: list[str] = []
    taken: set[str] = set()
    for song in songs:
        # The stem of "..mp3" is ".", which would be the parent folder.
        stem = song.stem if song.stem.strip(".") else f"song {song.name}"
        if len(encoded := os.fsencode(stem)) > _LONGEST_NAME:
            stem = encoded[:_LONGEST_NAME].decode(errors="ignore")
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
