"""Phases in which the parts of a song become playable on the page *Listen*.

The whole song is explained first, then divided into its important parts and everything else.
Streamlit runs the page again at every click, so a run derives the phase from what is cached and
from two facts that only the session has: which explanation the user has stopped, and which division
has failed. This module is pure; the page draws the phase and reports the events.

    EXPLAINING -- stop --> STOPPED -- resume --> EXPLAINING
    EXPLAINING -- explained --> PASSAGE (long song) or COMPLETE
    PASSAGE -- divided --> COMPLETE
    PASSAGE -- division_failed --> FAILED

Another song, model or selection is an observation: it may lead to any phase.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, replace
from enum import Enum


class Phase(Enum):
    """Playable parts of a song, and the computation that is left."""

    EXPLAINING = "explaining"  # only the original; this run explains the rest of the song
    STOPPED = "stopped"  # only the original; the user has stopped the explanation
    PASSAGE = "passage"  # parts of a passage; the whole song is divided in the background
    FAILED = "failed"  # parts of a passage; dividing the whole song has failed
    COMPLETE = "complete"  # parts of the whole song

    @property
    def plays_parts(self) -> bool:
        """Whether the important parts can be played."""
        return self not in (Phase.EXPLAINING, Phase.STOPPED)


class InvalidTransition(Exception):
    """Raised for an event that cannot happen in the current phase."""


@dataclass(frozen=True)
class Preparation:
    """Everything that determines the phase.

    Parameters
    ----------
    explanation : Hashable
        Identity of the explanation of the whole song.
    division : Hashable
        Identity of the division into parts.
    is_long : bool
        Whether the song is divided in the background, after a passage of it.
    is_explained, is_divided : bool
        Whether these results are cached.
    stopped : Hashable or None
        The explanation that the user has stopped.
    failed : Hashable or None
        The division that has failed.
    """

    explanation: Hashable
    division: Hashable
    is_long: bool
    is_explained: bool
    is_divided: bool
    stopped: Hashable | None = None
    failed: Hashable | None = None

    @property
    def phase(self) -> Phase:
        """The current phase."""
        if not self.is_explained:
            return Phase.STOPPED if self.stopped == self.explanation else Phase.EXPLAINING
        if self.is_divided or not self.is_long:
            return Phase.COMPLETE
        return Phase.FAILED if self.failed == self.division else Phase.PASSAGE

    def observed(self, previous: Preparation | None) -> Preparation:
        """Take over the session's own facts from the observation of an earlier run."""
        if previous is None:
            return self
        return replace(self, stopped=previous.stopped, failed=previous.failed)

    def stop(self) -> Preparation:
        """Stop explaining; finished batches stay cached."""
        self._require(Phase.EXPLAINING)
        return replace(self, stopped=self.explanation)

    def resume(self) -> Preparation:
        """Continue a stopped explanation."""
        self._require(Phase.STOPPED)
        return replace(self, stopped=None)

    def explained(self) -> Preparation:
        """Note that the whole song has been explained."""
        self._require(Phase.EXPLAINING)
        return replace(self, is_explained=True)

    def divided(self) -> Preparation:
        """Note that the whole song has been divided."""
        self._require(Phase.PASSAGE)
        return replace(self, is_divided=True)

    def division_failed(self) -> Preparation:
        """Note that the whole song cannot be divided this way."""
        self._require(Phase.PASSAGE)
        return replace(self, failed=self.division)

    def _require(self, phase: Phase) -> None:
        if self.phase is not phase:
            raise InvalidTransition(f"{self.phase.value}, not {phase.value}")


def needs_page_run(phase: Phase, *, in_fragment: bool) -> bool:
    """Whether a run must be repeated for the whole page.

    Only a run of the whole page draws the button that stops the explanation, and only such a run
    can be interrupted by a click. A run of the player's fragment alone therefore hands over.
    """
    return in_fragment and not phase.plays_parts
