"""Data sets that are too small for a fit: a sentence instead of an error of scikit-learn."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from core.errors import DatasetError


@contextmanager
def enough_data(fitted: str) -> Iterator[None]:
    """Explain that a fit of scikit-learn failed because there are too few data.

    Parameters
    ----------
    fitted : str
        What the block fits, at the start of a sentence.

    Raises
    ------
    DatasetError
        If scikit-learn refuses the data.
    """
    try:
        yield
    except ValueError as error:
        reason = str(error).strip().partition("\n")[0].rstrip(".")
        raise DatasetError(
            f"{fitted} cannot be fitted to so few tracks ({reason}). Use training data with more "
            "tracks of each genre, by several artists."
        ) from error
