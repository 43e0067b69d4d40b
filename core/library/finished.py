"""Songs that are finished: those with a row in the table for the same content and settings."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from core.library.table import parts, read_part
from core.library.walk import SongFile

COLUMNS = ("uri", "digest", "bytes", "modified_ns", "explained", "folder", "settings")
MOST_KNOWN = 100  # digests sent along with a song; where more have its size, it is analysed again


@dataclass(frozen=True, slots=True)
class Task:
    """A song to be analysed.

    Parameters
    ----------
    file : SongFile
        Where it is.
    known : tuple of str
        Digests of finished songs of the same size. If the song has one of them, it is finished too:
        it was moved or copied.
    """

    file: SongFile
    known: tuple[str, ...] = ()


@dataclass(frozen=True)
class Plan:
    """Work of a run: the songs that are not finished.

    Parameters
    ----------
    tasks : list of Task
        Songs to be analysed.
    finished : int
        Number of songs that are finished.
    outdated : frozenset of str
        URIs of songs to be analysed that have a row: of another content or of other settings.
    """

    tasks: list[Task] = field(default_factory=list)
    finished: int = 0
    outdated: frozenset[str] = frozenset()


def plan(
    songs: Iterable[SongFile], folder: Path, settings: str, *, explained: bool, files: bool
) -> Plan:
    """Compare the songs that were found with the rows of the table.

    Parameters
    ----------
    songs : iterable of SongFile
        Songs that were found.
    folder : Path
        Folder of the parts of the table of songs; it need not exist.
    settings : str
        Digest of the model and of the version of the analysis.
    explained, files : bool
        Whether songs need an explanation and files to be finished.

    Returns
    -------
    Plan
        A song counts as finished without being read if size and time of its file are those in the
        table.

    Raises
    ------
    LibraryError
        If a part of the table cannot be read.
    """
    rows: dict[str, tuple[int, int, str] | None] = {}  # by URI; None if outdated
    for path in parts(folder):
        columns = read_part(path, COLUMNS).to_pydict()
        for uri, digest, size, modified, has_explanation, its_folder, its_settings in zip(
            *(columns[name] for name in COLUMNS), strict=True
        ):
            usable = (
                its_settings == settings
                and (has_explanation or not explained)
                and (its_folder is not None or not files)
            )
            rows[uri] = (size, modified, digest) if usable else None
    unfinished, outdated, finished = [], set(), 0
    for file in songs:
        uri = file.uri
        row = rows.get(uri)
        if row is not None and row[:2] == (file.size, file.modified_ns):
            finished += 1
            continue
        unfinished.append(file)
        if uri in rows:
            outdated.add(uri)
    by_size: defaultdict[int, list[str]] = defaultdict(list)
    for uri, row in rows.items():
        # The row of an outdated song is about to be removed.
        if row is not None and uri not in outdated:
            by_size[row[0]].append(row[2])
    known = {
        size: tuple(digests) for size, digests in by_size.items() if len(digests) <= MOST_KNOWN
    }
    tasks = [Task(file, known.get(file.size, ())) for file in unfinished]
    return Plan(tasks, finished, frozenset(outdated))
