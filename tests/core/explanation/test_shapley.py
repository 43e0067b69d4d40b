"""Exact Shapley values: the axioms, and a game whose values are known."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.explanation.shapley import shapley_values


def game(seed: int, n_players: int) -> np.ndarray:
    """Return what each coalition is worth, by its number."""
    return np.random.default_rng(seed).normal(size=1 << n_players)


def number(present: np.ndarray) -> np.ndarray:
    return present @ (1 << np.arange(present.shape[1]))


def test_the_glove_game() -> None:
    """One has a left glove, two have a right one; only a pair is worth anything."""
    values, nobody, everybody = shapley_values(
        lambda present: present[:, 0] & (present[:, 1] | present[:, 2]), 3
    )
    np.testing.assert_allclose(values, [2 / 3, 1 / 6, 1 / 6])
    assert (nobody, everybody) == (0, 1)


@given(st.integers(0, 1000), st.integers(1, 6))
def test_the_values_share_out_all_that_is_gained(seed: int, n_players: int) -> None:
    worth = game(seed, n_players)
    values, nobody, everybody = shapley_values(lambda present: worth[number(present)], n_players)
    assert values.sum() == pytest.approx(everybody - nobody)
    assert (nobody, everybody) == (worth[0], worth[-1])


@given(st.lists(st.floats(-5, 5), min_size=1, max_size=7))
def test_in_a_sum_each_gets_what_he_brings(brought: list[float]) -> None:
    values, _, _ = shapley_values(lambda present: present @ np.array(brought), len(brought))
    np.testing.assert_allclose(values, brought, atol=1e-9)


@pytest.mark.parametrize("n_players", [0, 13])
def test_too_many_coalitions_are_refused(n_players: int) -> None:
    with pytest.raises(ValueError, match="1 to 12 players"):
        shapley_values(lambda present: present.sum(axis=1), n_players)
