"""Every benchmark runs from its command line to its written results, on small data."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import (
    archive_agreement,
    budgets,
    estimator,
    leaderboard,
    resampling,
    table_agreement,
    tables,
)
from core.audio.io import Audio, save_audio
from core.constants import MODELS_DIR, PROJECT_DIR
from core.data.gtzan import quantise
from core.features.gtzan_table import COLUMNS, song_features
from core.features.spectrogram import FeatureParameters, logmel
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_model
from tests.archives import archive, some_track_ids
from tests.synthetic import song_samples, tiny_model

TEST_TRACKS = ("blues.00012", "rock.00010")


def run(module: Any, monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr("sys.argv", [f"{module.__name__}.py", *map(str, arguments)])
    return module.main()


def read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def test_the_estimator_is_compared_with_the_library(
    tiny_cnn: SpectrogramModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    small = {
        "REFERENCE_NODES": 64,
        "SAMPLES": (64, 128, 256),
        "ROWS": 100,
        "AFFORDABLE": 10**9,
        "TRIED": 1,
        "ADDITIVITY_SEGMENTS": 4,
        "BROAD_SEGMENTS": 4,
        "BROAD_NODES": 2,
        "SONG_SEGMENTS": 3,
        "MODELS_DIR": tmp_path,
    }
    for name, value in small.items():
        monkeypatch.setattr(estimator, name, value)
    monkeypatch.setattr(estimator, "load_spectrogram_model", {"cnn": tiny_cnn}.get)
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))
    run(estimator, monkeypatch, "--logmel", file, "--segments", 2, "--models", "cnn")
    figures = read(tmp_path / "estimator.json")
    stored = read(MODELS_DIR / "estimator.json")["cnn"]
    assert list(figures) == ["cnn"]
    assert set(figures["cnn"]) == set(stored)
    assert 0 < figures["cnn"]["ours"]["error"] < 0.2
    assert figures["cnn"]["equal_error"]["tried"] == 1
    assert "reduction in gradients" in capsys.readouterr().out
    assert tables.estimator_table(figures).count("\n") == 2


def test_the_estimator_refuses_models_with_other_segments(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    other = tiny_model("cnn", parameters=FeatureParameters.for_hop_length(512))
    monkeypatch.setattr(estimator, "load_spectrogram_model", {"cnn": other}.get)
    for name in ("ADDITIVITY_SEGMENTS", "BROAD_SEGMENTS", "SONG_SEGMENTS"):
        monkeypatch.setattr(estimator, name, 2)
    file = archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))
    with pytest.raises(SystemExit):
        run(estimator, monkeypatch, "--logmel", file, "--models", "cnn")
    assert "the segments of cnn differ from those of the archive" in capsys.readouterr().err


@pytest.mark.parametrize("swapped", [False, True])
def test_predictions_for_recordings_are_compared_with_the_archive(
    swapped: bool,
    tiny_cnn: SpectrogramModel,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With swapped recordings the goal is missed, which the exit code shows."""
    songs = [song_samples(6.5, seed=seed) for seed in (2, 4)]  # with different predictions
    levels = [quantise(logmel(samples, FeatureParameters())) for samples in songs]
    np.savez(
        tmp_path / "logmel.npz",
        q=np.stack([quanta.T for quanta, _ in levels]),
        track_id=np.array(TEST_TRACKS),
        vmin_db=np.array([floor for _, floor in levels], dtype=np.float32),
    )
    for name, samples in zip(TEST_TRACKS, songs[::-1] if swapped else songs, strict=True):
        genre = name.split(".")[0]
        save_audio(Audio(samples), tmp_path / "audio" / "full" / genre / f"{name}.ogg")
    monkeypatch.setattr(archive_agreement, "models_of_archive", lambda parameters: [tiny_cnn])
    code = run(archive_agreement, monkeypatch, "--data", tmp_path)
    assert code == (1 if swapped else 0)
    equal = "0 of 2" if swapped else "2 of 2"
    assert f"cnn: same prediction for {equal} songs" in capsys.readouterr().out


def test_the_archive_serves_the_networks_on_its_spectrograms() -> None:
    names = {model.name for model in archive_agreement.models_of_archive(FeatureParameters())}
    assert {"cnn", "cnn_lstm", "mfcc_cnn", "crnn"} <= names
    assert names.isdisjoint({"musicnn", "bilstm", "svm", "yamnet_cnn"})


