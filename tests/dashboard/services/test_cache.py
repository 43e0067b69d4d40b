"""The cache stays within its bytes, computes each result once, and lets waiting threads stop."""

from __future__ import annotations

import sys
import threading
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.services.cache import MAX_BYTES, ResultCache, memory_blocks, results

KIB = 1024


@dataclass(frozen=True, eq=False)
class Record:
    """A result with an array, a file, and another result inside."""

    values: np.ndarray
    file: bytes
    inner: object = None


def size(value: object) -> int:
    """Bytes that a value holds."""
    return sum(memory_blocks(value).values())


def array(n_bytes: int) -> np.ndarray:
    return np.zeros(n_bytes, dtype=np.uint8)


def test_arrays_and_files_are_measured_through_dataclasses_and_containers() -> None:
    record = Record(array(3 * KIB), bytes(5 * KIB), {"inner": [Record(array(7 * KIB), b"")]})
    assert 15 * KIB <= size(record) < 17 * KIB
    assert size("a" * KIB) == sys.getsizeof("a" * KIB)


def test_an_array_counts_once_however_often_it_occurs() -> None:
    shared = array(64 * KIB)
    assert size([shared, shared, {"again": shared}]) < 66 * KIB
    assert size(Record(shared, b"", Record(shared, b""))) < 66 * KIB


def test_a_view_counts_as_the_array_that_it_keeps_alive() -> None:
    whole = array(64 * KIB)
    assert size(whole[:8]) == size(whole[:8].reshape(2, 4)) == 64 * KIB
    assert size([whole[:8], whole[8:]]) < 66 * KIB


def test_a_container_that_contains_itself_is_measured() -> None:
    loop: list[object] = [array(KIB)]
    loop.append(loop)
    assert KIB <= size(loop) < 2 * KIB


@given(st.lists(st.tuples(st.integers(0, 6), st.integers(0, 5)), max_size=60), st.integers(1, 12))
def test_the_most_recently_used_results_that_fit_are_kept(
    requests: list[tuple[int, int]], capacity: int
) -> None:
    """Compare with a plain model: a list of keys, the most recently used last."""
    bound = capacity * KIB
    cache = ResultCache(bound)
    sizes: dict[int, int] = {}
    kept: list[int] = []
    for key, kibibytes in requests:
        if key not in kept:
            sizes[key] = kibibytes * KIB
        found = cache.get(key, partial(array, kibibytes * KIB))
        assert found.nbytes == sizes[key], "a cached result is not computed again"
        if key in kept:
            kept.remove(key)
            kept.append(key)
        elif sizes[key] <= bound:
            kept.append(key)
        while sum(sizes[each] for each in kept) > bound:
            kept.pop(0)
        assert cache.n_bytes == sum(sizes[each] for each in kept) <= bound
        assert [each for each in range(7) if each in cache] == sorted(kept)
        assert len(cache) == len(kept)


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 2)), max_size=40))
def test_an_array_of_several_results_counts_once_until_the_last_of_them_is_dropped(
    requests: list[tuple[int, int]],
) -> None:
    songs = [array(10 * KIB) for _ in range(3)]
    cache = ResultCache(24 * KIB)
    for key, song in requests:
        cache.get((key, song), lambda song=song: (songs[song], array(KIB)))  # type: ignore[misc]
        alive = [each for key in range(5) for each in range(3) if (key, each) in cache]
        expected = 10 * KIB * len(set(alive)) + KIB * len(alive)
        overhead = cache.n_bytes - expected
        assert 0 <= overhead < 100 * len(alive) + 1
        assert cache.n_bytes <= 24 * KIB


def test_a_result_larger_than_the_bound_is_returned_but_not_kept() -> None:
    cache = ResultCache(4 * KIB)
    cache.get("small", lambda: array(KIB))
    assert cache.get("large", lambda: array(5 * KIB)).nbytes == 5 * KIB
    assert "large" not in cache
    assert "small" in cache, "it does not push out results that fit"


def test_all_services_share_one_bound() -> None:
    assert MAX_BYTES == 384 << 20
    assert results._max_bytes == MAX_BYTES


def test_clearing_drops_all_results() -> None:
    cache = ResultCache(4 * KIB)
    cache.get("a", lambda: array(KIB))
    cache.clear()
    assert (len(cache), cache.n_bytes) == (0, 0)


def test_peeking_finds_only_cached_results() -> None:
    cache = ResultCache(KIB)
    assert cache.peek("a") is None
    cache.get("a", lambda: "A")
    assert cache.peek("a") == "A"


def test_a_failed_computation_is_not_cached_and_can_be_tried_again() -> None:
    cache = ResultCache(KIB)

    def fail() -> int:
        raise ValueError("no")

    with pytest.raises(ValueError, match="no"):
        cache.get("a", fail)
    assert "a" not in cache
    assert cache.get("a", lambda: 1) == 1


def test_two_sessions_compute_a_result_once() -> None:
    cache = ResultCache(KIB)
    begun, finish = threading.Event(), threading.Event()
    calls = []

    def slow() -> int:
        calls.append(1)
        begun.set()
        finish.wait(10)
        return 7

    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(cache.get("a", slow)))]
    threads[0].start()
    assert begun.wait(10)
    threads.append(
        threading.Thread(target=lambda: found.append(cache.get("a", slow, waiting=finish.set)))
    )
    threads[1].start()
    for thread in threads:
        thread.join(10)
    assert found == [7, 7]
    assert len(calls) == 1


def test_a_waiting_session_can_stop_without_disturbing_the_computation() -> None:
    cache = ResultCache(KIB)
    begun, finish = threading.Event(), threading.Event()

    def slow() -> int:
        begun.set()
        finish.wait(10)
        return 7

    worker = threading.Thread(target=cache.get, args=("a", slow))
    worker.start()
    assert begun.wait(10)

    def stop() -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        cache.get("a", slow, waiting=stop)
    finish.set()
    worker.join(10)
    assert cache.peek("a") == 7
