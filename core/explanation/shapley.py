"""Exact Shapley values of a few players, when each coalition can simply be asked.

Shapley (1953, "A value for n-person games"); as an explanation of a model Lundberg & Lee (2017, "A
unified approach to interpreting model predictions"): players that are left out take the values
they have in a background, and the model's answers are averaged over it. With `n` players there are
``2 ** n`` coalitions, so nothing is sampled and nothing is left over.
"""

from __future__ import annotations

from collections.abc import Callable
from math import factorial

import numpy as np

MOST_PLAYERS = 12


def shapley_values(
    worth: Callable[[np.ndarray], np.ndarray], n_players: int
) -> tuple[np.ndarray, float, float]:
    """Return each player's share of what all are worth together.

    Parameters
    ----------
    worth : callable
        From coalitions ``(2 ** n, n)``, boolean, to what each is worth ``(2 ** n,)``.
    n_players : int [range=[1, 12]]
        Players.

    Returns
    -------
    values : np.ndarray [shape=(n_players,), dtype=float64]
        Shapley values.
    nobody, everybody : float
        What the empty and the whole coalition are worth; the values are their difference.

    Raises
    ------
    ValueError
        If there are too many players to ask every coalition.
    """
    if not 1 <= n_players <= MOST_PLAYERS:
        raise ValueError(f"Exact Shapley values need 1 to {MOST_PLAYERS} players, not {n_players}.")
    numbers = np.arange(1 << n_players)
    present = (numbers[:, np.newaxis] >> np.arange(n_players)) & 1 == 1
    found = np.asarray(worth(present), dtype=np.float64)
    sizes = present.sum(axis=1)
    share = np.array(
        [
            factorial(size) * factorial(n_players - 1 - size) / factorial(n_players)
            for size in range(n_players)
        ]
    )
    values = np.empty(n_players)
    for player in range(n_players):
        without = numbers[~present[:, player]]
        gain = found[without | (1 << player)] - found[without]
        values[player] = (share[sizes[without]] * gain).sum()
    return values, float(found[0]), float(found[-1])
