"""Progress bars of the training command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def reporter(bar: Any) -> Callable[[int, int], None]:
    """Make a function that moves a progress bar.

    Parameters
    ----------
    bar : tqdm
        Progress bar.

    Returns
    -------
    callable
        ``report(done, total)``; both numbers are absolute.
    """

    def report(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return report


class EpochBars:
    """Progress bars of fits, one after the other: epochs, time left and the latest metrics."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._name = ""

    def __call__(self, name: str, done: int, total: int, row: dict[str, Any]) -> None:
        """Show that an epoch is finished.

        Parameters
        ----------
        name : str
            Label of the fit; a new label starts a new bar.
        done, total : int
            Number of finished epochs, and of all epochs.
        row : dict
            Metrics of the epoch.
        """
        from tqdm import tqdm

        if name != self._name:
            self.close()
            self._bar = tqdm(total=total, initial=done - 1, desc=name, unit="epoch")
            self._name = name
        metrics = {key: f"{value:.3f}" for key, value in row.items() if key != "epoch"}
        self._bar.set_postfix(metrics)
        self._bar.update(1)

    def close(self) -> None:
        """Finish the current bar, so that text can be printed below it."""
        if self._bar is not None:
            self._bar.close()
            self._bar = None
            self._name = ""
