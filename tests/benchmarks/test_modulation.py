"""Fast modulation: flicker counts; level, frequency content and silence do not."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.modulation import fast_modulation
from core.audio.io import Audio

TIME = np.arange(4 * 22_050) / 22_050
TONE = 0.4 * np.sin(2 * np.pi * 1_000 * TIME)


def sound(samples: np.ndarray) -> Audio:
    return Audio(samples.astype(np.float32))


@pytest.mark.parametrize("rate", [14, 24, 36])
def test_flicker_counts_with_its_energy(rate: float) -> None:
    depth = 0.5
    flickering = TONE * (1 + depth * np.sin(2 * np.pi * rate * TIME))
    # Half the squared depth beside the constant one.
    expected = (depth**2 / 2) / (1 + depth**2 / 2)
    assert fast_modulation(sound(flickering)) == pytest.approx(expected, rel=0.25)
    assert fast_modulation(sound(0.1 * flickering)) == pytest.approx(
        fast_modulation(sound(flickering))
    )


def test_steady_slow_and_silent_audio_has_no_fast_modulation() -> None:
    slow = TONE * (1 + 0.5 * np.sin(2 * np.pi * 3 * TIME))
    for samples in (TONE, slow, np.zeros(100)):
        assert fast_modulation(sound(samples)) < 0.02
