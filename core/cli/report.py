"""What the command line hands over: a folder of files for every song, or a table to read."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from core.analysis import Analysis, analyze, to_json
from core.audio.io import Audio, load_audio, save_audio
from core.cli.terminal import clock, printable
from core.explanation.explain import Explanation, explain
from core.listening.filtering import divide
from core.storage import write_json

if TYPE_CHECKING:
    from core.models.base import GenreModel

KEEP = 0.2  # share of the time-frequency area that counts as important
# In the order in which they come into an existing folder.
FILES = ("important.wav", "without.wav", "explanation.npz", "analysis.json")


@dataclass(frozen=True, eq=False)
class Reason:
    """Why a song is what it is, and what the model says of hearing just that.

    Parameters
    ----------
    explanation : Explanation
        SHAP values of all segments.
    important, without : Audio
        The song with nothing but its important regions, and with everything but them.
    probability_kept, probability_removed : float [range=[0, 1]]
        The explained genre's probability for these two.
    """

    explanation: Explanation
    important: Audio
    without: Audio
    probability_kept: float
    probability_removed: float

    def to_json(self) -> dict[str, Any]:
        """Return the `explanation` of ``analysis.json``.

        `base_value` is the mean over the segments. `gap` is that of the segment where it is
        largest, with its sign: in a mean, gaps would cancel.
        """
        gap = self.explanation.gap
        return {
            "target": self.explanation.target,
            "base_value": float(self.explanation.base_value.mean()),
            "gap": float(gap[np.abs(gap).argmax()]),
            "keep": KEEP,
            "probability_kept": self.probability_kept,
            "probability_removed": self.probability_removed,
        }


@dataclass(frozen=True, eq=False)
class Report:
    """Everything that is said about one song.

    Parameters
    ----------
    analysis : Analysis
        The model's answer.
    reason : Reason or None
        Why it answers so, if that was asked for.
    """

    analysis: Analysis
    reason: Reason | None

    def to_json(self) -> dict[str, Any]:
        """Return the content of ``analysis.json``."""
        return to_json(
            self.analysis, explanation=None if self.reason is None else self.reason.to_json()
        )

    def to_text(self) -> str:
        """Return lines to read: verdict, segments with their two likeliest genres, and why."""
        analysis = self.analysis
        lines = [
            f"{printable(analysis.song)} ({clock(analysis.duration_s)}), heard by "
            f"{analysis.model}: {analysis.genre}, probability {analysis.probability:.2f}"
        ]
        if analysis.padded:
            lines.append("  The song is shorter than one segment; the rest is taken as silence.")
        for start, end, row in zip(
            analysis.starts_s, analysis.ends_s, analysis.probabilities, strict=True
        ):
            likeliest = np.argsort(row)[::-1][:2]
            genres = "   ".join(
                f"{analysis.genres[index]:<9} {row[index]:.2f}" for index in likeliest
            )
            lines.append(f"  {clock(start):>7} - {clock(end):>7}   {genres}")
        if self.reason is not None:
            lines.append(
                f"  Probability of {self.reason.explanation.target}: "
                f"{self.reason.probability_kept:.2f} from the most important {KEEP:.0%} alone, "
                f"{self.reason.probability_removed:.2f} without them"
            )
        return "\n".join(lines)


def examine(
    song: Path,
    model: GenreModel,
    *,
    explained: bool = False,
    step: Callable[[str], None] = lambda text: None,
) -> Report:
    """Analyse one song and, if asked to, explain its verdict.

    Parameters
    ----------
    song : Path
        Audio file.
    model : GenreModel
        The model to ask.
    explained : bool
        Whether to explain, too.
    step : callable
        Is told, in a few words, what is being done.

    Returns
    -------
    Report
        What the model says.

    Raises
    ------
    AudioError
        If the file cannot be heard.
    """
    step("reading")
    audio = load_audio(song, sample_rate=model.parameters.sample_rate)
    step("analysing")
    analysis = analyze(audio, model)
    if not explained:
        return Report(analysis, None)
    step("explaining")
    explanation = explain(
        audio,
        model,
        target=analysis.genre,
        analysis=analysis,
        progress=lambda done, total: step(f"explaining, segment {done} of {total}"),
    )
    step("filtering")
    genre = analysis.genres.index(explanation.target)
    important, without = divide(audio, explanation, keep=KEEP)
    kept, removed = (
        float(analyze(heard, model).song_probabilities[genre]) for heard in (important, without)
    )
    return Report(analysis, Reason(explanation, important, without, kept, removed))


def write(report: Report, folder: Path) -> list[str]:
    """Write a song's files, together or not at all.

    Parameters
    ----------
    report : Report
        What to write.
    folder : Path
        The song's own folder. It gets ``analysis.json`` and, if there is a reason,
        ``important.wav``, ``without.wav`` and ``explanation.npz``. Files of an earlier report are
        replaced or taken away, others left alone.

    Returns
    -------
    list of str
        Names of an earlier report's files that are gone and not replaced.

    Raises
    ------
    OSError
        If the folder cannot be written.
    """
    before = [file for file in FILES if (folder / file).exists()]
    with _complete(folder) as temporary:
        if report.reason is not None:
            save_audio(report.reason.important, temporary / "important.wav")
            save_audio(report.reason.without, temporary / "without.wav")
            explanation = report.reason.explanation
            np.savez_compressed(
                temporary / "explanation.npz",
                mfcc=explanation.mfcc,
                mel=explanation.mel,
                base_value=explanation.base_value,
                prediction=explanation.prediction,
            )
        write_json(temporary / "analysis.json", report.to_json())
    return [file for file in before if not (folder / file).exists()]


@contextmanager
def _complete(folder: Path) -> Iterator[Path]:
    """Give a temporary folder; its files move to `folder` when the block ends well."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".unfinished-", dir=folder.parent) as name:
        temporary = Path(name) / "song"
        temporary.mkdir()
        yield temporary
        if not folder.exists():
            temporary.rename(folder)
            return
        # The folder stays, for someone may keep other files in it. analysis.json goes first and
        # comes last: while it is there, its companions are its own.
        for file in reversed(FILES):
            (folder / file).unlink(missing_ok=True)
        for file in FILES:
            if (temporary / file).exists():
                (temporary / file).rename(folder / file)


def folder_names(songs: Iterable[Path]) -> list[str]:
    """Return a folder name for each song: its stem, numbered if an earlier song has the same.

    Parameters
    ----------
    songs : iterable of Path
        Audio files.

    Returns
    -------
    list of str
        Names that differ even where upper and lower case are the same to the file system.
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
