"""Graphs: traced once per model for all threads, and released with the model."""

from __future__ import annotations

import gc
import threading
import weakref

import numpy as np

from core.audio.io import Audio
from core.explanation.explain import explain
from core.explanation.extremal import extremal_ranking
from core.explanation.graphs import cached_per_model, probabilities_of
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import tiny_model


def test_a_graph_is_traced_once_for_all_threads() -> None:
    traces: list[str] = []

    @cached_per_model
    def graph(model: SpectrogramModel) -> object:
        traces.append(model.name)
        return object()

    models = [tiny_model("cnn"), tiny_model("cnn_lstm")]
    found: list[object] = []
    threads = [
        threading.Thread(target=lambda model=model: found.append(graph(model)))
        for model in models * 4
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(traces) == ["cnn", "cnn_lstm"]
    assert len(set(map(id, found))) == 2


def test_an_explained_model_can_be_garbage_collected(song: Audio) -> None:
    model = tiny_model("cnn")
    extremal_ranking(model, explain(song, model, target="jazz", segments=[0]))
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None


def test_probabilities_agree_with_those_of_the_model(tiny: SpectrogramModel) -> None:
    logmel = np.random.default_rng(0).uniform(-80, 0, (2, 72, 128)).astype(np.float32)
    probabilities = probabilities_of(tiny)(logmel).numpy()
    np.testing.assert_allclose(probabilities, tiny.predict_logmel(logmel), atol=1e-5)
