"""Fixtures for every test: a synthetic song and two small random models; the order of the tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

# One thread for each test process, because several of them run at the same time.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import pytest
from hypothesis import settings

from core.constants import SAMPLE_RATE
from tests.synthetic import song_samples, tiny_model

# Tests import and trace a lot and leave little garbage behind, so it is collected less often.
gc.set_threshold(50_000, 20, 50)

# The same cases on every machine, however slow it is.
settings.register_profile("reproducible", deadline=None, derandomize=True, max_examples=50)
settings.load_profile("reproducible")

if TYPE_CHECKING:
    from core.audio.io import Audio
    from core.models.spectrogram_models import SpectrogramModel

TESTS = Path(__file__).parent
BROWSER_TESTS = Path("e2e")
TRAINING_TESTS = (Path("test_train.py"), Path("core/training"))


@pytest.hookimpl(tryfirst=True)  # before pytest-xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark and order the tests, and group those that share a fixture in one process.

    With ``--dist loadgroup``, a group runs in one process: the tests of one file, which share its
    fixtures, and all browser tests, which share the dashboard and the browser. The longest groups
    come first, so that no process is left with one of them at the end.
    """
    order = {}
    for item in items:
        path = item.path.relative_to(TESTS)
        rank, group = 2, str(path)
        if path.is_relative_to(BROWSER_TESTS):
            rank, group = 0, "browser"
            item.add_marker(pytest.mark.e2e)
        elif any(path.is_relative_to(training) for training in TRAINING_TESTS):
            rank = 1
            item.add_marker(pytest.mark.training)
        item.add_marker(pytest.mark.xdist_group(group))
        order[item] = rank
    items.sort(key=order.__getitem__)


@pytest.fixture(scope="module", autouse=True)
def _collect_only_new_objects() -> None:
    """Exclude what is already loaded from garbage collection, as the dashboard does.

    Streamlit collects garbage after every run of a page, and a collection visits half a million
    objects of TensorFlow.
    """
    gc.freeze()


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


@pytest.fixture(scope="module")
def unoptimised_graphs() -> Iterator[None]:
    """Let TensorFlow run graphs as traced: optimising them takes longer than a few short epochs."""
    import tensorflow as tf

    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    yield
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": False})


@pytest.fixture(scope="session")
def song() -> Audio:
    """Ten seconds of synthetic music: chords, melody, beat and noise."""
    from core.audio.io import Audio

    return Audio(samples=song_samples(10.0), sample_rate=SAMPLE_RATE, name="little song.wav")
