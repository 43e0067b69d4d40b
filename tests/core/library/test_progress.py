"""Rate and time left of a long run."""

from __future__ import annotations

import pytest

from core.library.progress import Progress, Rate


def test_the_rate_is_that_of_the_last_minute_without_the_start() -> None:
    now = 0.0
    rate = Rate(lambda: now)
    assert rate.at(0) == 0
    now = 30.0
    assert rate.at(16) == 0  # the workers had to start
    now = 40.0
    assert rate.at(36) == pytest.approx(2.0)
    for step in range(1, 20):
        now = 40.0 + 10 * step
        found = rate.at(36 + 50 * step)
    assert found == pytest.approx(5.0)
    now += 100
    assert rate.at(36 + 50 * 19) < 3  # nothing has finished since


def test_the_time_left_is_unknown_without_a_rate() -> None:
    assert Progress(10).remaining_s is None
    assert Progress(10, done=4, songs_per_s=2.0).remaining_s == 3.0
