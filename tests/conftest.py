"""Fixtures for every test: a synthetic song and two small random models; the order of the tests."""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator
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
    from xdist.remote import Producer
    from xdist.scheduler import Scheduling

    from core.audio.io import Audio
    from core.models.spectrogram_models import SpectrogramModel

BROWSER_TESTS = "tests/e2e/"
TRAINING_TESTS = ("tests/test_train.py", "tests/core/training/")
# Their explanations make shap compile the same functions, which takes seconds in every process.
COMPILED_TESTS = (
    "tests/core/explanation/test_feature_attribution.py",
    "tests/core/models/test_bundled_models.py",
    "tests/core/models/test_feature_models.py",
    "tests/dashboard/services/test_feature_models.py",
    "tests/dashboard/services/test_processes.py",
)


def group(nodeid: str) -> str:
    """Group of tests that run in one process, from the name of a test.

    Tests of one file share its fixtures; all browser tests share the dashboard and the browser.
    """
    file = nodeid.split("::")[0]
    if file.startswith(BROWSER_TESTS):
        return "browser"
    return "compiled" if file in COMPILED_TESTS else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark the slow tests, and put the longest groups first so that no process ends with one."""
    order = {}
    for item in items:
        order[item] = 3
        if group(item.nodeid) == "browser":
            order[item] = 0
            item.add_marker(pytest.mark.e2e)
        elif item.nodeid.startswith(TRAINING_TESTS):
            order[item] = 1
            item.add_marker(pytest.mark.training)
        elif group(item.nodeid) == "compiled":
            order[item] = 2
    items.sort(key=order.__getitem__)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Distribute groups of tests to the processes, in the order of the tests."""
    from xdist.scheduler import LoadScopeScheduling

    class GroupScheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return group(nodeid)

    config.option.loadscopereorder = False
    return GroupScheduling(config, log)


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
