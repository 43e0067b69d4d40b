"""After the last session, caches are empty, and only workers that have grown are replaced."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.services import housekeeping
from dashboard.services.cache import results


class Workers:
    """Stands for an engine whose workers have a size."""

    def __init__(self, **sizes: float) -> None:
        self.sizes = sizes
        self.replaced: list[str] = []
        self.ready_workers = len(sizes)

    def on_workers(self, function: Any) -> dict[str, float]:
        """Size of each worker."""
        assert function is housekeeping.release
        return self.sizes

    def replace(self, worker: str) -> None:
        """Note a worker that is replaced."""
        self.replaced.append(worker)


def test_caches_are_emptied_and_memory_is_compared_with_that_of_a_new_worker(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("core.engine.worker.trim_memory", lambda: 600)
    housekeeping.note_baseline()
    results.get(("test", "release"), lambda: np.ones(1_000))
    monkeypatch.setattr("core.engine.worker.trim_memory", lambda: 900)
    assert housekeeping.release() == 1.5
    assert not len(results)
    monkeypatch.delitem(housekeeping._baseline, "bytes")
    assert housekeeping.release() == 1.0, "a process without a baseline has not grown"


def test_only_grown_workers_are_replaced() -> None:
    workers = Workers(small=1.1, large=1.4)
    assert housekeeping.release_all(workers) == ["large"]  # type: ignore[arg-type]
    assert workers.replaced == ["large"]
