"""The latency benchmark times real results of every engine."""

from __future__ import annotations

from benchmarks.engine_latency import ENGINES, SIZES, measure


def test_all_engines_are_timed_and_another_process_costs_time() -> None:
    found = measure(rounds=3)
    assert found.keys() == ENGINES.keys()
    for sizes in found.values():
        assert {size: len(times) for size, times in sizes.items()} == dict.fromkeys(SIZES, 3)
        assert all((times > 0).all() for times in sizes.values())
    for size in SIZES:
        assert min(found["Dask"][size]) > min(found["direct call"][size])
