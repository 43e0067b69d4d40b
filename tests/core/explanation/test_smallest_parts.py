"""The search for the smallest sufficient and the smallest necessary share."""

from __future__ import annotations

import numpy as np
import pytest

from core.explanation.extremal import SHARES
from core.explanation.smallest_parts import smallest_necessary, smallest_sufficient


def predicts(first: float) -> np.ndarray:
    """Probabilities of two genres."""
    return np.array([first, 1 - first])


def test_the_first_share_with_nine_tenths_of_the_probability_suffices() -> None:
    asked: list[float] = []

    def kept(share: float) -> np.ndarray:
        asked.append(share)
        return predicts(min(1.0, 6 * share))

    assert smallest_sufficient(kept, 0, 0.8) == 0.15  # 6 * 0.1 < 0.72 <= 6 * 0.15
    assert asked == list(SHARES[: SHARES.index(0.15) + 1])


def test_nothing_may_suffice() -> None:
    assert smallest_sufficient(lambda share: predicts(0.1), 0, 0.8) is None
    assert smallest_sufficient(lambda share: predicts(0.9), 1, 0.0) == SHARES[0]


@pytest.mark.parametrize(("change", "expected"), [(0.3, 0.3), (0.31, 0.4), (1.0, 1.0)])
def test_the_first_share_that_changes_the_prediction_is_necessary(
    change: float, expected: float
) -> None:
    found = smallest_necessary(lambda share: predicts(float(share < change)), 0)
    assert found == expected


def test_a_prediction_that_silence_does_not_change_has_no_necessary_part() -> None:
    assert smallest_necessary(lambda share: predicts(0.9), 0) is None
