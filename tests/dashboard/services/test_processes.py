"""Arguments and results of the services can be sent to another process."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pytest

from core.audio.io import Audio
from core.models.store import load_model
from dashboard.services import (
    classroom,
    excerpts,
    explanations,
    feature_models,
    measurements,
    models,
    song_results,
    songs,
)
from dashboard.services.excerpts import OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.songs import Song

JAZZ = ExplanationTarget("jazz", "rock")
SELECTION = PartSelection(JAZZ, keep=0.3)


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def are_equal(one: Any, other: Any) -> bool:
    """Compare results, array by array."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        return one.dtype == other.dtype and np.array_equal(one, other)
    if is_dataclass(one):
        return all(
            are_equal(getattr(one, field.name), getattr(other, field.name)) for field in fields(one)
        )
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(are_equal(one[key], other[key]) for key in one)
    if isinstance(one, list | tuple):
        return len(one) == len(other) and all(map(are_equal, one, other))
    if isinstance(one, float) and np.isnan(one):  # the novelty of a model without a score
        return bool(np.isnan(other))
    return bool(one == other)


def test_the_comparison_notices_differences() -> None:
    audio = Audio(np.zeros(3, np.float32))
    assert are_equal([audio], [Audio(np.zeros(3, np.float32))])
    assert not are_equal([audio], [Audio(np.ones(3, np.float32))])
    assert not are_equal({"a": 1}, {"a": 2})
    assert not are_equal({"a": 1}, {"b": 1})
    assert not are_equal((1,), [1])
    assert are_equal(float("nan"), float("nan"))
    assert not are_equal(float("nan"), 1.0)


def sent(value: Any) -> Any:
    """Copy of a value, as another process receives it."""
    return pickle.loads(pickle.dumps(value))  # noqa: S301  # trusted: its own bytes


OF_A_SONG: dict[str, Callable[[Song], object]] = {
    "audio": lambda song: songs.audio_of(song, silent),
    "analysis": lambda song: explanations.analysis_of(song, "cnn", silent),
    "analyses": lambda song: explanations.analyses_of(song, silent),
    "explanation": lambda song: explanations.explanation_of(song, "cnn", JAZZ, silent),
    "segment": lambda song: explanations.segment_explanation_of(song, "cnn", JAZZ, 1, silent),
    "batches": lambda song: explanations.batches_of(song, "cnn", JAZZ, silent),
    "whole song": lambda song: excerpts.whole_song_of(song, "cnn", silent),
    "song parts": lambda song: excerpts.song_parts_of(song, "cnn", SELECTION, silent),
    "passage": lambda song: excerpts.passage_parts_of(song, "cnn", SELECTION, 1, silent),
    "file": lambda song: excerpts.wav_file_of(song, "cnn", SELECTION, "keep"),
    "network input": lambda song: excerpts.network_input_of(song, "cnn", 1, silent),
    "stages": lambda song: classroom.stages_of(song, "cnn", 0.0, silent),
    "round": lambda song: classroom.game_round_of(song, "cnn", silent),
    "results": lambda song: song_results.results_of(song, "cnn", SELECTION, silent),
    "accuracy": lambda song: models.accuracy("cnn"),
    "standardisation": lambda song: models.standardisation("cnn"),
    "bands": lambda song: models.band_frequencies("cnn"),
}


@pytest.mark.parametrize("name", OF_A_SONG)
def test_results_for_a_song_can_be_sent(
    chosen: Song, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    metrics = {"protocol": "artist", "test": {"song": {"accuracy": 0.75}, "tracks": 40}}
    monkeypatch.setitem(models.model_of("cnn").card, "metrics", metrics)
    found = OF_A_SONG[name](chosen)
    assert are_equal(sent(found), found)


def test_explanations_are_sent_without_the_songs_audio(chosen: Song) -> None:
    explanation = explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    assert explanation.audio is None


def test_results_of_feature_models_can_be_sent(
    chosen: Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(models, "model_of", load_model)
    found = feature_models.feature_explanation_of(chosen, "bilstm", "jazz", 0, silent)
    assert are_equal(sent(found), found)
    sounds = feature_models.gated_sounds_of(chosen, "bilstm", "jazz", 0, silent)
    assert are_equal(sent(sounds), sounds)


OF_THE_MODELS: dict[str, Callable[[], object]] = {
    "examples": songs.examples,
    "recordings": songs.recordings,
    "names": measurements.model_names,
    "card": lambda: measurements.card("cnn"),
    "score": lambda: measurements.score("cnn", "artist"),
    "folds": lambda: measurements.folds("cnn"),
    "faithfulness": measurements.faithfulness,
    "mixes": measurements.mixes,
    "predictions": lambda: measurements.predictions("cnn"),
    "profiles": lambda: measurements.genre_profiles("cnn"),
    "protocols": lambda: measurements.stored_protocols("cnn"),
    "report": lambda: measurements.genre_report("cnn", "artist", "song"),
    "confusion": lambda: measurements.confusion_matrix("cnn", "artist", "song"),
    "reliability": lambda: measurements.reliability("cnn", "artist", "segment"),
    "precision and recall": lambda: measurements.precision_recall("cnn", "artist", "song", 5),
    "ROC": lambda: measurements.roc("cnn", "artist", "song", 5),
    "McNemar's test": lambda: measurements.mcnemar_test("cnn", "cnn_lstm"),
    "common songs": lambda: measurements.compare_on_common_songs(["cnn", "cnn_lstm"]),
    "confused songs": lambda: measurements.songs_confused_as("cnn", 0, 5),
}


@pytest.mark.parametrize("name", OF_THE_MODELS)
def test_stored_measurements_can_be_sent(name: str) -> None:
    found = OF_THE_MODELS[name]()
    assert found is not None
    assert are_equal(sent(found), found)


def test_arguments_can_be_sent(chosen: Song) -> None:
    for argument in (chosen, JAZZ, SELECTION, PartSelection(JAZZ, OPTIMISED)):
        assert are_equal(sent(argument), argument)
    assert sent(chosen).content == chosen.content
