"""SHAP values of features and time steps: games with known values, additivity and names."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.constants import GENRES
from core.explanation.feature_attribution import FeatureExplanation, explain_features
from core.features.spectrogram import FeatureParameters
from core.models.feature_models import FeatureBackground, FeatureModel

JAZZ = GENRES.index("jazz")
Worth = Callable[[np.ndarray], np.ndarray]


class Game:
    """A model of time steps whose probability of jazz is the worth of a coalition of steps.

    Parameters
    ----------
    worth : callable
        From present time steps ``(m, n)``, boolean, to numbers ``(m,)``.
    background : np.ndarray [shape=(k, n, 1)]
        Moments of the background; 1 where they are present.
    """

    classifier = None

    def __init__(self, worth: Worth, background: np.ndarray) -> None:
        self.worth = worth
        count = len(background)
        self.background = FeatureBackground(np.full(count, 1 / count), background)
        self.parameters = FeatureParameters()

    def predict(self, inputs: np.ndarray) -> np.ndarray:
        """Probabilities of all genres, zero except for jazz."""
        probabilities = np.zeros((len(inputs), len(GENRES)))
        probabilities[:, JAZZ] = self.worth(inputs[..., 0] > 0)
        return probabilities


def explained(worth: Worth, n: int, background: np.ndarray | None = None) -> FeatureExplanation:
    background = np.zeros((1, n, 1)) if background is None else background
    model = cast(FeatureModel, Game(worth, background))
    return explain_features(model, np.ones((n, 1)), "jazz")


def test_the_glove_game_has_its_known_values() -> None:
    """One player has a left glove, two have a right one; only a pair has a value."""
    found = explained(lambda present: present[:, 0] & (present[:, 1] | present[:, 2]), 3)
    np.testing.assert_allclose(found.values, [2 / 3, 1 / 6, 1 / 6])
    assert (found.base_value, found.prediction) == (0, 1)
    assert found.unit == "time step"
    assert found.names == ("0.0–1.0 s", "1.0–2.0 s", "2.0–3.0 s")


@settings(max_examples=15)
@given(seed=st.integers(0, 1000), n=st.integers(1, 8))
def test_the_values_of_time_steps_add_up_to_the_prediction(seed: int, n: int) -> None:
    table = np.random.default_rng(seed).normal(size=1 << n)
    found = explained(lambda present: table[present @ (1 << np.arange(n))], n)
    assert (found.base_value, found.prediction) == (table[0], table[-1])
    assert found.values.sum() == pytest.approx(table[-1] - table[0])


@settings(max_examples=15)
@given(contributions=st.lists(st.floats(-5, 5), min_size=1, max_size=7))
def test_in_a_sum_each_time_step_has_its_own_contribution(contributions: list[float]) -> None:
    found = explained(lambda present: present @ np.array(contributions), len(contributions))
    np.testing.assert_allclose(found.values, contributions, atol=1e-9)


def test_absent_time_steps_take_the_mean_over_the_background() -> None:
    background = np.array([[[1.0], [0.0]], [[0.0], [0.0]]])  # the first step is half present
    found = explained(lambda present: present @ np.array([0.4, 0.2]), 2, background)
    assert found.base_value == pytest.approx(0.2)
    np.testing.assert_allclose(found.values, [0.2, 0.2])
