"""Fixtures that every test may use: a little song and two small random models."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest
from hypothesis import settings

from core.constants import SAMPLE_RATE
from tests.synthetic import song_samples, tiny_model

# The same cases on every machine, however slow it is.
settings.register_profile("steady", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("steady")

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.spectrogram_models import SpectrogramModel


@pytest.fixture(scope="session")
def tiny_cnn() -> SpectrogramModel:
    """Small convolutional network with random weights."""
    return tiny_model("cnn", seed=1)


@pytest.fixture(scope="session")
def tiny_cnn_lstm() -> SpectrogramModel:
    """Small convolutional and recurrent network with random weights."""
    return tiny_model("cnn_lstm", seed=2)


@pytest.fixture(scope="session", params=["cnn", "cnn_lstm"])
def tiny(request: pytest.FixtureRequest) -> SpectrogramModel:
    """Each of the two small models in turn."""
    return request.getfixturevalue(f"tiny_{request.param}")


@pytest.fixture(scope="session")
def song() -> Audio:
    """Ten seconds of synthetic music: chords, melody, beat and noise."""
    from core.audio.io import Audio

    return Audio(samples=song_samples(10.0), sample_rate=SAMPLE_RATE, name="little song.wav")
