"""The experiments on a page: lines of the charts, cells of the tables, and what is missing."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from core.explanation.order import OrderProbabilities
from dashboard.services import measurements
from dashboard.services.experiments import Version
from dashboard.text import experiments as texts
from dashboard.widgets import experiments

GENERATOR = np.random.default_rng(0)


def order(chunks: tuple[int, ...] = (1, 4)) -> OrderProbabilities:
    """Predictions in every order, drawn at random."""
    return OrderProbabilities(
        chunks,
        GENERATOR.dirichlet(np.ones(10), 1),
        GENERATOR.dirichlet(np.ones(10), (len(chunks), 8, 1)),
        GENERATOR.dirichlet(np.ones(10), 1),
    )


def test_the_line_of_a_segment_has_means_and_deviations_of_the_shuffles() -> None:
    found = order()
    line = experiments.probability_line(found, 3, 0.04)
    assert line.chunks_s == pytest.approx([0.04, 0.16])
    np.testing.assert_allclose(line.values[:2], found.shuffled[:, :, 0, 3].mean(axis=1))
    np.testing.assert_allclose(line.values[2:], [found.original[0, 3], found.backwards[0, 3]])
    np.testing.assert_allclose(
        (line.high - line.values)[:2], found.shuffled[:, :, 0, 3].std(axis=1)
    )
    np.testing.assert_array_equal(line.low[2:], line.high[2:])
    assert line.low.min() >= 0


def test_the_line_of_the_test_set_has_accuracies_and_intervals_in_ascending_order() -> None:
    def row(accuracy: float) -> dict[str, Any]:
        return {"segment": {"accuracy": accuracy, "interval": [accuracy - 0.1, accuracy + 0.2]}}

    entry = {
        "shuffled": {"36": row(0.5), "1": row(0.3), "4": row(0.4)},
        "original": row(0.6),
        "backwards": row(0.2),
    }
    line = experiments.accuracy_line(entry, 0.04)
    assert line.chunks_s == pytest.approx([0.04, 0.16, 1.44])
    np.testing.assert_allclose(line.values, [0.3, 0.4, 0.5, 0.6, 0.2])
    np.testing.assert_allclose(line.high - line.low, 0.3)


def test_the_change_by_shuffling_is_that_of_each_models_own_genre() -> None:
    found = order()
    own = int(found.original[0].argmax())
    expected = found.shuffled[0, :, 0, own].mean() - found.original[0, own]
    changes = experiments._changes([found, order()])
    assert changes is not None
    assert changes[0] == pytest.approx(expected)
    assert experiments._changes([found, order(chunks=())]) is None


def test_versions_on_other_frames_have_no_comparable_order() -> None:
    found = order()
    version = Version(
        "4", b"", {"cnn": np.full(10, 0.1), "musicnn": np.full(10, 0.2)}, np.zeros(0), np.zeros(0)
    )
    cells = experiments._probability_cells(version, {"cnn": found, "musicnn": None}, 3)
    assert cells[0] == "10\u202f%"
    assert cells[3:] == ["20\u202f%", "–", "–"]
    same = found.shuffled[1, 0, 0, 3]
    assert cells[1] in (f"{round(100 * same)}\u202f%", "<\u202f1\u202f%")


def test_models_without_frames_get_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    def page() -> None:
        from types import SimpleNamespace

        from dashboard.widgets.experiments import draw_experiments

        pair = [SimpleNamespace(model=name) for name in ("cnn", "svm")]
        assert draw_experiments(None, pair, None, 1.0) is None  # type: ignore[arg-type]

    app = AppTest.from_function(page, default_timeout=60).run()
    assert not app.exception
    assert [each.value for each in app.caption] == [texts.MISSING_ORDER]


@pytest.mark.parametrize(("other_s", "similar"), [(2.99, True), (3.2, True), (30.0, False)])
def test_models_share_audio_only_if_their_segments_are_similarly_long(
    other_s: float, similar: bool
) -> None:
    analyses = [
        SimpleNamespace(parameters=SimpleNamespace(segment_s=length)) for length in (2.99, other_s)
    ]
    assert experiments.have_similar_length(analyses) == similar  # type: ignore[arg-type]


def test_a_segment_too_short_and_models_without_measurements_get_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(measurements, "order", lambda name: None)
    shown: list[str] = []
    monkeypatch.setattr(st, "caption", shown.append)
    analyses = [
        SimpleNamespace(model=name, parameters=SimpleNamespace(hop_length=915, sample_rate=22_050))
        for name in ("cnn", "cnn_lstm")
    ]
    orders = {"cnn": order(chunks=()), "cnn_lstm": order(chunks=())}
    experiments.draw_order(analyses, orders, "jazz")  # type: ignore[arg-type]
    assert shown == [
        texts.TOO_SHORT,
        "Accuracy on shuffled test segments has not been measured for CNN and CNN-LSTM.",
    ]


@pytest.mark.parametrize(
    ("length_s", "moment"),
    [(3.0, "0:03–0:06"), (30.0, "0:03–0:06 (CNN) and 0:00–0:21 (CRNN)")],
)
def test_segments_of_different_lengths_are_both_named(length_s: float, moment: str) -> None:
    short = SimpleNamespace(
        model="cnn",
        starts_s=np.array([0.0, 3.0]),
        ends_s=np.array([3.0, 6.0]),
        parameters=SimpleNamespace(segment_s=3.0),
    )
    long = SimpleNamespace(
        model="crnn",
        starts_s=np.array([0.0]),
        ends_s=np.array([21.0]),
        parameters=SimpleNamespace(segment_s=length_s),
    )
    assert experiments._moment([short, long], [1, 0]) == moment  # type: ignore[list-item]
