"""Every stage from a waveform to MFCCs has a picture."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.features.mfcc_stages import Stage
from dashboard.charts.mfcc_stages import MAX_POINTS, stage_chart

AUDIO = Audio(np.zeros(22_050, dtype=np.float32))


def stage(name: str, values: np.ndarray) -> Stage:
    return Stage(name, values, 1, AUDIO)


def test_a_long_waveform_is_thinned() -> None:
    (line,) = stage_chart(stage("waveform", np.zeros(65_880)), large=False, dark=False).data
    assert MAX_POINTS <= len(line.y) < 1.1 * MAX_POINTS


@pytest.mark.parametrize(("name", "row"), [("stft", "frequency bin"), ("mel", "mel band")])
def test_spectrograms_have_frames_from_left_to_right(name: str, row: str) -> None:
    values = np.arange(72 * 5.0).reshape(72, 5)
    (picture,) = stage_chart(stage(name, values), large=False, dark=True).data
    np.testing.assert_array_equal(picture.z, values.T)
    assert row in picture.hovertemplate


def test_the_level_does_not_fade_the_other_coefficients() -> None:
    values = np.ones((72, 13))
    values[:, 0] = -500
    (picture,) = stage_chart(stage("mfcc", values), large=False, dark=False).data
    assert picture.zmax == -picture.zmin == pytest.approx(1)


def test_a_projector_gets_a_larger_picture_and_larger_type() -> None:
    small, large = (
        stage_chart(stage("mfcc", np.ones((72, 13))), large=large, dark=False).layout
        for large in (False, True)
    )
    assert large.height > small.height
    assert large.font.size > small.font.size
