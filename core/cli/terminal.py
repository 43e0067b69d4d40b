"""Output to a terminal: harmless text, times and a status line."""

from __future__ import annotations

import shutil
import sys
import time


def printable(text: object) -> str:
    """Replace characters that a terminal could interpret, such as control sequences in names."""
    return "".join(
        character if character.isprintable() else "\N{REPLACEMENT CHARACTER}"
        for character in str(text)
    )


def minutes(seconds: float) -> str:
    """Format a time below one hour as minutes and seconds, like ``01:05``."""
    return time.strftime("%M:%S", time.gmtime(round(seconds)))


class Status:
    """A line on standard error with the current activity, shown only on a terminal."""

    def __init__(self) -> None:
        self.interactive = sys.stderr.isatty()

    def show(self, text: str) -> None:
        """Replace the line.

        Parameters
        ----------
        text : str
            The current activity; truncated to the width of the terminal.
        """
        if self.interactive:
            width = shutil.get_terminal_size().columns - 1
            print(f"\r\x1b[K{text[:width]}", end="", file=sys.stderr, flush=True)

    def clear(self) -> None:
        """Remove the line."""
        self.show("")
