"""Folders of fits: what was trained in them, and whether a run may continue there.

Each fit describes itself in ``run.json``: hyperparameters, seed, data and versions of libraries. A
resumed run continues only a fit with the same description, so its result is the one that an
uninterrupted run would have had; anything else is refused. A run that is not resumed removes what
older runs left.
"""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from core.errors import TrainingError
from core.storage import write_json

FILE = "run.json"
HISTORY = "history.json"
LIBRARIES = ("tensorflow", "keras", "numpy")
ANEW = "Repeat that run's command, or omit --resume to start anew."


def array_digest(*arrays: np.ndarray | None) -> str:
    """Digest of arrays.

    Parameters
    ----------
    *arrays : np.ndarray or None
        Arrays; None counts as well.

    Returns
    -------
    str
        16 hexadecimal digits.
    """
    digest = hashlib.sha256()
    for array in arrays:
        if array is None:
            digest.update(b"none")
            continue
        digest.update(f"{array.dtype.str}{array.shape}".encode())
        digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()[:16]


def describe(settings: Mapping[str, Any], **entries: Any) -> dict[str, Any]:
    """Describe a fit.

    Parameters
    ----------
    settings : mapping
        Hyperparameters.
    **entries : Any
        Everything else that the result depends on, ready for JSON.

    Returns
    -------
    dict
        As it is read back from JSON.
    """
    libraries = {name: version(name) for name in LIBRARIES}
    whole = {"settings": dict(settings), "libraries": libraries, **entries}
    described: dict[str, Any] = json.loads(json.dumps(whole))
    return described


def begin(folder: Path, description: Mapping[str, Any]) -> None:
    """Empty the folder of a fit and describe the fit in it.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    description : mapping
        Output of `describe`.
    """
    shutil.rmtree(folder, ignore_errors=True)
    write_json(folder / FILE, description)


def remove_fits(folder: Path, name: str) -> None:
    """Remove what earlier runs left of a model, so that a later resume cannot meet it.

    Parameters
    ----------
    folder : Path
        Folder of the run.
    name : str
        Model.
    """
    for path in folder.glob(f"{name}-*"):
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink(missing_ok=True)


def has_begun(folder: Path) -> bool:
    """Whether a fit has finished an epoch or has at least described itself."""
    return (folder / FILE).is_file() or (folder / HISTORY).is_file()


def check(folder: Path, description: Mapping[str, Any], *, any_epochs: bool = False) -> None:
    """Check that a fit may be continued.

    Parameters
    ----------
    folder : Path
        Folder of a fit that has begun.
    description : mapping
        Output of `describe` for the present run.
    any_epochs : bool
        Whether the number of epochs may differ, because a finished fit is only loaded.

    Raises
    ------
    TrainingError
        If another run left the folder; the message names the first difference.
    """
    try:
        stored = json.loads((folder / FILE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        stored = None
    if not isinstance(stored, dict):
        raise TrainingError(
            f"{folder} belongs to a run that cannot be resumed: it does not say how it was "
            "started. Omit --resume to start anew."
        )
    for name, now, then in differences(description, stored):
        if any_epochs and name == "epochs":
            continue
        if isinstance(now, str) and isinstance(then, str) and len(now) == len(then) == 16:
            raise TrainingError(f"{folder} belongs to a run with other {name}. {ANEW}")
        raise TrainingError(f"{folder} belongs to a run with {name} {then}, not {now}. {ANEW}")


def differences(
    one: Mapping[str, Any], other: Mapping[str, Any]
) -> list[tuple[str, object, object]]:
    """List the entries in which two descriptions differ.

    Parameters
    ----------
    one, other : mapping
        Descriptions, with further mappings in them.

    Returns
    -------
    list of tuple
        Name and both values of each innermost entry that differs; None where there is none.
    """
    found: list[tuple[str, object, object]] = []
    for name in [*one, *(each for each in other if each not in one)]:
        now, then = one.get(name), other.get(name)
        if isinstance(now, Mapping) and isinstance(then, Mapping):
            found.extend(differences(now, then))
        elif now != then:
            found.append((name, now, then))
    return found


def read_history(folder: Path, epochs: int, loss: float) -> list[dict[str, Any]]:
    """Read the finished epochs of a fit, and check that they belong to its checkpoint.

    Parameters
    ----------
    folder : Path
        Folder of the fit.
    epochs : int
        Number of epochs of the checkpoint. The history has one more row if the run was killed
        between the two.
    loss : float
        Training loss of the checkpoint's last epoch.

    Returns
    -------
    list of dict
        One row for each epoch of the checkpoint.

    Raises
    ------
    TrainingError
        If they do not belong together.
    """
    try:
        rows = json.loads((folder / HISTORY).read_text(encoding="utf-8"))[:epochs]
        belongs = [row["epoch"] for row in rows] == list(range(1, epochs + 1))
        belongs = belongs and (not epochs or abs(rows[-1]["loss"] - loss) <= 1e-9 * abs(loss))
    except (OSError, ValueError, TypeError, LookupError):
        belongs = False
    if not belongs:
        raise TrainingError(
            f"{folder / HISTORY} does not belong to the checkpoint beside it. Omit --resume to "
            "start anew."
        )
    return list(rows)
