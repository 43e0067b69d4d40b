"""A genre set is the smallest group of genres that exceeds the threshold, most probable first."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.constants import GENRES
from core.models.genre_sets import genre_set, mass_above


def test_the_mass_above_the_most_probable_genre_is_zero() -> None:
    found = mass_above(np.array([[0.2, 0.5, 0.3], [0.4, 0.4, 0.2]]))
    np.testing.assert_allclose(found, [[0.8, 0, 0.5], [0, 0.4, 0.8]])


@pytest.mark.parametrize(
    ("threshold", "expected"),
    [
        (0.0, ("two",)),
        (0.49, ("two",)),
        (0.5, ("two", "three")),
        (0.79, ("two", "three")),
        (0.8, ("two", "three", "one")),
        (np.inf, ("two", "three", "one")),
    ],
)
def test_genres_are_added_until_their_probabilities_exceed_the_threshold(
    threshold: float, expected: tuple[str, ...]
) -> None:
    assert genre_set(np.array([0.2, 0.5, 0.3]), threshold, ("one", "two", "three")) == expected


@given(st.integers(0, 100), st.floats(0, 0.99))
def test_a_set_is_never_empty_and_no_larger_than_needed(seed: int, threshold: float) -> None:
    probabilities = np.random.default_rng(seed).dirichlet(np.ones(10))
    found = genre_set(probabilities, threshold, GENRES)
    shares = [probabilities[GENRES.index(genre)] for genre in found]
    assert found[0] == GENRES[int(probabilities.argmax())]
    assert shares == sorted(shares, reverse=True)
    assert sum(shares[:-1]) <= threshold + 1e-9
    assert sum(shares) > threshold or len(found) == 10
