"""Adaptive quadrature: exact for polynomials, within the tolerance otherwise, cheap if smooth."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explanation.expected_gradients import GAP_TOLERANCE, GRID, mean_gradients

RANDOM = np.random.RandomState(0)
INPUTS = RANDOM.standard_normal((5, 4, 3))
BACKGROUND = RANDOM.standard_normal((7, 4, 3))
WEIGHTS = np.arange(1, 8) / 28
DIRECTION = RANDOM.standard_normal((4, 3))


class Counted:
    """A function with a known gradient that counts its evaluated points."""

    def __init__(
        self, value: Callable[[np.ndarray], np.ndarray], slope: Callable[[np.ndarray], np.ndarray]
    ) -> None:
        self.value, self.slope = value, slope
        self.points = 0

    def __call__(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Compute the gradients and the values at points."""
        self.points += len(points)
        along = points.reshape(len(points), -1) @ DIRECTION.ravel()
        return self.slope(along)[:, np.newaxis, np.newaxis] * DIRECTION, self.value(along)


def sigmoid(steepness: float, middle: float = 0.0) -> Counted:
    def value(along: np.ndarray) -> np.ndarray:
        return 1 / (1 + np.exp(-steepness * (along - middle)))

    return Counted(value, lambda along: steepness * value(along) * (1 - value(along)))


def totals(function: Counted) -> np.ndarray:
    means = np.stack(list(mean_gradients(function, INPUTS, BACKGROUND, WEIGHTS)))
    assert means.shape == (5, 7, 4, 3)
    ways = INPUTS[:, np.newaxis] - BACKGROUND
    return np.einsum("k,nkfc,nkfc->n", WEIGHTS, ways, means)


def gains(function: Counted) -> np.ndarray:
    return function(INPUTS)[1] - WEIGHTS @ function(BACKGROUND)[1]


def test_a_linear_function_has_its_coefficients_as_mean_gradients() -> None:
    function = Counted(lambda along: 3 * along, lambda along: np.full_like(along, 3))
    for means in mean_gradients(function, INPUTS, BACKGROUND, WEIGHTS):
        np.testing.assert_allclose(means, np.broadcast_to(3 * DIRECTION, (7, 4, 3)), rtol=1e-6)


def test_a_quadratic_function_is_explained_without_a_gap() -> None:
    function = Counted(lambda along: along**2, lambda along: 2 * along)
    np.testing.assert_allclose(totals(function), gains(function), atol=1e-5)


@given(steepness=st.floats(0.1, 15), middle=st.floats(-2, 2))
def test_a_probability_is_explained_to_within_the_tolerance(
    steepness: float, middle: float
) -> None:
    function = sigmoid(steepness, middle)
    assert np.abs(gains(function) - totals(function)).max() <= GAP_TOLERANCE


def test_only_the_steep_parts_of_a_path_are_refined() -> None:
    smooth, steep = sigmoid(0.1), sigmoid(30.0)
    totals(smooth), totals(steep)
    ways = len(INPUTS) * len(BACKGROUND)
    assert smooth.points == len(BACKGROUND) + len(INPUTS) + 7 * ways
    assert smooth.points < steep.points < ways * GRID / 2


def test_an_input_is_explained_independently_of_the_others() -> None:
    together = list(mean_gradients(sigmoid(4.0), INPUTS, BACKGROUND, WEIGHTS))
    for index in range(len(INPUTS)):
        (alone,) = mean_gradients(sigmoid(4.0), INPUTS[index : index + 1], BACKGROUND, WEIGHTS)
        np.testing.assert_allclose(alone, together[index], atol=1e-6)


@pytest.mark.parametrize("count", [1, 40])
def test_any_number_of_background_inputs_is_accepted(count: int) -> None:
    background = RANDOM.standard_normal((count, 4, 3))
    weights = np.full(count, 1 / count)
    function = sigmoid(2.0)
    means = np.stack(list(mean_gradients(function, INPUTS, background, weights)))
    explained = np.einsum("k,nkfc,nkfc->n", weights, INPUTS[:, np.newaxis] - background, means)
    expected = function(INPUTS)[1] - weights @ function(background)[1]
    np.testing.assert_allclose(explained, expected, atol=GAP_TOLERANCE)
