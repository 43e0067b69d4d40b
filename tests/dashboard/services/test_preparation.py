"""The phases of preparing a song follow each other as named, whatever the cache drops meanwhile."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.preparation import InvalidTransition, Phase, Preparation, needs_page_run

EVENTS = ("stop", "resume", "explained", "divided", "division_failed")
FRESH = Preparation("explanation", "division", is_long=True, is_explained=False, is_divided=False)
SHORT = replace(FRESH, is_long=False)

preparations = st.builds(
    Preparation,
    explanation=st.sampled_from("ab"),
    division=st.sampled_from("cd"),
    is_long=st.booleans(),
    is_explained=st.booleans(),
    is_divided=st.booleans(),
    stopped=st.sampled_from(["a", "b", None]),
    failed=st.sampled_from(["c", "d", None]),
)


def after(preparation: Preparation, *events: str) -> Preparation:
    """State after some events."""
    for event in events:
        preparation = getattr(preparation, event)()
    return preparation


@pytest.mark.parametrize(
    ("events", "phase"),
    [
        ((), Phase.EXPLAINING),
        (("stop",), Phase.STOPPED),
        (("stop", "resume"), Phase.EXPLAINING),
        (("explained",), Phase.PASSAGE),
        (("stop", "resume", "explained"), Phase.PASSAGE),
        (("explained", "divided"), Phase.COMPLETE),
        (("explained", "division_failed"), Phase.FAILED),
    ],
)
def test_events_lead_to_their_phases(events: tuple[str, ...], phase: Phase) -> None:
    assert after(FRESH, *events).phase is phase


def test_a_short_song_has_no_passage() -> None:
    assert after(SHORT, "explained").phase is Phase.COMPLETE


ALLOWED: dict[Phase, set[str]] = {
    Phase.EXPLAINING: {"stop", "explained"},
    Phase.STOPPED: {"resume"},
    Phase.PASSAGE: {"divided", "division_failed"},
    Phase.FAILED: set(),
    Phase.COMPLETE: set(),
}


@given(preparations, st.sampled_from(EVENTS))
def test_only_named_events_are_allowed_and_each_changes_the_phase(
    preparation: Preparation, event: str
) -> None:
    phase = preparation.phase
    if event in ALLOWED[phase]:
        assert after(preparation, event).phase is not phase
    else:
        with pytest.raises(InvalidTransition, match=phase.value):
            after(preparation, event)


def test_every_phase_is_reached_from_a_fresh_song() -> None:
    seen: set[Preparation] = set()
    pending = [FRESH, SHORT]
    while pending:
        preparation = pending.pop()
        if preparation not in seen:
            seen.add(preparation)
            pending.extend(after(preparation, event) for event in ALLOWED[preparation.phase])
    assert {preparation.phase for preparation in seen} == set(Phase)


def test_a_stop_concerns_one_explanation_and_is_remembered() -> None:
    stopped = after(FRESH, "stop")
    other = replace(FRESH, explanation="another genre").observed(stopped)
    assert other.phase is Phase.EXPLAINING
    assert FRESH.observed(other).phase is Phase.STOPPED, "the user returns to the stopped genre"
    assert FRESH.observed(after(FRESH, "stop", "resume")).phase is Phase.EXPLAINING
    assert FRESH.observed(None).phase is Phase.EXPLAINING


def test_a_stopped_song_that_another_session_has_explained_is_playable() -> None:
    observed = replace(FRESH, is_explained=True).observed(after(FRESH, "stop"))
    assert observed.phase is Phase.PASSAGE


def test_a_failure_concerns_one_division() -> None:
    failed = after(FRESH, "explained", "division_failed")
    other = replace(FRESH, division="another share", is_explained=True).observed(failed)
    assert other.phase is Phase.PASSAGE


def test_results_that_the_cache_drops_are_computed_again() -> None:
    complete = after(FRESH, "explained", "divided")
    assert replace(complete, is_divided=False).phase is Phase.PASSAGE
    assert replace(complete, is_explained=False).phase is Phase.EXPLAINING


@pytest.mark.parametrize("phase", Phase)
def test_only_a_run_of_the_whole_page_explains_or_offers_to_continue(phase: Phase) -> None:
    assert not needs_page_run(phase, in_fragment=False)
    assert needs_page_run(phase, in_fragment=True) == (phase in (Phase.EXPLAINING, Phase.STOPPED))
