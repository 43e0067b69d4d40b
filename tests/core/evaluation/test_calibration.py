"""Temperature scaling finds the temperature that distorted the probabilities, and undoes it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.evaluation.calibration import (
    TEMPERATURES,
    apply_temperature,
    fit_offsets,
    fit_temperature,
)
from core.evaluation.metrics import calibration_error, cross_entropy


def calibrated(n: int = 4000) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities, and labels that are drawn from them."""
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(n, 5))
    probabilities = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return probabilities, np.array([generator.choice(5, p=row) for row in probabilities])


@pytest.mark.parametrize("temperature", [0.5, 1.0, 2.5])
def test_the_temperature_of_distorted_probabilities_is_found(temperature: float) -> None:
    probabilities, labels = calibrated()
    distorted = apply_temperature(probabilities, 1 / temperature)
    found = fit_temperature(distorted, labels)
    assert found == pytest.approx(temperature, rel=0.1)
    calibration = calibration_error(apply_temperature(distorted, found), labels)
    assert calibration < 0.03
    if temperature != 1:
        assert calibration < calibration_error(distorted, labels)


@given(st.integers(0, 1000), st.floats(0.2, 5.0))
def test_a_temperature_keeps_distributions_and_their_order(seed: int, temperature: float) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(4), size=20)
    changed = apply_temperature(probabilities, temperature)
    np.testing.assert_allclose(changed.sum(axis=1), 1)
    np.testing.assert_array_equal(changed.argmax(axis=1), probabilities.argmax(axis=1))
    if temperature > 1:
        assert (changed.max(axis=1) <= probabilities.max(axis=1) + 1e-12).all()


def test_a_temperature_of_one_changes_nothing() -> None:
    probabilities, _ = calibrated(50)
    np.testing.assert_allclose(apply_temperature(probabilities, 1), probabilities)


def test_zeros_stay_finite() -> None:
    changed = apply_temperature(np.eye(3), 2.0)
    assert np.isfinite(changed).all()
    np.testing.assert_allclose(changed.sum(axis=1), 1)


@pytest.mark.parametrize(("correct", "bound"), [(True, 0), (False, 1)])
def test_temperatures_stay_within_bounds(correct: bool, bound: int) -> None:
    probabilities = np.array([[0.9, 0.1], [0.1, 0.9]])
    labels = np.array([0, 1]) if correct else np.array([1, 0])
    assert fit_temperature(probabilities, labels) == pytest.approx(TEMPERATURES[bound], rel=1e-3)


def test_arrays_that_do_not_match_are_refused() -> None:
    with pytest.raises(ValueError, match=r"labels shape \(n,\)"):
        fit_temperature(np.eye(3), np.zeros(2, dtype=int))


def test_offsets_undo_a_bias_of_the_logits() -> None:
    probabilities, labels = calibrated()
    bias = np.array([1.0, 0.0, -1.0, 0.5, -0.5])
    distorted = apply_temperature(probabilities, 0.5, bias)
    temperature, offsets = fit_offsets(distorted, labels, 1e-6)
    assert temperature == pytest.approx(2.0, rel=0.1)
    np.testing.assert_allclose(offsets - offsets.mean(), -bias / 2, atol=0.15)
    corrected = apply_temperature(distorted, temperature, offsets)
    assert cross_entropy(corrected, labels) <= cross_entropy(probabilities, labels) + 1e-3


def test_a_large_penalty_leaves_the_temperature_alone() -> None:
    probabilities, labels = calibrated()
    distorted = apply_temperature(probabilities, 0.5)
    temperature, offsets = fit_offsets(distorted, labels, 1e6)
    np.testing.assert_allclose(offsets, 0, atol=1e-4)
    assert temperature == pytest.approx(fit_temperature(distorted, labels), rel=1e-2)


def test_offsets_need_matching_arrays_as_well() -> None:
    with pytest.raises(ValueError, match=r"labels shape \(n,\)"):
        fit_offsets(np.eye(3), np.zeros(2, dtype=int), 0.1)
