"""What a person reads in a terminal: harmless names, times, and a line that says what is done."""

from __future__ import annotations

import shutil
import sys


def printable(text: object) -> str:
    """Return text that a terminal shows as it is: names may hold control sequences."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in str(text)
    )


def clock(seconds: float) -> str:
    """Return a time in minutes and seconds, like ``1:05.3``."""
    tenths = round(10 * seconds)
    return f"{tenths // 600}:{tenths // 10 % 60:02d}.{tenths % 10}"


class Status:
    """A line on standard error that says what is being done, if a person is watching."""

    def __init__(self) -> None:
        self.watched = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line.

        Parameters
        ----------
        text : str
            What is being done; cut off where the terminal ends.
        """
        if self.watched:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Take the line away."""
        self.show("")
