"""Charts of evaluation show the stored scores."""

from __future__ import annotations

import numpy as np
import pytest

from core.constants import GENRES
from core.evaluation.curves import reliability, roc
from dashboard.charts import metrics
from dashboard.services import measurements


@pytest.fixture
def counts() -> np.ndarray:
    """A confusion matrix with one mistake that stands out."""
    table = 20 * np.eye(10, dtype=int)
    table[0, 5] = 7
    return table


def test_a_cell_of_the_confusion_matrix_has_its_genres_and_its_count(counts: np.ndarray) -> None:
    heat, markers = metrics.confusion(counts, GENRES, "songs", dark=False).data
    assert heat.z[0][5] == pytest.approx(7 / 27)
    place = [tuple(cell) for cell in markers.customdata].index((0, 5))
    assert heat.text[0][5] == "7"
    assert markers.hovertext[place] == "blues predicted as jazz: 7 of 27 songs"


def test_the_legend_has_the_area_under_each_curve() -> None:
    labels = np.array([0, 0, 1, 1])
    rows = np.array([[0.9, 0.1], [0.4, 0.6], [0.6, 0.4], [0.2, 0.8]])
    curve = roc(rows, labels, 0)
    (line,) = metrics.curves({"Blues": curve}, "x", "y", "area", dark=True).data
    assert line.name == "Blues 0.75"


def test_calibration_is_drawn_with_the_diagonal() -> None:
    found = reliability(np.array([[0.9, 0.1], [0.2, 0.8]]), np.array([0, 0]))
    ideal, line = metrics.reliability({"cnn": found}, "songs", dark=False).data
    assert list(ideal.x) == list(ideal.y) == [0, 1]
    np.testing.assert_allclose(line.y, [0, 1])
    assert line.hovertext[1] == "CNN: confidence 90\u202f%, accuracy 100\u202f% (1 song)"


def test_protocols_are_drawn_with_their_intervals() -> None:
    rows = {
        "Strict": {"cnn": {"accuracy": 0.6, "interval": [0.5, 0.7]}},
        "Leaking": {"cnn": {"accuracy": 0.9, "interval": [0.85, 0.92]}},
    }
    strict, leaking, reported = metrics.protocols(rows, {"cnn": 0.8}, dark=False).data
    assert (strict.x[0], leaking.x[0], reported.x[0]) == (0.6, 0.9, 0.8)
    assert strict.hovertext == ("CNN, strict: 60.0\u202f% (50.0\u202f% to 70.0\u202f%)",)
    assert reported.hovertext == ("CNN, reported elsewhere: 80.0\u202f%",)
    np.testing.assert_allclose([strict.error_x.array[0], leaking.error_x.array[0]], [0.1, 0.02])
    np.testing.assert_allclose(
        [*strict.error_x.arrayminus, *leaking.error_x.arrayminus], [0.1, 0.05]
    )


def test_epochs_without_validation_loss_are_left_out() -> None:
    history = [{"epoch": 1, "loss": 2.0, "valid_loss": 1.5}, {"epoch": 2, "loss": 1.0}]
    trained, valid = metrics.training({"cnn": history}, dark=False).data
    assert list(trained.y) == [2.0, 1.0]
    assert list(valid.y) == [1.5]


def test_stored_predictions_give_the_stored_scores() -> None:
    for name in ("cnn", "cnn_lstm"):
        answers = measurements.predictions(name)
        score = measurements.score(name, "artist")
        assert answers is not None
        assert score is not None
        votes, truths = answers.votes
        assert np.mean(votes.argmax(axis=1) == truths) == score["test"]["song"]["accuracy"]
        confusion = measurements.confusion_of(name, "artist")
        assert confusion is not None
        wrong = measurements.songs_confused_as(name, 0, 5)
        assert len(wrong) == confusion[0, 5]
        assert all(song.startswith("blues.") for song, _ in wrong)
        shares = [share for _, share in wrong]
        assert shares == sorted(shares, reverse=True)


def test_two_models_are_compared_on_the_same_songs() -> None:
    test = measurements.mcnemar_test("cnn", "cnn_lstm")
    assert test is not None
    back = measurements.mcnemar_test("cnn_lstm", "cnn")
    assert back is not None
    assert (test["only_a"], test["only_b"]) == (back["only_b"], back["only_a"])
    assert measurements.mcnemar_test("cnn", "no such model") is None
