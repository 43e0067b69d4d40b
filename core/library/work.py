"""The part of the work that worker processes do: analyse a few songs and return their rows.

A worker reads each file once, so that the digest is that of the content which was analysed. It
decodes and computes features song by song, and predicts the segments of all songs together.
"""

from __future__ import annotations

import faulthandler
import gc
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import pyarrow as pa

from core.errors import ModelError
from core.library.finished import Task
from core.library.table import song_schema, to_row
from core.storage import fingerprint, is_lasting, sha256

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.library.song_files import SongResult
    from core.models.base import GenreModel

VERSION = 1  # of the analysis; increase it when results change, so that songs are analysed again
READ_AT_ONCE = 64 << 20  # bytes; larger files are read twice, to save memory
# A worker that takes longer for a song ends itself. The longest songs take a fraction of this.
TIME_LIMIT_S = 120.0
EXPLANATION_TIME_LIMIT_S = 3_600.0
STEM_LENGTH = 60  # characters of a song's name in the name of its folder


@dataclass(frozen=True)
class Job:
    """Instructions for all songs.

    Parameters
    ----------
    card : str
        Path of the model's card.
    settings : str
        Digest of the model and of the version of the analysis, see `settings_of`.
    explained : bool
        Whether to explain predictions.
    out : str
        Folder of the results.
    files : str or None
        Folder, below `out`, of the files for each song; without it none are written.
    """

    card: str
    settings: str
    explained: bool
    out: str
    files: str | None


@dataclass
class Outcome:
    """Results of some songs; each song is in one of the lists.

    Parameters
    ----------
    rows : list of dict
        Rows of the table of songs.
    failures : list of (Task, str)
        Songs that cannot be analysed, with the reason.
    known : list of (Task, str)
        Songs that were finished before, with their digest.
    """

    rows: list[dict[str, Any]] = field(default_factory=list)
    failures: list[tuple[Task, str]] = field(default_factory=list)
    known: list[tuple[Task, str]] = field(default_factory=list)


@dataclass(frozen=True)
class Answer:
    """An `Outcome` as it travels between processes.

    Parameters
    ----------
    rows : pyarrow.RecordBatch
        Rows of the table of songs.
    failures, known : list of (int, str)
        As in `Outcome`, with the index of the song.
    """

    rows: pa.RecordBatch
    failures: list[tuple[int, str]]
    known: list[tuple[int, str]]


def settings_of(card: Path) -> str:
    """Compute the digest of everything besides the song that a result depends on.

    Parameters
    ----------
    card : Path
        Card of the model, which contains the digests of its other files.

    Returns
    -------
    str
        64 hexadecimal digits.
    """
    return fingerprint([card], version=VERSION)


def work(tasks: Sequence[Task], job: Job) -> Answer:
    """Analyse some songs; runs in a worker process.

    Parameters
    ----------
    tasks : sequence of Task
        Songs.
    job : Job
        Instructions.

    Returns
    -------
    Answer
        Every song is in exactly one of its lists.

    Raises
    ------
    ModelError
        If this process cannot load the model, or finds another version of it.
    OSError
        If no files can be written, because the disk is full for example.
    """
    model = _model(job.card, job.settings)
    outcome = analysed(tasks, job, model)
    index = {id(task): number for number, task in enumerate(tasks)}
    return Answer(
        pa.RecordBatch.from_pylist(outcome.rows, schema=song_schema(model.genres)),
        [(index[id(task)], reason) for task, reason in outcome.failures],
        [(index[id(task)], digest) for task, digest in outcome.known],
    )


def analysed(tasks: Sequence[Task], job: Job, model: GenreModel) -> Outcome:
    """Analyse some songs with a model.

    Parameters
    ----------
    tasks : sequence of Task
        Songs.
    job : Job
        Instructions.
    model : GenreModel
        The model.

    Returns
    -------
    Outcome
        Every song is in exactly one of its lists.
    """
    together = Outcome()
    try:
        _analyse(tasks, job, model, together)
        return together
    except Exception as error:
        if is_lasting(error):  # the other songs could not be written either
            raise
        if len(tasks) == 1:
            return Outcome(failures=[(tasks[0], _reason(error))])
    # One of the songs is to blame, so each is analysed on its own.
    outcome = Outcome()
    for task in tasks:
        alone = analysed([task], job, model)
        outcome.rows += alone.rows
        outcome.failures += alone.failures
        outcome.known += alone.known
    return outcome


