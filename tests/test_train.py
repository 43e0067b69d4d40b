"""The training command: what it refuses, and a smoke run from archive to served model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import train
from core.evaluation.scores import SCORES_FILE
from core.explanation.genre_profiles import load_profiles
from core.models.registry import TITLES
from core.models.store import load_model
from tests.archives import archive, audio_folder, some_track_ids


@pytest.fixture(autouse=True)
def own_runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "RUNS_DIR", tmp_path / "runs")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--logmel", "a.npz", "--data", "b"],
        ["--logmel", "a.npz", "--epochs", "0"],
        ["--logmel", "a.npz", "--hop-length", "512"],
        ["--data", "b", "--hop-length", "7"],
        ["--data", "b", "--models", "perceptron"],
        ["--logmel", "a.npz", "--models", "musicnn"],
        ["--logmel", "a.npz", "--models", "yamnet_cnn"],
        ["--data", "b", "--models", "svm_songs"],
        ["--logmel", "a.npz", "--models", "svm", "--pca", "2"],
    ],
)
def test_a_wrong_command_line_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(arguments)
    assert stop.value.code == 2


def test_data_that_is_not_there_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--data", str(tmp_path)]) == 1
    assert "genres as folders" in capsys.readouterr().err
    assert train.main(["--logmel", str(tmp_path / "none.npz")]) == 1
    assert "not an archive" in capsys.readouterr().err


def test_a_folder_is_decoded_once(tmp_path: Path) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1)
    options = train.parse_arguments(["--data", str(folder), "--hop-length", "512"])
    first = train.read_tracks(options)
    (kept,) = (tmp_path / "runs").glob("tracks-*.npz")
    written = kept.stat().st_mtime_ns
    again = train.read_tracks(options)
    assert kept.stat().st_mtime_ns == written
    assert np.array_equal(first.frames, again.frames)
    assert first.parameters.segment_frames == 130


def test_a_smoke_run_trains_measures_and_writes_models_that_load(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_side=2))
    out = tmp_path / "models"
    arguments = ["--logmel", str(file), "--out", str(out), "--smoke"]
    assert train.main(arguments) == 0
    scores = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))
    assert set(scores) == {"cnn/artist", "cnn_lstm/artist", "mcnemar/artist"}
    for name in ("cnn", "cnn_lstm"):
        model = load_model(out / f"{name}.json")
        assert model.card["metrics"]["test"] == scores[f"{name}/artist"]["test"]
        assert model.card["data"]["test"]["tracks"] == 20
        rows = model.predict(np.zeros((2, 72, 13), dtype=np.float32))
        assert np.allclose(rows.sum(axis=1), 1, atol=1e-5)
        assert model.background.weights.sum() == pytest.approx(1)
    capsys.readouterr()
    assert train.main([*arguments, "--resume"]) == 0
    assert "cnn_lstm, artist: 20 tracks" in capsys.readouterr().out
    few = ["--logmel", str(file), "--out", str(out), "--models", "cnn", "--explain"]
    monkeypatch.setattr("core.training.experiment.PROFILE_SEGMENTS", 1)
    assert train.main(few) == 0
    profiles = load_profiles(out / "cnn.profiles.npz")
    assert profiles.segments.tolist() == [1] * 10
    assert profiles.bands.shape == (10, 128)


def test_there_is_nothing_to_explain_without_models(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_side=1))
    assert train.main(["--logmel", str(file), "--out", str(tmp_path), "--explain"]) == 1
    assert "There is no model 'cnn'" in capsys.readouterr().err


def test_all_is_what_can_be_trained_with_what_is_given() -> None:
    few = train.parse_arguments(["--logmel", "a.npz", "--models", "all"]).models
    assert {"cnn", "crnn", "bilstm", "svm"} <= set(few)
    assert not {"musicnn", "ensemble", "combined", "svm_songs"} & set(few)
    given = ["--data", "b", "--models", "all", "--musicnn", "m", "--table", "t.csv"]
    options = train.parse_arguments(given)
    assert options.models == list(TITLES)
    assert options.recordings == [Path("b")]


def test_models_of_numbers_leave_figures_and_a_table_of_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_side=6))
    out = tmp_path / "models"
    arguments = ["--logmel", str(file), "--out", str(out), "--models", "svm"]
    assert train.main([*arguments, "--protocol", "all"]) == 0
    scores = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))
    assert set(scores) == {"svm/artist", "svm/track", "svm/segment"}
    assert scores["svm/artist"]["bytes"] > 0
    header, row = capsys.readouterr().out.splitlines()[-2:]
    assert header.split() == ["minutes", "of", "training", "artist", "track", "segment"]
    assert row.split()[0] == "svm"
    assert len(row.split()) == 4
