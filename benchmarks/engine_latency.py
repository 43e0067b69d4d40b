"""Time that a worker process adds to a call: Dask against loky and a direct call, in one run.

``python benchmarks/engine_latency.py`` calls a function that returns an array of 5 MB, about the
explanation of a four-minute song, and one that returns nothing. It prints the median and the 95th
percentile from the call to the result, and the ratio of Dask to loky. All workers are warm.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
from joblib.externals.loky import ProcessPoolExecutor

from core.engine.cluster import connect

ROUNDS = 200
WARM_UP = 10  # calls that are not timed
SIZES = {"no result": 0, "5 MB": 5 << 20}  # bytes

Call = Callable[[int], np.ndarray]
"""A function that returns an array of a number of bytes, wherever it computes it."""


def result_of(n_bytes: int) -> np.ndarray:
    """Make an array; stands for a computation."""
    return np.ones(n_bytes, dtype=np.uint8)


@contextmanager
def with_dask() -> Iterator[Call]:
    """Call a function in one Dask worker."""
    with connect(workers=1) as client:
        yield lambda n_bytes: client.submit(result_of, n_bytes, pure=False).result()


@contextmanager
def with_loky() -> Iterator[Call]:
    """Call a function in one process of loky."""
    with ProcessPoolExecutor(max_workers=1) as pool:
        yield lambda n_bytes: pool.submit(result_of, n_bytes).result()


def directly() -> AbstractContextManager[Call]:
    """Call a function in this process."""
    return nullcontext(result_of)


ENGINES = {"direct call": directly, "loky": with_loky, "Dask": with_dask}


def latencies(call: Call, n_bytes: int, rounds: int) -> np.ndarray:
    """Time calls from the call to the result.

    Parameters
    ----------
    call : callable
        The call.
    n_bytes : int
        Size of the result.
    rounds : int
        Number of timed calls.

    Returns
    -------
    np.ndarray [shape=(rounds,)]
        Milliseconds.
    """
    for _ in range(WARM_UP):
        call(n_bytes)
    found = np.empty(rounds)
    for index in range(rounds):
        started = time.perf_counter()
        assert call(n_bytes).nbytes == n_bytes
        found[index] = 1_000 * (time.perf_counter() - started)
    return found


def measure(rounds: int) -> dict[str, dict[str, np.ndarray]]:
    """Time all engines: milliseconds by engine and size."""
    found = {}
    for name, engine in ENGINES.items():
        with engine() as call:
            found[name] = {size: latencies(call, n, rounds) for size, n in SIZES.items()}
    return found


def main() -> None:
    """Measure and print the latencies."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS, help="timed calls (default: 200)")
    found = measure(parser.parse_args().rounds)
    print("| engine | result | median (ms) | 95 % below (ms) |\n|---|---|---:|---:|")
    for name, sizes in found.items():
        for size, times in sizes.items():
            print(f"| {name} | {size} | {np.median(times):.1f} | {np.percentile(times, 95):.1f} |")
    ratio = np.median(found["Dask"]["5 MB"]) / np.median(found["loky"]["5 MB"])
    print(f"\nDask / loky, 5 MB: {ratio:.1f}")


if __name__ == "__main__":
    main()