def _analyse(tasks: Sequence[Task], job: Job, model: GenreModel, outcome: Outcome) -> None:
    """Analyse some songs; an error that is not that of a single file fails all of them."""
    from core.analysis import analyze_songs
    from core.library.song_files import SongResult, analyze_audio

    read: list[tuple[Task, str]] = []
    songs = _decoded(tasks, job, model, read, outcome)
    try:
        if job.explained:
            results = [analyze_audio(audio, model, explained=True) for audio in songs]
        else:
            results = [SongResult(analysis, None) for analysis in analyze_songs(songs, model)]
    finally:
        faulthandler.cancel_dump_traceback_later()
    for (task, digest), result in zip(read, results, strict=True):
        folder = None if job.files is None else _write(task, digest, result, job)
        outcome.rows.append(
            to_row(
                task.file,
                digest,
                result.analysis,
                explained=job.explained,
                folder=folder,
                settings=job.settings,
            )
        )


def _decoded(
    tasks: Sequence[Task],
    job: Job,
    model: GenreModel,
    read: list[tuple[Task, str]],
    outcome: Outcome,
) -> Iterator[Audio]:
    """Decode songs one after another, and note which of them were decoded."""
    from core.audio.io import load_audio

    for task in tasks:
        _limit_time(job)
        try:
            path = Path(task.file.path)
            file: Path | bytes = path
            if task.file.size <= READ_AT_ONCE:
                file = path.read_bytes()
                digest = hashlib.sha256(file).hexdigest()
            else:
                digest = sha256(path)
            if digest in task.known:
                outcome.known.append((task, digest))
                continue
            audio = load_audio(file, name=path.name, sample_rate=model.sample_rate)
        except Exception as error:  # one bad file must not abort the run
            outcome.failures.append((task, _reason(error)))
            continue
        read.append((task, digest))
        yield audio


def _limit_time(job: Job) -> None:
    """End this process if the next song takes too long, even inside a decoder written in C."""
    seconds = EXPLANATION_TIME_LIMIT_S if job.explained else TIME_LIMIT_S
    faulthandler.dump_traceback_later(seconds, exit=True, file=_nowhere())


def _write(task: Task, digest: str, result: SongResult, job: Job) -> str:
    """Write the files of a song, and return their folder."""
    from core.audio.io import clean_name
    from core.library.song_files import write_result

    stem = Path(clean_name(task.file.path)).stem[:STEM_LENGTH].strip(". ")
    # By the digest, because names repeat. A folder with a million entries would be slow to open.
    folder = f"{job.files}/{digest[:2]}/{stem}-{digest[:12]}"
    write_result(result, Path(job.out, folder))
    return folder


def _reason(error: Exception) -> str:
    """Describe why a song failed in a sentence."""
    if isinstance(error, OSError):
        return f"The file cannot be read or its results written ({error.strerror or error})."
    if isinstance(error, MemoryError):
        return "There is not enough memory for this song. Use fewer workers."
    return str(error) or type(error).__name__


@lru_cache(maxsize=1)
def _nowhere() -> IO[str]:
    """Open a file for the report on a process that took too long."""
    return open(os.devnull, "w", encoding="utf-8")


@lru_cache(maxsize=2)
def _model(card: str, settings: str) -> GenreModel:
    """Load the model in a process that has one thread for it."""
    os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
    os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
    try:
        same = settings_of(Path(card)) == settings
    except OSError as error:
        raise ModelError(
            f"A worker cannot read the model card {card} ({error.strerror or error}). Every worker "
            "needs the project and the model in the same folder."
        ) from error
    if not same:
        raise ModelError(
            f"A worker has another version of the model {card}. Copy the same files everywhere."
        )
    from core.models.runtime import silent_stderr

    with silent_stderr():
        from core.models.store import load_model

        model = load_model(card)
    gc.collect()
    gc.freeze()  # a collection would visit every object of TensorFlow
    return model
