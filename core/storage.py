"""Atomic writing of files, checks of output folders, and digests that identify content."""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import tempfile
import textwrap
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

LINE_LENGTH = 100  # characters of a line of JSON, not counting the name before a value
DISK_IS_FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))
# Errors that every later file would meet, too, so that going on would be in vain.
LASTING = DISK_IS_FULL | {errno.EROFS, errno.EACCES, errno.EPERM, errno.ENOTDIR, errno.EIO}


class OutputError(OSError):
    """Results cannot be written; the message tells why and what to do."""


@contextmanager
def replacing(path: Path | str) -> Iterator[Path]:
    """Write to a temporary file that replaces `path` once the block succeeds.

    Parameters
    ----------
    path : Path or str
        Destination. Missing folders are created.

    Yields
    ------
    Path
        Temporary file in the same folder, with the same suffix. It is removed if the block raises,
        and `path` then stays as it was.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(
        prefix=f".{target.stem}-", suffix=target.suffix, dir=target.parent
    )
    os.close(handle)
    temporary = Path(name)
    try:
        yield temporary
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)  # mkstemp creates files that only their owner can read
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def write_json(path: Path | str, content: Any) -> None:
    """Write `content` as indented JSON, atomically.

    Lists and dictionaries that fit in a line of 100 characters are written on one line, and longer
    lists of numbers fill such lines. This halves the size and shows matrices as such.

    Parameters
    ----------
    path : Path or str
        Destination. Missing folders are created.
    content : Any
        Object of dictionaries, lists, strings, finite numbers, booleans and None.

    Raises
    ------
    ValueError
        If a number is NaN or infinite. The old file then stays as it was.
    """
    text = _indented(content, "") + "\n"
    with replacing(path) as temporary:
        temporary.write_text(text, encoding="utf-8")


def _indented(content: Any, indent: str) -> str:
    """Format `content` as JSON that continues a line with the given indentation."""
    line = json.dumps(content, ensure_ascii=False, allow_nan=False)
    if len(indent) + len(line) <= LINE_LENGTH or not isinstance(content, dict | list | tuple):
        return line
    deeper = indent + "  "
    if isinstance(content, dict):
        names = [json.dumps(name, ensure_ascii=False) for name in content]
        values = [_indented(value, deeper) for value in content.values()]
        items = [f"{name}: {value}" for name, value in zip(names, values, strict=True)]
        return "{\n" + ",\n".join(deeper + item for item in items) + f"\n{indent}}}"
    if all(isinstance(value, int | float) for value in content):
        lines = textwrap.wrap(line[1:-1], LINE_LENGTH - len(deeper))
        return "[\n" + "\n".join(deeper + each for each in lines) + f"\n{indent}]"
    items = [deeper + _indented(value, deeper) for value in content]
    return "[\n" + ",\n".join(items) + f"\n{indent}]"


def sha256(path: Path | str) -> str:
    """Compute the SHA-256 digest of a file.

    Parameters
    ----------
    path : Path or str
        File to read, in chunks.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        If the file cannot be read.
    """
    with open(path, "rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def fingerprint(files: Iterable[Path | str] = (), *, version: int, **parameters: Any) -> str:
    """Compute a cache key from the content of files and everything else a result depends on.

    Neither names, folders nor dates of the files count. If a result depends on them, pass them
    among the parameters.

    Parameters
    ----------
    files : iterable of Path or str
        Files that the result is computed from. Their order counts.
    version : int
        Version of the code that computes the result; increase it whenever results change.
    **parameters : Any
        JSON-ready values. Dictionaries with equal items are equal, in whatever order.

    Returns
    -------
    str
        64 hexadecimal digits.

    Raises
    ------
    OSError
        If a file cannot be read.
    TypeError
        If a parameter is not JSON-ready.
    ValueError
        If a number among the parameters is NaN or infinite.

    See Also
    --------
    sha256 : Digest of a single file.

    Examples
    --------
    >>> fingerprint(version=1, hop_length=915)[:16]
    '029903f94776dcff'
    """
    key = {
        "files": [sha256(file) for file in files],
        "version": version,
        "parameters": parameters,
    }
    text = json.dumps(key, sort_keys=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def check_output(
    folder: Path, *, least_bytes: int = 1_000_000, option: str | None = "--out"
) -> None:
    """Check that files can be written to a folder, and create it.

    Parameters
    ----------
    folder : Path
        Folder of the results.
    least_bytes : int
        Free space that the results need at least.
    option : str, optional
        Option of the command line that chooses another folder, for the message, if there is one.

    Raises
    ------
    OutputError
        If it is a file, or cannot be written to, or its disk has too little space.
    """
    if folder.exists() and not folder.is_dir():
        how = f"Choose a folder for the results with {option}" if option else "Move it"
        raise OutputError(f"{folder} is a file. {how}.")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.NamedTemporaryFile(dir=folder) as probe:
            probe.write(b"0" * 4096)
            probe.flush()
        free = shutil.disk_usage(folder).free
    except OSError as error:
        raise OutputError(describe_failure(error, folder, option=option)) from error
    if free < least_bytes:
        other = f" or choose another folder with {option}" if option else ""
        raise OutputError(
            f"The disk of {folder} has only {free / 1e6:.0f} MB left, and {least_bytes / 1e6:.0f} "
            f"MB are needed. Free some space{other}."
        )


def describe_failure(error: OSError, folder: Path, *, option: str | None = "--out") -> str:
    """Describe why a folder cannot be written to.

    Parameters
    ----------
    error : OSError
        The failure.
    folder : Path
        Folder of the results.
    option : str, optional
        Option of the command line that chooses another folder, if there is one.

    Returns
    -------
    str
        Sentences: the reason, and what to do.
    """
    other = f" or choose another folder with {option}" if option else ""
    if error.errno in DISK_IS_FULL:
        return f"The disk of {folder} is full. Free some space{other}."
    if error.errno == errno.EROFS:
        return f"{folder} is on a read-only file system. Make it writable{other}."
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{folder} cannot be written to. Check its permissions{other}."
    reason = error.strerror or type(error).__name__
    return f"{folder} cannot be written to ({reason}). Check its path{other}."


def is_lasting(error: BaseException) -> bool:
    """Whether an error is that of a disk or folder, so that later files would fail as well.

    Parameters
    ----------
    error : BaseException
        The failure.

    Returns
    -------
    bool
        True if the disk is full, read-only or broken, or the folder must not be written to.
    """
    return isinstance(error, OSError) and error.errno in LASTING
