"""The queue is fair: who has used less time comes first, and keeps its worker."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.engine.queue import HALF_LIFE_S, PATIENCE_S, FairQueue, Turn


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        """Read the clock."""
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> FairQueue:
    """One worker."""
    queue = FairQueue(clock)
    queue.add("one")
    return queue


def test_an_idle_worker_is_granted_at_once(queue: FairQueue) -> None:
    turn = queue.join("a")
    assert turn.wait(0)
    assert turn.worker == "one"
    assert queue.position(turn) == 0
    assert not queue.is_idle
    queue.release(turn)
    assert queue.is_idle


def test_a_session_with_many_tasks_does_not_keep_others_waiting(
    queue: FairQueue, clock: Clock
) -> None:
    first = queue.join("busy")
    more = [queue.join("busy") for _ in range(5)]
    late = queue.join("late")
    clock.now = 10.0
    queue.release(first)
    assert late.wait(0)
    assert [queue.position(turn) for turn in more] == [1, 2, 3, 4, 5]


def test_turns_of_one_session_keep_their_order(queue: FairQueue) -> None:
    turns = [queue.join("a") for _ in range(4)]
    for turn in turns:
        assert turn.wait(0)
        queue.release(turn)


def test_used_time_is_forgotten(queue: FairQueue, clock: Clock) -> None:
    early = queue.join("early")
    clock.now = 8.0
    queue.release(early)
    clock.now = 8.0 + 10 * HALF_LIFE_S
    recent = queue.join("recent")
    clock.now += 1.0
    first, second = queue.join("recent"), queue.join("early")
    queue.release(recent)
    assert second.wait(0)
    assert not first.wait(0)


def test_a_turn_can_be_left_while_it_waits(queue: FairQueue) -> None:
    running, leaving, staying = (queue.join(name) for name in "abc")
    assert [queue.position(turn) for turn in (leaving, staying)] == [1, 2]
    queue.release(leaving)
    assert queue.position(staying) == 1
    queue.release(running)
    assert staying.wait(0)
    assert not leaving.wait(0)


def test_sessions_are_spread_over_the_workers_and_stay_there(queue: FairQueue) -> None:
    queue.add("two")
    homes = {}
    for name in ("a", "b"):
        turn = queue.join(name)
        homes[name] = turn.worker
        queue.release(turn)
    assert set(homes.values()) == {"one", "two"}
    for _ in range(3):
        for name, home in homes.items():
            turn = queue.join(name)
            assert turn.worker == home
            queue.release(turn)


def test_a_session_moves_only_after_waiting_for_its_busy_worker(
    queue: FairQueue, clock: Clock
) -> None:
    at_home = queue.join("a")
    queue.add("two")
    again = queue.join("a")
    assert not again.wait(0)
    clock.now += PATIENCE_S
    queue.refresh()
    assert again.worker == "two"
    queue.release(at_home)
    queue.release(again)
    assert queue.join("a").worker == "two"


def test_the_turns_of_a_lost_worker_go_elsewhere(queue: FairQueue) -> None:
    lost = queue.join("a")
    waiting = queue.join("a")
    queue.discard("one")
    assert not waiting.wait(0)
    queue.add("two")
    assert waiting.worker == "two"
    queue.release(lost)  # its worker is gone: nothing to give back
    assert queue.workers == ["two"]
    assert not queue.join("b").wait(0)


@given(st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 3)), max_size=40))
def test_every_turn_is_granted_once_and_no_worker_twice(events: list[tuple[str, int]]) -> None:
    clock = Clock()
    queue = FairQueue(clock)
    queue.add("one")
    queue.add("two")
    waiting: list[Turn] = []
    for session, seconds in events:
        waiting.append(queue.join(session))
        clock.now += seconds
        queue.refresh()
        running = [turn for turn in waiting if turn.worker]
        assert len({turn.worker for turn in running}) == len(running) <= 2
        if seconds > 1 and running:
            queue.release(running[0])
            waiting.remove(running[0])
    while waiting:
        granted = next(turn for turn in waiting if turn.worker)
        queue.release(granted)
        waiting.remove(granted)
        clock.now += PATIENCE_S
        queue.refresh()
    assert queue.is_idle
