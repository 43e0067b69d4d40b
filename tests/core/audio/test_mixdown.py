"""Mixing channels down to one."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.mixdown import mixed_to_mono


@pytest.mark.parametrize("channels", [1, 2, 6, 16])
def test_the_mean_of_the_channels_is_that_of_double_precision(channels: int) -> None:
    block = np.random.RandomState(channels).standard_normal((1_000, channels)).astype(np.float32)
    block[0] = 3e38  # their sum exceeds single precision
    expected = block.astype(np.float64).mean(axis=1).astype(np.float32)
    np.testing.assert_allclose(mixed_to_mono(block), expected, rtol=1e-6)
    assert mixed_to_mono(block).dtype == np.float32
