"""Records: one card, one row of scores and one file of predictions for every kind of model."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import split_tracks
from core.evaluation.metrics import evaluate
from core.evaluation.predictions import load_predictions
from core.features import yamnet
from core.models.cards import read_card
from core.models.registry import MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.training import records
from core.training.records import (
    Folders,
    Result,
    describe_data,
    measure_cost,
    model_card,
    record,
)


def result_of(name: str, tracks: TrackSet, protocol: str = "artist") -> Result:
    """A result whose predictions are random."""
    split = split_tracks(tracks, protocol)
    random = np.random.default_rng(0)

    def predicted(n: int) -> np.ndarray:
        return random.dirichlet(np.ones(len(GENRES)), size=n)

    probabilities = predicted(len(split.test))
    metrics = evaluate(probabilities, tracks.labels[split.test.track], split.test.track)
    return Result(
        name=name,
        tracks=tracks,
        split=split,
        seed=3,
        segments=split.test,
        probabilities=probabilities,
        scores={"temperature": 1.5, "training_s": 2, "valid": metrics, "test": metrics},
        validation=(predicted(len(split.valid)), split.valid),
    )


@pytest.fixture
def folders(tmp_path: Path) -> Folders:
    return Folders(tmp_path / "models", tmp_path / "runs", tmp_path / "cache")


def scores(folders: Folders) -> dict[str, Any]:
    return json.loads((folders.models / "scores.json").read_text(encoding="utf-8"))


def test_a_card_describes_model_data_and_scores(few_tracks: TrackSet) -> None:
    result = result_of("bilstm", few_tracks)
    data = describe_data(result.split, few_tracks, 3, "audio files", with_teacher=False)
    card = model_card(result, few_tracks.parameters, data, reads="sequence")
    assert card["name"] == "bilstm"
    assert card["title"] == MODELS["bilstm"].title
    assert card["genres"] == list(GENRES)
    assert card["features"]["hop_length"] == 915
    assert card["temperature"] == 1.5
    assert card["reads"] == "sequence"
    assert card["data"] == data
    assert card["metrics"] == {
        "protocol": "artist",
        "test": result.scores["test"],
        "valid": result.scores["valid"],
    }
    json.dumps(card, allow_nan=False)


def test_the_data_are_described_by_numbers_of_tracks_and_segments(few_tracks: TrackSet) -> None:
    split = split_tracks(few_tracks, "artist")
    half = split.test.where(np.arange(10))
    described = describe_data(
        split, few_tracks, 3, "audio files", with_teacher=True, predicted={"test": half}
    )
    assert described["train"] == {"tracks": 10, "segments": 20}
    assert described["test"] == {"tracks": len(set(half.track.tolist())), "segments": 10}
    assert described["tracks"] == len(few_tracks)
    assert described["teacher"].startswith("MSD-musicnn")
    assert (described["protocol"], described["seed"]) == ("artist", 3)


def test_the_artist_protocol_writes_model_scores_and_predictions(
    folders: Folders, few_tracks: TrackSet, tiny_cnn: SpectrogramModel, capsys: Any
) -> None:
    result = result_of("cnn", few_tracks)
    record(result, folders, lambda: tiny_cnn)
    row = scores(folders)["cnn/artist"]
    assert row["title"] == "CNN"
    assert row["seed"] == 3
    assert row["test"] == result.scores["test"]
    assert set(row["report"]) == set(GENRES)
    assert row["bytes"] > 0
    assert row["ms_per_segment"] > 0
    card = read_card(folders.models / "cnn.json")
    assert card["weights"]["bytes"] + card["background"]["bytes"] == row["bytes"]
    test = load_predictions(folders.models, "cnn", "artist")
    np.testing.assert_allclose(test.probabilities, result.probabilities, atol=1e-3)
    np.testing.assert_array_equal(test.labels, result.labels)
    valid = load_predictions(folders.validation, "cnn", "artist")
    assert len(valid.labels) == len(result.split.valid)
    assert "cnn, artist: 10 tracks" in capsys.readouterr().out


def test_other_protocols_write_no_model(folders: Folders, many_tracks: TrackSet) -> None:
    def package() -> SpectrogramModel:
        raise AssertionError("a model was built")

    record(replace(result_of("svm", many_tracks, "track"), validation=None), folders, package)
    assert "bytes" not in scores(folders)["svm/track"]
    assert not list(folders.models.glob("svm.json"))
    assert not folders.validation.exists()


@pytest.mark.parametrize("downloaded", [True, False])
def test_a_model_is_timed_only_if_its_pretrained_network_is_available(
    folders: Folders,
    few_tracks: TrackSet,
    tiny_cnn: SpectrogramModel,
    downloaded: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(yamnet, "is_available", lambda: downloaded)
    monkeypatch.setattr(records, "measure_cost", lambda model: {"ms_per_segment": 1.0})
    record(result_of("yamnet_cnn", few_tracks), folders, lambda: tiny_cnn)
    assert ("ms_per_segment" in scores(folders)["yamnet_cnn/artist"]) == downloaded


def test_the_cost_is_the_median_time_of_a_segment(
    tiny_cnn: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    ends = iter([0.0, 1.0, 0.0, 9.0, 0.0, 2.0, 0.0, 3.0, 0.0, 1.0])
    monkeypatch.setattr(records, "analyze", lambda song, model: None)
    monkeypatch.setattr(time, "perf_counter", lambda: next(ends))
    monkeypatch.setitem(tiny_cnn.card, "weights", {"bytes": 100})
    monkeypatch.setitem(tiny_cnn.card, "background", {"bytes": 20})
    assert measure_cost(tiny_cnn) == {"bytes": 120, "ms_per_segment": 200.0}
