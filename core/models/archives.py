"""Files beside a model card, opened with care: they may come from a stranger.

The digest on a card proves that a file belongs to the card, not that it is harmless. So the size of
what an archive unpacks to is bounded before anything is unpacked, nothing is unpickled, and
whatever goes wrong ends in a `ModelError`.
"""

from __future__ import annotations

import zipfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from core.errors import ModelError
from core.models.card_schema import shortened

MAX_UNPACKED_BYTES = 500_000_000  # of all members; the largest bundled file unpacks to 15 MB
MAX_MEMBERS = 10_000


@contextmanager
def explained(path: Path, kind: str) -> Iterator[None]:
    """Turn whatever a damaged or hostile file makes a library raise into a sentence.

    Parameters
    ----------
    path : Path
        The file that the block reads.
    kind : str
        What it should be, for example ``"a background"``.

    Raises
    ------
    ModelError
        With the name of the file and the reason.
    """
    try:
        yield
    except ModelError:
        raise
    # Libraries raise whatever their parsers meet: KeyError, RuntimeError, BadZipFile, SystemError …
    except Exception as error:
        reason = shortened(error.args[0] if isinstance(error, KeyError) else error)
        if not reason or (isinstance(error, KeyError) and " " not in reason):
            reason = f"{type(error).__name__} {reason}".strip()
        raise ModelError(f"{path.name} is not {kind} ({reason}). Restore the file.") from error


def check_archive(path: Path) -> None:
    """Check that a file is a zip archive that unpacks to a moderate size.

    Parameters
    ----------
    path : Path
        The file. `zipfile` never unpacks more than the sizes declared in it, which are added up.

    Raises
    ------
    ValueError, zipfile.BadZipFile, OSError
        If it is not, or has too many members.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
    if len(members) > MAX_MEMBERS:
        raise ValueError(f"it has {len(members)} members")
    unpacked = sum(member.file_size for member in members)
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(f"it would unpack to {unpacked / 1e6:.0f} MB")


def load_arrays(path: Path, names: Collection[str], kind: str) -> dict[str, np.ndarray]:
    """Read finite numeric arrays from a file in NumPy's format.

    Parameters
    ----------
    path : Path
        File with the suffix ``.npz``.
    names : collection of str
        Arrays to read.
    kind : str
        What the file should be, for the message.

    Returns
    -------
    dict of np.ndarray
        By name, as they are stored.

    Raises
    ------
    ModelError
        If the file is damaged, contains pickled objects, or lacks an array.
    """
    with explained(path, kind):
        check_archive(path)
        with np.load(path, allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in names}
        for name, array in arrays.items():
            if array.dtype.kind not in "fiu" or not np.isfinite(array).all():
                raise ValueError(f"{name!r} does not consist of finite numbers")
    return arrays
