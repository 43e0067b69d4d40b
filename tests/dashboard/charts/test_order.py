"""Charts of order: places of the chunks, bars, and the reversed order apart."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.order import OrderLine, order_lines

VALUES = np.array([0.2, 0.4, 0.8, 0.7])
FRAME_S = 0.0415


@pytest.mark.parametrize("dark", [False, True])
def test_chunks_lie_an_octave_apart_and_the_reversed_order_is_not_connected(dark: bool) -> None:
    line = OrderLine([FRAME_S, 2 * FRAME_S], VALUES, VALUES - 0.1, VALUES + 0.05)
    figure = order_lines({"cnn": line, "gru": line}, "Accuracy", "interval", dark=dark)
    joined, alone, *_ = figure.data
    assert len(figure.data) == 4
    assert (joined.mode, alone.mode) == ("lines+markers", "markers")
    np.testing.assert_allclose(np.diff(joined.x), 1)
    np.testing.assert_allclose(alone.x[0] - joined.x[-1], 1)
    np.testing.assert_allclose(joined.error_y.array, 0.05)
    np.testing.assert_allclose(joined.error_y.arrayminus, 0.1)
    assert (
        joined.hovertext[0] == "CNN, chunks of 42 ms: 20\u202f% (interval 10\u202f% to 25\u202f%)"
    )
    assert alone.hovertext[0].startswith("CNN, reversed: 70\u202f%")
    assert list(figure.layout.xaxis.ticktext) == ["42 ms", "83 ms", "original", "reversed"]
    assert figure.data[2].x[0] > joined.x[0]  # the marks of two models do not hide each other


def test_models_with_other_frames_keep_their_own_lengths() -> None:
    fine = OrderLine([FRAME_S / 2, FRAME_S], VALUES, VALUES, VALUES)
    coarse = OrderLine([FRAME_S, 2 * FRAME_S], VALUES, VALUES, VALUES)
    figure = order_lines({"musicnn": fine, "cnn": coarse}, "Accuracy", "interval", dark=False)
    np.testing.assert_allclose(figure.data[2].x[0] - figure.data[0].x[1], 2 * 0.06)
    np.testing.assert_allclose(figure.data[2].x[-1] - figure.data[0].x[-1], 2 * 0.06)
