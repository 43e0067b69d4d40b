"""Expected gradients by adaptive quadrature: mean gradients on paths from background to input.

Expected gradients (Erion, Janizek, Sturmfels, Lundberg & Lee 2021, "Improving performance of deep
learning models with axiomatic attribution priors and expected gradients") attribute to each feature
``E[(x - x') * gradient]``, the mean over background inputs ``x'`` and over the straight path from
each of them to ``x``. The usual estimator samples both at random. Here the background is a small
weighted set, and the path is integrated by the trapezoidal rule on an adaptive grid. The output is
known wherever its gradient is, so the error of every interval is known, and halving an interval
reuses the values at its ends. Networks of rectifiers have kinks everywhere; for them a rule of
higher order (Gauss-Legendre) is no more exact at the same cost.

Conventions
-----------
Inputs are arrays of any shape. The explained output is one number for each input. A *path* leads
from a background input (position 0) to an explained one (position `GRID`). A *gap* is the
difference between the gain of the output, on an interval or a whole path, and the part that the
gradients explain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

GRID = 64  # intervals of the finest grid on a path
FIRST_INTERVALS = 8
INTERVAL_TOLERANCES = (0.01, 0.005, 0.0025)  # maximum gap of an interval
GAP_TOLERANCE = 0.01  # maximum gap of an input; above it, the next smaller tolerance applies

Evaluate = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def mean_gradients(
    evaluate: Evaluate,
    inputs: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray,
    unit: float = 1.0,
) -> Iterator[np.ndarray]:
    """Compute the mean gradients on the paths to each input, one input after the other.

    Parameters
    ----------
    evaluate : callable
        From points ``(m, ...)`` to the gradients there ``(m, ...)`` and the outputs ``(m,)``. It is
        called with all available points at once.
    inputs : np.ndarray [shape=(n, ...)]
        Inputs to explain.
    background : np.ndarray [shape=(k, ...)]
        Background inputs.
    weights : np.ndarray [shape=(k,), non-negative]
        Weights of the background inputs; sum to one.
    unit : float
        Unit of the tolerances, in units of the output.

    Yields
    ------
    np.ndarray [shape=(k, ...), dtype=float64]
        Mean gradient on the path from each background input. The input's expected gradients are the
        sum of ``weights * (input - background) * means`` over the background.
    """
    at_background = evaluate(background)
    for target in inputs:
        yield _integrate(evaluate, target, background, weights, at_background, unit)


def _integrate(
    evaluate: Evaluate,
    target: np.ndarray,
    background: np.ndarray,
    weights: np.ndarray,
    at_background: tuple[np.ndarray, np.ndarray],
    unit: float,
) -> np.ndarray:
    """Compute the mean gradients of one input, ``(k, ...)``."""
    k = len(background)
    origins = background.reshape(k, -1)  # path j leads from origin j to the input
    differences = target.reshape(1, -1) - origins
    gradients = np.zeros((k, GRID + 1, differences.shape[1]), dtype=np.float32)
    slopes = np.zeros((k, GRID + 1))  # of the output along the path
    outputs = np.zeros((k, GRID + 1))

    def store(
        paths: np.ndarray, positions: np.ndarray, found: np.ndarray, values: np.ndarray
    ) -> None:
        rows = found.reshape(len(paths), -1)
        gradients[paths, positions] = rows
        slopes[paths, positions] = np.einsum("wf,wf->w", rows, differences[paths])
        outputs[paths, positions] = values

    def visit(paths: np.ndarray, positions: np.ndarray) -> None:
        points = origins[paths] + (positions / GRID)[:, np.newaxis] * differences[paths]
        store(paths, positions, *evaluate(points.reshape(-1, *target.shape)))

    every = np.arange(k)
    store(every, np.zeros_like(every), *at_background)
    end = evaluate(target[np.newaxis])
    store(every, np.full_like(every, GRID), *(np.repeat(part, k, axis=0) for part in end))
    paths, lefts = (
        grid.ravel() for grid in np.meshgrid(every, np.arange(0, GRID, GRID // FIRST_INTERVALS))
    )
    steps = np.full_like(paths, GRID // FIRST_INTERVALS)
    visit(paths[lefts > 0], lefts[lefts > 0])

    for tolerance in INTERVAL_TOLERANCES:
        while True:
            rises = outputs[paths, lefts + steps] - outputs[paths, lefts]
            mean_slopes = (slopes[paths, lefts] + slopes[paths, lefts + steps]) / 2
            gaps = rises - mean_slopes * steps / GRID
            split = (np.abs(gaps) > tolerance * unit) & (steps > 1)
            if not split.any():
                break
            steps[split] //= 2
            middles = lefts[split] + steps[split]
            visit(paths[split], middles)
            lefts = np.concatenate([lefts, middles])
            paths = np.concatenate([paths, paths[split]])
            steps = np.concatenate([steps, steps[split]])
        if abs(gaps @ weights[paths]) <= GAP_TOLERANCE * unit:
            break

    shares = np.zeros((k, 1, GRID + 1), dtype=np.float32)
    for ends in (lefts, lefts + steps):
        np.add.at(shares[:, 0], (paths, ends), steps / (2 * GRID))
    means = shares @ gradients
    return means.astype(np.float64).reshape(k, *target.shape)
