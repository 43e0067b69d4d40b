"""Progress bars of the training command."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def counted(bar: Any) -> Callable[[int, int], None]:
    """Return a function ``report(done, total)`` that moves a tqdm bar."""

    def report(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)

    return report


class Bars:
    """One progress bar a fit, with the time left."""

    def __init__(self) -> None:
        self._bar: Any = None
        self._name = ""

    def __call__(self, name: str, done: int, total: int, row: dict[str, Any]) -> None:
        """Show that an epoch of the fit `name` is done."""
        from tqdm import tqdm

        if name != self._name:
            self.close()
            self._bar = tqdm(total=total, initial=done - 1, desc=name, unit="epoch")
            self._name = name
        figures = {key: f"{value:.3f}" for key, value in row.items() if key != "epoch"}
        self._bar.set_postfix(figures)
        self._bar.update(1)

    def close(self) -> None:
        """End the bar on screen."""
        if self._bar is not None:
            self._bar.close()
