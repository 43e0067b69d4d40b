"""Every stage from a waveform to MFCCs has a picture with axes."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.features.mfcc_stages import Stage
from dashboard.charts.mfcc_stages import COLUMNS, stage_chart

AUDIO = Audio(np.zeros(2 * 22_050, dtype=np.float32))


def stage(name: str, values: np.ndarray, frequencies: np.ndarray | None = None) -> Stage:
    return Stage(name, values, 1, AUDIO, frequencies)


def test_a_long_waveform_keeps_its_peaks() -> None:
    samples = np.zeros(65_880)
    samples[[17, 40_003]] = 0.9, -0.8
    figure = stage_chart(stage("waveform", samples), large=False, dark=False)
    (line,) = figure.data
    assert len(line.y) == len(line.x) == 2 * COLUMNS
    assert line.y.max() == pytest.approx(0.9)
    assert line.y.min() == pytest.approx(-0.8)
    assert line.x[line.y.argmin()] == pytest.approx(2 * 40_003 / 65_880, abs=2 / COLUMNS)
    assert list(figure.layout.xaxis.range) == [0, 2]


def test_a_waveform_of_few_samples_has_no_more_columns() -> None:
    (line,) = stage_chart(stage("waveform", np.arange(5.0)), large=False, dark=False).data
    np.testing.assert_array_equal(line.y, np.repeat(np.arange(5.0), 2))


@pytest.mark.parametrize(
    ("name", "value", "ticks"),
    [
        ("stft", "1000 Hz: level -3 dB", ("2 kHz", "4 kHz")),
        ("db", "1000 Hz: level -3 dB", ("100 Hz", "500 Hz", "1 kHz", "2 kHz", "4 kHz")),
        (
            "mel",
            "1000 Hz: power -3.000 of the largest",
            ("100 Hz", "500 Hz", "1 kHz", "2 kHz", "4 kHz"),
        ),
    ],
)
def test_spectrograms_have_axes_in_seconds_and_hertz(
    name: str, value: str, ticks: tuple[str, ...]
) -> None:
    values = np.full((72, 51), -3.0)
    values[1, 0] = 7
    frequencies = 100.0 * np.arange(51)
    figure = stage_chart(stage(name, values, frequencies), large=False, dark=True)
    (picture,) = figure.data
    np.testing.assert_array_equal(picture.z, values.T)
    assert picture.dx == pytest.approx(2 / 72)
    assert picture.hovertext[10][0] == value
    assert figure.layout.yaxis.ticktext == ticks
    assert figure.layout.yaxis.tickvals[-1] == 40
    assert figure.layout.xaxis.ticksuffix == " s"


def test_coefficients_are_numbered_from_one() -> None:
    mfcc = stage_chart(stage("mfcc", np.ones((72, 13))), large=False, dark=False)
    assert mfcc.data[0].hovertext[0][0] == "MFCC 1: 1.0"
    assert mfcc.layout.yaxis.ticktext[:2] == ("MFCC 1", "MFCC 3")
    dct = stage_chart(stage("dct", np.ones((72, 128))), large=False, dark=False)
    assert dct.data[0].hovertext[19][0] == "Coefficient 20: 1.0"
    assert dct.layout.yaxis.ticktext == ("1", "20", "40", "60", "80", "100", "120")
    assert dct.layout.yaxis.tickvals[:2] == (0, 19)


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
    assert large.yaxis.tickfont.size > small.yaxis.tickfont.size
