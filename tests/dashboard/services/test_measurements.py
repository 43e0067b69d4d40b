"""Stored measurements are read as they are, and models are compared on the same songs only."""

from __future__ import annotations

import numpy as np
import pytest

from core.constants import GENRES
from core.evaluation import curves
from dashboard.services import measurements

TESTED_ON_FEWER = {"yamnet_cnn", "yamnet_lstm", "combined"}


def test_two_models_are_compared_on_the_songs_that_both_were_tested_on() -> None:
    found = measurements.mcnemar_test("yamnet_cnn", "cnn")
    less, more = measurements.predictions("yamnet_cnn"), measurements.predictions("cnn")
    assert found is not None
    assert less is not None
    assert more is not None
    assert found["songs"] == len(less.names) < len(more.names)
    only_one = sum(less.correct[name] and not more.correct[name] for name in less.correct)
    assert found["only_a"] == only_one
    assert found["difference"] == pytest.approx((found["only_b"] - only_one) / found["songs"])
    assert found["low"] < found["difference"] < found["high"]


def test_only_measurements_of_the_present_weights_count(monkeypatch: pytest.MonkeyPatch) -> None:
    weights = {name: measurements.card(name)["weights"]["sha256"] for name in ("cnn", "gru")}
    row = {"kept": 1}
    files = {
        "order.json": {"models": {"cnn": {"weights": weights["cnn"]}, "gru": {"weights": "old"}}},
        "transfer.json": {
            "explained": {
                "cnn": {
                    "weights": weights["cnn"],
                    "others": {
                        "gru": {"weights": weights["gru"], **row},
                        "cnn": {"weights": "old", **row},
                        "nobody": {"weights": "old", **row},
                    },
                },
                "gru": {"weights": "old", "others": {"cnn": {"weights": weights["cnn"]}}},
            }
        },
    }
    monkeypatch.setattr(measurements, "_json", files.__getitem__)
    assert measurements.order("cnn") == {"weights": weights["cnn"]}
    assert measurements.order("gru") is None
    assert measurements.order("nobody") is None
    found = measurements.transfer()
    assert list(found) == ["cnn"]
    assert list(found["cnn"]["others"]) == ["gru"]
    monkeypatch.setattr(measurements, "_json", lambda file: {})
    assert measurements.order("cnn") is None
    assert measurements.transfer() == {}


def test_a_model_without_predictions_is_not_compared() -> None:
    assert measurements.mcnemar_test("cnn", "nobody") is None


def test_models_tested_on_fewer_songs_are_named_with_all_accuracies_on_those_songs() -> None:
    names = measurements.model_names()
    few, songs, on_those = measurements.compare_on_common_songs(names)
    assert set(few) == TESTED_ON_FEWER
    less = measurements.predictions("combined")
    assert less is not None
    assert songs == len(less.names)
    assert set(on_those) == set(names)
    assert list(on_those.values()) == sorted(on_those.values(), reverse=True)
    score = measurements.score("combined", "artist")
    assert score is not None
    assert on_those["combined"] == pytest.approx(score["test"]["song"]["accuracy"], abs=0.006)
    assert measurements.compare_on_common_songs(["cnn", "svm"])[0] == []
    assert measurements.compare_on_common_songs(["nobody"]) == ([], 0, {})


def test_models_that_predict_whole_clips_are_known_by_their_predictions() -> None:
    clips = {name for name in measurements.model_names() if measurements.predicts_whole_clips(name)}
    assert clips == {"crnn", "bilstm", "random_forest_songs", "svm_songs"}


@pytest.mark.parametrize("name", ["cnn", "svm", "ensemble"])
@pytest.mark.parametrize("unit", ["segment", "song"])
def test_curves_and_tables_are_those_of_the_stored_predictions(
    name: str, unit: measurements.Unit
) -> None:
    found = measurements.predictions(name)
    assert found is not None
    assert "artist" in measurements.stored_protocols(name)
    assert measurements.n_test_songs(name, "artist") == len(found.names)
    probabilities, labels = found.votes if unit == "song" else (found.probabilities, found.labels)
    counts = measurements.confusion_matrix(name, "artist", unit)
    assert counts.sum() == len(labels)
    assert np.trace(counts) == (probabilities.argmax(axis=1) == labels).sum()
    report = measurements.genre_report(name, "artist", unit)
    np.testing.assert_array_equal(report[:, 3], counts.sum(axis=1))
    recall = np.diag(counts) / counts.sum(axis=1)
    np.testing.assert_allclose(report[:, 1], recall)
    assert measurements.reliability(name, "artist", unit).counts.sum() == len(labels)
    curve = measurements.roc(name, "artist", unit, 5)
    expected = curves.roc(probabilities, labels, 5)
    np.testing.assert_array_equal(curve.y, expected.y)
    assert 0.5 < curve.area == expected.area
    expected = curves.precision_recall(probabilities, labels, 5)
    assert measurements.precision_recall(name, "artist", unit, 5).area == expected.area


def test_the_stored_confusion_is_that_of_the_predictions() -> None:
    for name in ("cnn", "cnn_lstm", "musicnn"):
        counts = measurements.confusion_of(name, "artist")
        np.testing.assert_array_equal(counts, measurements.confusion_matrix(name, "artist", "song"))
    assert measurements.confusion_of("nobody", "artist") is None


def test_missing_measurements_are_none_or_empty() -> None:
    assert measurements.predictions("nobody") is None
    assert measurements.genre_profiles("nobody") is None
    assert measurements.score("nobody", "artist") is None
    assert measurements.folds("nobody") is None
    assert measurements.stored_protocols("nobody") == []
    assert measurements.songs_confused_as("nobody", 0, 1) == []
    with pytest.raises(ValueError, match="nobody"):
        measurements.roc("nobody", "artist", "song", 0)


def test_confused_songs_are_named_from_the_most_to_the_least_confident() -> None:
    counts = measurements.confusion_matrix("cnn", "artist", "song")
    np.fill_diagonal(counts, 0)
    true, predicted = divmod(int(counts.argmax()), 10)
    songs = measurements.songs_confused_as("cnn", true, predicted)
    assert len(songs) == counts.max()
    confidences = [confidence for _, confidence in songs]
    assert confidences == sorted(confidences, reverse=True)
    assert all(name.startswith(GENRES[true]) for name, _ in songs)
