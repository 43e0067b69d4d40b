"""What pages read of the stored figures: compared on the same songs, and never on others."""

from __future__ import annotations

import pytest

from dashboard.services import measurements

ASKED_LESS = {"yamnet_cnn", "yamnet_lstm", "combined"}


def test_two_models_are_compared_on_the_songs_that_both_were_asked_about() -> None:
    found = measurements.mcnemar_test("yamnet_cnn", "cnn")
    less, more = measurements.predictions("yamnet_cnn"), measurements.predictions("cnn")
    assert found is not None
    assert less is not None
    assert more is not None
    assert found["songs"] == len(less.names) < len(more.names)
    only_one = sum(less.correct[name] and not more.correct[name] for name in less.correct)
    assert found["only_a"] == only_one


def test_of_a_model_without_answers_nothing_is_said() -> None:
    assert measurements.mcnemar_test("cnn", "nobody") is None


def test_who_was_asked_less_is_told_with_all_figures_on_those_songs() -> None:
    names = measurements.model_names()
    few, songs, on_those = measurements.compare_on_common_songs(names)
    assert set(few) == ASKED_LESS
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


def test_who_hears_whole_clips_is_known_by_its_answers() -> None:
    clips = {name for name in measurements.model_names() if measurements.predicts_whole_clips(name)}
    assert clips == {"crnn", "bilstm", "random_forest_songs", "svm_songs"}
