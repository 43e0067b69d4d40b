"""The shelf keeps few results, computes each once, and lets waiting people give up."""

from __future__ import annotations

import threading
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.cache import ResultCache


@given(st.lists(st.integers(0, 6), max_size=60), st.integers(1, 4))
def test_the_most_recently_used_entries_stay_and_no_others(keys: list[int], capacity: int) -> None:
    shelf: ResultCache[int] = ResultCache(capacity)
    for key in keys:
        assert shelf.get(key, partial(abs, -10 * key)) == 10 * key
    recent = list(dict.fromkeys(reversed(keys)))[:capacity]
    assert len(shelf) == len(recent)
    assert all(key in shelf for key in recent)


def test_looking_without_computing_finds_only_what_is_there() -> None:
    shelf: ResultCache[str] = ResultCache(2)
    assert shelf.peek("a") is None
    shelf.get("a", lambda: "A")
    assert shelf.peek("a") == "A"


def test_what_fails_is_not_kept_and_can_be_tried_again() -> None:
    shelf: ResultCache[int] = ResultCache(2)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        shelf.get("a", fail)
    assert "a" not in shelf
    assert shelf.get("a", lambda: 1) == 1


def test_two_sessions_compute_one_entry_once() -> None:
    shelf: ResultCache[int] = ResultCache(2)
    begun, finish = threading.Event(), threading.Event()
    calls = []

    def slow() -> int:
        calls.append(1)
        begun.set()
        finish.wait(10)
        return 7

    results: list[int] = []
    threads = [threading.Thread(target=lambda: results.append(shelf.get("a", slow)))]
    threads[0].start()
    assert begun.wait(10)
    threads.append(
        threading.Thread(target=lambda: results.append(shelf.get("a", slow, waiting=finish.set)))
    )
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert results == [7, 7]
    assert len(calls) == 1


def test_one_who_waits_can_give_up_without_disturbing_the_work() -> None:
    shelf: ResultCache[int] = ResultCache(2)
    begun, finish = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        finish.wait(10)
        return 7

    worker = threading.Thread(target=shelf.get, args=("a", slow))
    worker.start()
    assert begun.wait(10)

    def give_up() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        shelf.get("a", slow, waiting=give_up)
    finish.set()
    worker.join(10)
    assert shelf.peek("a") == 7
