"""The timeline draws the probabilities of the analysis, in the names and colours of the page."""

from __future__ import annotations

import json

import numpy as np
import pytest

from core.analysis import Analysis, analyze
from core.audio.io import Audio
from core.models.spectrogram_models import SpectrogramModel
from dashboard.charts.theme import DARK, LIGHT
from dashboard.timeline import content_of


@pytest.fixture(scope="module")
def analysis(song: Audio, tiny_cnn: SpectrogramModel) -> Analysis:
    return analyze(song, tiny_cnn)


@pytest.mark.parametrize("dark", [False, True])
def test_the_content_has_every_probability_and_time(analysis: Analysis, dark: bool) -> None:
    content = content_of(analysis, selected=1, target="hiphop", disputed=[0, 2], dark=dark)
    content = json.loads(json.dumps(content))
    np.testing.assert_allclose(content["shares"], analysis.probabilities, atol=1e-4)
    np.testing.assert_array_equal(content["starts_s"], analysis.starts_s)
    np.testing.assert_array_equal(content["ends_s"], analysis.ends_s)
    assert content["genres"][content["target"]] == "hip-hop"
    assert content["disputed"] == [0, 2]
    assert content["selected"] == 1
    assert f"Genre probabilities of {len(analysis.starts_s)} segments." in content["alt"]
    assert content["colours"]["loud"] == (DARK if dark else LIGHT).loud