def test_the_leaderboard_receives_the_cost_of_each_model(
    tiny_cnn: SpectrogramModel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save_model(tiny_cnn, tmp_path)
    scores = {"cnn/artist": {"model": "cnn", "protocol": "artist", "test": {"song": 1}}}
    (tmp_path / "scores.json").write_text(json.dumps(scores), encoding="utf-8")
    monkeypatch.setattr(leaderboard, "MODELS_DIR", tmp_path)
    monkeypatch.setattr(leaderboard, "list_models", lambda: [tiny_cnn.card])
    monkeypatch.setattr(leaderboard, "load_model", {"cnn": tiny_cnn}.get)
    run(leaderboard, monkeypatch)
    row = read(tmp_path / "scores.json")["cnn/artist"]
    assert row["bytes"] == sum(tiny_cnn.card[part]["bytes"] for part in ("weights", "background"))
    assert row["ms_per_segment"] > 0
    assert row["test"] == {"song": 1}


def test_the_tables_replace_only_the_text_between_their_marks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    readme = (PROJECT_DIR / "README.md").read_text(encoding="utf-8")
    outdated = tables.with_table(readme, "budgets", "| old |")
    assert outdated != readme
    (tmp_path / "README.md").write_text(outdated, encoding="utf-8")
    monkeypatch.setattr(tables, "PROJECT_DIR", tmp_path)
    run(tables, monkeypatch)
    assert (tmp_path / "README.md").read_text(encoding="utf-8") == readme


def test_features_are_compared_with_the_published_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rows = []
    for seed, name in enumerate(TEST_TRACKS):
        samples = song_samples(3.0, seed=seed)
        genre = name.split(".")[0]
        save_audio(Audio(samples), tmp_path / "audio" / genre / f"{name}.wav")
        features = dict(zip(COLUMNS, song_features(samples), strict=True))
        rows.append({"filename": f"{name}.wav", "label": genre, **features})
    with open(tmp_path / "table.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, rows[0])
        writer.writeheader()
        writer.writerows(rows)
    monkeypatch.setattr(table_agreement, "MODELS_DIR", tmp_path)
    options = ("--data", tmp_path / "audio", "--table", tmp_path / "table.csv")
    run(table_agreement, monkeypatch, *options)
    found = read(tmp_path / "table_agreement.json")
    assert found["recordings"] == 2
    assert set(found["columns"]) == set(COLUMNS)
    assert found["columns"]["spectral_centroid_mean"]["close"] == 1
    assert "spectral_centroid_mean" in capsys.readouterr().out


def test_the_cost_of_resampling_is_written_on_the_card(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parameters = replace(FeatureParameters(), sample_rate=16_000)
    model = tiny_model("cnn", parameters=parameters)
    save_model(model, tmp_path)
    before = read(tmp_path / "cnn.json")
    for name in TEST_TRACKS:
        file = tmp_path / "audio" / "full" / name.split(".")[0] / f"{name}.ogg"
        save_audio(Audio(song_samples(5.0, sample_rate=44_100), 44_100), file)
    monkeypatch.setattr(resampling, "MODELS_DIR", tmp_path)
    monkeypatch.setattr(resampling, "card_path", lambda name: tmp_path / f"{name}.json")
    monkeypatch.setattr(resampling, "load_model", {"cnn": model}.get)
    run(resampling, monkeypatch, "--data", tmp_path)
    card = read(tmp_path / "cnn.json")
    cost = card.pop("resampling")
    assert card == before
    assert set(cost) == set(read(MODELS_DIR / "musicnn.json")["resampling"])
    assert (cost["from_hz"], cost["recordings"]) == (22_050, len(TEST_TRACKS))
    assert 0 < cost["mean"] <= cost["max"] < 0.05


@pytest.mark.parametrize("module", [budgets, resampling, estimator, archive_agreement])
def test_help_describes_a_benchmark_in_one_sentence(
    module: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        run(module, monkeypatch, "--help")
    assert stop.value.code == 0
    first_line = (module.__doc__ or "").splitlines()[0]
    assert first_line in " ".join(capsys.readouterr().out.split())
