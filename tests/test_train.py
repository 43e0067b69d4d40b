"""The training command: what it rejects, and a test run from archive to stored models."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import train
from core.constants import PROJECT_DIR
from core.evaluation.scores import SCORES_FILE
from core.explanation.genre_profiles import load_profiles
from core.models.registry import MODELS
from core.models.store import load_model, load_spectrogram_model
from tests.archives import archive, audio_folder, some_track_ids

pytestmark = pytest.mark.usefixtures("unoptimised_graphs")


@pytest.fixture(autouse=True)
def own_runs_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(train, "RUNS_DIR", tmp_path / "runs")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        ([], "one of the arguments --data --logmel is required"),
        (["--logmel", "a.npz", "--data", "b"], "not allowed with"),
        (["--logmel", "a.npz", "--epochs", "0"], "--epochs must be at least 1, not 0"),
        (["--logmel", "a.npz", "--hop-length", "512"], "applies to --data only"),
        (["--data", "b", "--hop-length", "7"], "--hop-length must be between 64 and 4096, not 7"),
        (["--data", "b", "--models", "perceptron"], "invalid choice: 'perceptron'"),
        (["--logmel", "a.npz", "--models", "musicnn"], "musicnn needs --musicnn FOLDER"),
        (["--data", "b", "--models", "ensemble"], "ensemble needs --musicnn FOLDER"),
        (["--logmel", "a.npz", "--models", "yamnet_cnn"], "yamnet_cnn needs --recordings FOLDER"),
        (["--data", "b", "--models", "svm_songs"], "svm_songs needs --table FILE"),
        (["--logmel", "a.npz", "--models", "svm", "--pca", "2"], "--pca must be between 0 and 1"),
    ],
)
def test_a_wrong_command_line_is_rejected_with_a_reason(
    arguments: list[str], reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        train.main(arguments)
    assert stop.value.code == 2
    assert reason in capsys.readouterr().err


def test_missing_data_are_reported_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert train.main(["--data", str(tmp_path)]) == 1
    assert "genres as subfolders" in capsys.readouterr().err
    assert train.main(["--logmel", str(tmp_path / "none.npz")]) == 1
    assert "not an archive" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["--models", "svm_songs", "--table", "none.csv"], "none.csv is not"),
        (["--models", "yamnet_cnn", "--recordings", "none"], "none contains no training data"),
        (
            ["--models", "musicnn", "--musicnn", "none", "--recordings", "none"],
            "contains no weights",
        ),
        (["--models", "mlp", "--taggrams", "none.npz"], "none.npz: No such file or directory"),
    ],
)
def test_files_that_do_not_exist_are_reported_in_a_sentence(
    options: list[str], reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1), 730)
    arguments = ["--logmel", str(file), "--out", str(tmp_path / "models"), *options]
    assert train.main(arguments) == 1
    assert reason in capsys.readouterr().err


def test_a_folder_is_decoded_once(tmp_path: Path) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1)
    options = train.parse_arguments(["--data", str(folder), "--hop-length", "512"])
    first = train.read_tracks(options)
    (stored,) = (tmp_path / "runs").glob("tracks-*.npz")
    written = stored.stat().st_mtime_ns
    again = train.read_tracks(options)
    assert stored.stat().st_mtime_ns == written
    assert np.array_equal(first.frames, again.frames)
    assert first.parameters.segment_frames == 130


def test_other_data_have_checkpoints_of_their_own(tmp_path: Path) -> None:
    def folder(*arguments: object) -> Path:
        return train.run_folder(train.parse_arguments([str(each) for each in arguments]), "artist")

    file, copy = tmp_path / "a.npz", tmp_path / "b.npz"
    for path in (file, copy):
        path.write_bytes(b"some data")
    key = folder("--logmel", file)
    assert folder("--logmel", copy) == key
    assert folder("--logmel", file, "--taggrams", copy) != key
    assert folder("--logmel", file, "--seed", 1) != key
    assert folder("--logmel", file, "--smoke") != key
    file.write_bytes(b"other data")
    assert folder("--logmel", file) != key


def test_a_test_run_trains_and_measures_writes_models_and_explains_them(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=2))
    out = tmp_path / "models"
    arguments = ["--logmel", str(file), "--out", str(out), "--smoke"]
    assert train.main(arguments) == 0
    scores = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))
    assert set(scores) == {"cnn/artist", "cnn_lstm/artist", "mcnemar/artist"}
    for name in ("cnn", "cnn_lstm"):
        model = load_spectrogram_model(out / f"{name}.json")
        assert model.card["metrics"]["test"] == scores[f"{name}/artist"]["test"]
        assert model.card["data"]["test"]["tracks"] == 20
        probabilities = model.predict(np.zeros((2, 72, 13), dtype=np.float32))
        assert np.allclose(probabilities.sum(axis=1), 1, atol=1e-5)
        assert model.background.weights.sum() == pytest.approx(1)
    capsys.readouterr()
    assert train.main([*arguments, "--resume"]) == 0
    assert "cnn_lstm, artist: 20 tracks" in capsys.readouterr().out
    again = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))
    for name in ("cnn", "cnn_lstm"):
        assert again[f"{name}/artist"]["test"] == scores[f"{name}/artist"]["test"]
    assert train.main([*arguments, "--models", "cnn", "--explain"]) == 0
    profiles = load_profiles(out / "cnn.profiles.npz")
    assert profiles.segments.tolist() == [1] * 10
    assert profiles.bands.shape == (10, 128)


def scores_of(out: Path, name: str = "mlp/artist") -> dict[str, Any]:
    scores: dict[str, Any] = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))[name]
    return scores


def test_a_resumed_run_with_other_options_is_refused_or_starts_anew(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))
    out = tmp_path / "models"
    arguments = ["--logmel", str(file), "--out", str(out), "--models", "mlp", "--epochs", "1"]
    assert train.main([*arguments, "--resume"]) == 0
    assert "Starting anew" in capsys.readouterr().err
    before = scores_of(out)
    assert train.main([*arguments[:-1], "2", "--resume"]) == 1
    captured = capsys.readouterr()
    assert "mlp-train belongs to a run with epochs 1, not 2. Repeat that run's" in captured.err
    assert captured.err.count("\n") == 1
    assert scores_of(out) == before
    assert train.main([*arguments, "--resume"]) == 0
    assert capsys.readouterr().err == ""
    assert scores_of(out)["test"] == before["test"]
    # A run that is not resumed leaves nothing that a later one could meet.
    (run,) = (tmp_path / "runs").glob("artist-*")
    stale = run / "mlp-refit" / "history.json"
    stale.write_text(json.dumps([{"epoch": 1, "loss": 0.0}]))
    assert train.main([*arguments, "--resume"]) == 1
    assert "does not belong to the checkpoint beside it" in capsys.readouterr().err
    assert train.main(arguments) == 0
    assert scores_of(out)["test"] == before["test"]


def test_a_run_that_is_killed_twice_has_the_result_of_an_uninterrupted_one(tmp_path: Path) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))

    def command(name: str, *more: str) -> list[str]:
        program = (
            "import sys, train; from pathlib import Path; train.RUNS_DIR = Path(sys.argv[1]); "
            "sys.exit(train.main(sys.argv[2:]))"
        )
        arguments = ["--logmel", str(file), "--out", str(tmp_path / name), "--models", "mlp"]
        runs = str(tmp_path / f"{name}-runs")
        return [sys.executable, "-c", program, runs, *arguments, "--epochs", "3", *more]

    def kill_once(pattern: str, *more: str) -> None:
        """Start a run, and kill it as soon as a file exists."""
        with subprocess.Popen(command("killed", *more), cwd=PROJECT_DIR) as process:
            until = time.monotonic() + 600
            while not list((tmp_path / "killed-runs").glob(pattern)):
                assert process.poll() is None, "the run has ended before it could be killed"
                assert time.monotonic() < until
                time.sleep(0.01)
            process.kill()
        assert process.returncode == -signal.SIGKILL
        assert not (tmp_path / "killed" / SCORES_FILE).exists()

    kill_once("*/mlp-train/history.json")
    kill_once("*/mlp-refit/run.json", "--resume")
    for each in (command("killed", "--resume"), command("whole")):
        subprocess.run(each, cwd=PROJECT_DIR, check=True)
    killed, whole = scores_of(tmp_path / "killed"), scores_of(tmp_path / "whole")
    for key in ("test", "valid", "temperature", "epochs"):
        assert killed[key] == whole[key]


@pytest.mark.parametrize("place", ["--out", "runs"])
def test_an_output_folder_is_checked_before_the_data_are_read(
    place: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / ("models" if place == "--out" else "runs")).write_text("a file")
    arguments = ["--logmel", str(tmp_path / "none.npz"), "--out", str(tmp_path / "models")]
    assert train.main(arguments) == 1
    assert "is a file" in capsys.readouterr().err


def test_models_that_do_not_exist_cannot_be_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))
    assert train.main(["--logmel", str(file), "--out", str(tmp_path), "--explain"]) == 1
    assert "There is no model 'cnn'" in capsys.readouterr().err


def test_all_means_the_models_that_the_given_data_suffice_for() -> None:
    few = train.parse_arguments(["--logmel", "a.npz", "--models", "all"]).models
    assert {"cnn", "crnn", "bilstm", "svm"} <= set(few)
    assert not {"musicnn", "ensemble", "combined", "svm_songs"} & set(few)
    given = ["--data", "b", "--models", "all", "--musicnn", "m", "--table", "t.csv"]
    options = train.parse_arguments(given)
    assert options.models == list(MODELS)
    assert options.recordings == [Path("b")]
    explained = train.parse_arguments(["--data", "b", "--models", "all", "--explain"]).models
    assert "cnn" in explained
    assert "svm" not in explained


def test_feature_models_are_measured_under_every_protocol_with_a_table_of_times(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=6))
    out = tmp_path / "models"
    arguments = ["--logmel", str(file), "--out", str(out), "--models", "svm"]
    assert train.main([*arguments, "--protocol", "all"]) == 0
    scores = json.loads((out / SCORES_FILE).read_text(encoding="utf-8"))
    assert set(scores) == {"svm/artist", "svm/track", "svm/segment"}
    assert scores["svm/artist"]["bytes"] > 0
    assert load_model(out / "svm.json").card["reads"] == "vectors"
    header, row = capsys.readouterr().out.splitlines()[-2:]
    assert header.split()[-3:] == ["artist", "track", "segment"]
    assert row.split()[0] == "svm"
    assert len(row.split()) == 4
