"""Expected gradients by adaptive quadrature: mean gradients on the ways from background to input.

Expected gradients (Erion, Janizek, Sturmfels, Lundberg & Lee 2021, "Improving performance of deep
learning models with axiomatic attribution priors and expected gradients") attribute to each feature
``E[(x - x') * gradient]``, the mean over background inputs ``x'`` and over the straight way from
each to ``x``. The usual estimator draws both at random. Here the background is a small weighted set
and the way is integrated by the trapezoidal rule on a grid that is refined where it must be: the
output is known wherever its gradient is, so every interval of the grid tells its own error, and
halving an interval reuses what is known at its ends. Rectifiers have kinks wherever one looks, so
for networks of them a rule of higher order (Gauss-Legendre) is no more exact at the same cost.

Conventions
-----------
Inputs are arrays of any shape; the explained output is one number for each. A *way* leads from a
background input (position 0) to an explained one (position `GRID`). A *gap* is what the output
gains, on an interval or in all, beyond what the gradients explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

GRID = 64  # intervals of the finest grid on a way
FIRST_INTERVALS = 8
INTERVAL_TOLERANCES = (0.01, 0.005, 0.0025)  # gap of an interval
GAP_TOLERANCE = 0.01  # gap of an input; beyond it the next smaller tolerance applies

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def mean_gradients(
    evaluate: Evaluate,
    inputs: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray,
    unit: float = 1.0,
) -> Iterator[np.ndarray]:
    """Yield, for one input after the other, the mean gradients on the ways to it.

    Parameters
    ----------
    evaluate : callable
        Takes points ``(m, ...)``, returns the gradients there ``(m, ...)`` and the outputs
        ``(m,)``. It is given as many points at once as there are.
    inputs : np.ndarray [shape=(n, ...)]
        Inputs to explain.
    background : np.ndarray [shape=(k, ...)]
        Inputs to compare with.
    weights : np.ndarray [shape=(k,), non-negative]
        Weights of the background inputs; sum to one.
    unit : float
        What the tolerances are multiples of, in units of the output.

    Yields
    ------
    np.ndarray [shape=(k, ...), dtype=float64]
        The mean gradient on the way from each background input. The sum over the background of
        ``weights * (input - background) * means`` are the input's expected gradients.
    """
    beginnings = evaluate(background)
    for wanted in inputs:
        yield _integrate(evaluate, wanted, background, weights, beginnings, unit)


def _integrate(
    evaluate: Evaluate,
    wanted: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray,
    beginnings: tuple[np.ndarray, np.ndarray],
    unit: float,
) -> np.ndarray:
    """Return the mean gradients of one input, ``(k, ...)``."""
    k = len(background)
    origins = background.reshape(k, -1)  # way j: from there to the input
    differences = wanted.reshape(1, -1) - origins
    gradients = np.zeros((k, GRID + 1, differences.shape[1]), dtype=np.float32)
    slopes = np.zeros((k, GRID + 1))  # of the output along the way
    outputs = np.zeros((k, GRID + 1))

    def store(
        ways: np.ndarray, positions: np.ndarray, found: np.ndarray, values: np.ndarray
    ) -> None:
        rows = found.reshape(len(ways), -1)
        gradients[ways, positions] = rows
        slopes[ways, positions] = np.einsum("wf,wf->w", rows, differences[ways])
        outputs[ways, positions] = values

    def look(ways: np.ndarray, positions: np.ndarray) -> None:
        points = origins[ways] + (positions / GRID)[:, np.newaxis] * differences[ways]
        store(ways, positions, *evaluate(points.reshape(-1, *wanted.shape)))

    every = np.arange(k)
    store(every, np.zeros_like(every), *beginnings)
    end = evaluate(wanted[np.newaxis])
    store(every, np.full_like(every, GRID), *(np.repeat(part, k, axis=0) for part in end))
    ways, lefts = (
        grid.ravel() for grid in np.meshgrid(every, np.arange(0, GRID, GRID // FIRST_INTERVALS))
    )
    steps = np.full_like(ways, GRID // FIRST_INTERVALS)
    look(ways[lefts > 0], lefts[lefts > 0])

    for tolerance in INTERVAL_TOLERANCES:
        while True:
            rises = outputs[ways, lefts + steps] - outputs[ways, lefts]
            mean_slopes = (slopes[ways, lefts] + slopes[ways, lefts + steps]) / 2
            gaps = rises - mean_slopes * steps / GRID
            split = (np.abs(gaps) > tolerance * unit) & (steps > 1)
            if not split.any():
                break
            steps[split] //= 2
            middles = lefts[split] + steps[split]
            look(ways[split], middles)
            lefts = np.concatenate([lefts, middles])
            ways = np.concatenate([ways, ways[split]])
            steps = np.concatenate([steps, steps[split]])
        if abs(gaps @ weights[ways]) <= GAP_TOLERANCE * unit:
            break

    shares = np.zeros((k, 1, GRID + 1), dtype=np.float32)
    for ends in (lefts, lefts + steps):
        np.add.at(shares[:, 0], (ways, ends), steps / (2 * GRID))
    means = shares @ gradients
    return means.astype(np.float64).reshape(k, *wanted.shape)
