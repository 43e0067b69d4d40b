"""Bars of SHAP values: colours by sign, and one bar for everything after the song's end."""

from __future__ import annotations

import numpy as np
import pytest

from core.explanation.feature_attribution import FeatureExplanation
from dashboard.charts import bars

VALUES = np.array([0.1, 0.2, -0.05, 0.01])
TIME_STEPS = FeatureExplanation("time step", ("a",) * 4, VALUES, 0.1, 0.36, "probability")


@pytest.mark.parametrize("dark", [False, True])
def test_bars_for_and_against_differ_in_colour(dark: bool) -> None:
    (bar,) = bars.bars(["a", "b"], np.array([0.1, -0.2]), "x", "y", dark=dark).data
    assert list(bar.y) == [0.1, -0.2]
    assert bar.marker.color[0] != bar.marker.color[1]


def test_named_bars_are_signed_and_the_first_is_on_top() -> None:
    figure = bars.named_bars(["a", "b"], np.array([0.3, -0.1]), "SHAP", dark=False)
    (bar,) = figure.data
    assert list(bar.y) == ["a", "b"]
    assert bar.orientation == "h"
    assert bar.marker.color[0] != bar.marker.color[1]
    assert figure.layout.yaxis.autorange == "reversed"


def test_time_steps_are_named_by_their_start_in_the_song() -> None:
    names, values = bars.time_step_bars(TIME_STEPS, 6.0, 4.0, 10.0)
    assert names == ["0:06.0", "0:07.0", "0:08.0", "0:09.0"]
    np.testing.assert_array_equal(values, VALUES)


def test_everything_after_the_song_is_one_bar_of_silence() -> None:
    names, values = bars.time_step_bars(TIME_STEPS, 0.0, 4.0, 1.5)
    assert names == ["0:00.0", "0:01.0", bars.SILENCE]
    np.testing.assert_allclose(values, [0.1, 0.2, -0.04])
    assert values.sum() == pytest.approx(VALUES.sum())


def test_silence_is_not_a_time_step_in_favour() -> None:
    assert bars.in_favour(["0:00.0", bars.SILENCE], np.array([0.1, 0.2])).tolist() == [True]
    assert bars.in_favour(["0:00.0", "0:01.0"], np.array([0.1, -0.2])).tolist() == [True, False]
