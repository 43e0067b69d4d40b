"""Results of the command line: a folder of files for each song, or a table to read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze, to_json
from core.audio.io import Audio, load_audio, save_audio
from core.cli.terminal import minutes, printable
from core.constants import DEFAULT_KEEP
from core.explanation.explain import Explanation, explain
from core.listening.faithfulness import part_probabilities
from core.listening.filtering import divide
from core.storage import write_json

if TYPE_CHECKING:
    from core.models.base import GenreModel

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

    def to_text(self) -> str:
        """Format as text: genres of the song, and the two most probable ones of each segment."""
        analysis = self.analysis
        lines = [
            f"{printable(analysis.song)} ({minutes(analysis.duration_s)}), {analysis.model}: "
            f"{answer(analysis)}"
        ]
        if analysis.padded:
            lines.append("  The song is shorter than one segment and was padded with silence.")
        for start, end, row in zip(
            analysis.starts_s, analysis.ends_s, analysis.probabilities, strict=True
        ):
            best = np.argsort(row)[::-1][:2]
            genres = "   ".join(f"{analysis.genres[index]:<9} {row[index]:.2f}" for index in best)
            lines.append(f"  {minutes(start)} - {minutes(end)}   {genres}")
        if self.explained is not None:
            lines.append(
                f"  Probability of {self.explained.explanation.target}: "
                f"{self.explained.probability_kept:.2f} for the most important "
                f"{100 * DEFAULT_KEEP:.0f} % alone, "
                f"{self.explained.probability_removed:.2f} without it"
            )
        return "\n".join(lines)


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


def answer(analysis: Analysis) -> str:
    """Format the prediction for a song: its genre set, or why there is none.

    Parameters
    ----------
    analysis : Analysis
        Predictions for the song.

    Returns
    -------
    str
        ``"reggae, probability 0.81"``, ``"reggae or disco, probabilities 0.41 and 0.30"``, ``"no
        sound"`` or ``"unlike anything it was trained on (nearest genre: reggae, 0.37)"``.
    """
    if analysis.silent:
        return "no sound"
    if not analysis.genre_set:
        return (
            "unlike anything it was trained on "
            f"(nearest genre: {analysis.genre}, {analysis.probability:.2f})"
        )
    shares = analysis.song_probabilities
    values = [f"{shares[analysis.genres.index(genre)]:.2f}" for genre in analysis.genre_set]
    noun = "probability" if len(values) == 1 else "probabilities"
    return f"{_joined(analysis.genre_set, 'or')}, {noun} {_joined(values, 'and')}"


def _joined(words: Sequence[str], conjunction: str) -> str:
    *first, last = words
    return f"{', '.join(first)} {conjunction} {last}" if first else last


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
        name, number = stem, 1
        while name.casefold() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.casefold())
        names.append(name)
    return names
