"""Find the songs in folders, each exactly once, whatever they are called and however they link."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

# Files in a folder count as songs by their suffix. Others, such as covers, are ignored.
SUFFIXES = tuple(
    f".{kind}"
    for kind in (
        *("aac", "ac3", "aif", "aifc", "aiff", "amr", "ape", "asf", "au", "avi", "caf", "dsf"),
        *("flac", "flv", "m4a", "m4b", "mka", "mkv", "mov", "mp2", "mp3", "mp4", "mpc", "oga"),
        *("ogg", "opus", "snd", "tta", "voc", "w64", "wav", "webm", "wma", "wv"),
    )
)


@dataclass(frozen=True, slots=True)
class SongFile:
    """A file that was found.

    Parameters
    ----------
    path : str
        Absolute path, as the operating system spells it.
    song : str
        Path below the folder that was searched, for display: with ``/`` between folders, and with
        U+FFFD in place of characters that cannot be shown.
    size : int
        Size in bytes.
    modified_ns : int
        Time of the last change, in nanoseconds.
    """

    path: str
    song: str
    size: int = 0
    modified_ns: int = 0

    @property
    def uri(self) -> str:
        """The path as a URI, which any text format can hold without loss."""
        return Path(self.path).as_uri()


@dataclass(frozen=True)
class Found:
    """Content of folders.

    Parameters
    ----------
    songs : list of SongFile
        Songs in the order of their folders and names.
    unreadable : list of (SongFile, str)
        Folders and files that cannot be analysed, each with the reason.
    ignored : int
        Number of other files. Hidden ones do not count.
    """

    songs: list[SongFile] = field(default_factory=list)
    unreadable: list[tuple[SongFile, str]] = field(default_factory=list)
    ignored: int = 0


def find_songs(given: Sequence[Path], *, excluded: Path | None = None) -> Found:
    """Find the songs in folders and below.

    A folder that can be reached in several ways, by links or because it is given twice, is searched
    once, so loops of links end. A link to a song that is found elsewhere does not count.

    Parameters
    ----------
    given : sequence of Path
        Folders. Files among them count whatever their suffix.
    excluded : Path, optional
        Folder that is not searched: that of the results.

    Returns
    -------
    Found
        Every song once. Hidden files and folders (whose name begins with a dot) are left out.
    """
    search = _Search(os.path.realpath(excluded) if excluded is not None else None)
    for path in given:
        search.start(os.path.abspath(path))
    return search.finished()


class _Search:
    """State of `find_songs`."""

    def __init__(self, excluded: str | None) -> None:
        self.songs: dict[str, SongFile] = {}  # by path without links
        self.unreadable: dict[str, tuple[SongFile, str]] = {}
        self.links: list[tuple[str, str]] = []
        self.folders = set() if excluded is None else {excluded}
        self.ignored = 0

    def start(self, path: str) -> None:
        """Search a folder, or take a file."""
        if os.path.isdir(path):
            self._search(path, base=path)
        else:
            self._take(path, os.path.realpath(path), os.path.basename(path))

    def finished(self) -> Found:
        """Follow links to files that were not found otherwise, and return everything."""
        for path, song in self.links:
            self._take(path, os.path.realpath(path), song)
        return Found(list(self.songs.values()), list(self.unreadable.values()), self.ignored)

    def _search(self, folder: str, base: str) -> None:
        # A stack instead of recursion: folders may be nested deeper than Python's calls.
        stack = [folder]
        while stack:
            folder = stack.pop()
            real = os.path.realpath(folder)
            if real in self.folders:
                continue
            self.folders.add(real)
            below = []
            for entry in self._entries(folder, _shown(folder, base)):
                if entry.name.startswith("."):
                    continue
                if _is_folder(entry):
                    below.append(entry.path)
                elif not entry.name.lower().endswith(SUFFIXES):
                    self.ignored += 1
                elif entry.is_symlink():
                    self.links.append((entry.path, _shown(entry.path, base)))
                else:
                    real_path = os.path.join(real, entry.name)
                    self._take(entry.path, real_path, _shown(entry.path, base))
            stack.extend(reversed(below))

    def _entries(self, folder: str, shown: str) -> Iterator[os.DirEntry[str]]:
        try:
            with os.scandir(folder) as entries:
                yield from sorted(entries, key=lambda entry: entry.name)
        except OSError as error:
            reason = (
                f"The folder cannot be read ({error.strerror or error}). Check its permissions."
            )
            self.unreadable[folder] = (SongFile(folder, shown), reason)

    def _take(self, path: str, real: str, song: str) -> None:
        """Add a file, unless it was found before."""
        if real in self.songs or real in self.unreadable:
            return
        try:
            status = os.stat(path)
        except (OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            self.unreadable[real] = (
                SongFile(path, song),
                f"The file cannot be opened ({reason}). Check its name and folder.",
            )
            return
        file = SongFile(path, song, status.st_size, status.st_mtime_ns)
        if stat.S_ISREG(status.st_mode):
            self.songs[real] = file
        else:  # opening a named pipe would wait for ever
            self.unreadable[real] = (file, "This is not a regular file. Choose an audio file.")


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link to itself is neither."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _shown(path: str, base: str) -> str:
    """Spell a path below a folder for display."""
    relative = os.path.relpath(path, base) if path != base else os.path.basename(base) or base
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in relative.replace(os.sep, "/")
    )
