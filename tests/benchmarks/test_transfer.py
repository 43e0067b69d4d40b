"""The benchmark of transfer: from its command line to its file, on two small networks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from benchmarks import transfer
from core.audio.io import Audio, save_audio
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples

TRACKS = ("blues.00012", "rock.00010")  # of the test set


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["transfer.py", *map(str, arguments)])
    transfer.main()


@pytest.fixture
def data(
    tmp_path: Path,
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with two recordings, and two networks."""
    for seed, name in enumerate(TRACKS):
        file = tmp_path / "audio" / "full" / name.split(".")[0] / f"{name}.ogg"
        save_audio(Audio(song_samples(7.0, seed=seed)), file)
    models = {"cnn": tiny_cnn, "cnn_lstm": tiny_cnn_lstm}
    monkeypatch.setattr(transfer, "RESULT", tmp_path / "transfer.json")
    monkeypatch.setattr(transfer, "list_models", lambda: [each.card for each in models.values()])
    monkeypatch.setattr(transfer, "load_spectrogram_model", models.__getitem__)
    return tmp_path


def result(data: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((data / "transfer.json").read_text(encoding="utf-8"))
    return content


def test_every_network_classifies_the_part_that_convinces_another_one(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--data", data, "--segments", 2)
    found = result(data)
    assert found["sufficient"] == 0.9
    assert set(found["explained"]) == {"cnn", "cnn_lstm"}
    for name, entry in found["explained"].items():
        assert entry["segments"] == entry["sufficient"]["segments"] == 2
        assert 0.01 <= entry["sufficient"]["area"] <= 1
        assert set(entry["others"]) == {"cnn", "cnn_lstm"}
        for other, row in entry["others"].items():
            assert set(row["kept"]) == set(row["random"]) == {"explained", "own"}
            for cell in (*row["kept"].values(), *row["random"].values()):
                assert cell["interval"][0] <= cell["share"] <= cell["interval"][1]
            if other == name:  # its own genre is the explained one
                assert row["original"]["explained"]["share"] == 1
                assert row["kept"]["own"] == row["kept"]["explained"]
    assert "cnn_lstm: 2 segments; sufficient" in capsys.readouterr().out


def test_one_turn_leaves_the_others_as_they_are_and_a_dry_run_writes_nothing(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {"explained": {"gru": {"weights": "abc"}}}
    (data / "transfer.json").write_text(json.dumps(stored), encoding="utf-8")
    run(monkeypatch, "--data", data, "--segments", 1, "--models", "cnn", "--dry-run")
    assert result(data) == stored
    run(monkeypatch, "--data", data, "--segments", 1, "--models", "cnn")
    assert list(result(data)["explained"]) == ["cnn", "gru"]
    assert result(data)["explained"]["gru"] == {"weights": "abc"}


def test_an_unknown_network_and_an_empty_folder_are_refused(
    data: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--data", data, "--models", "svm")
    assert "not a network on short segments: svm" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        run(monkeypatch, "--data", tmp_path / "empty")
    assert "there are no recordings" in capsys.readouterr().err


def test_networks_on_whole_clips_are_left_out() -> None:
    names = set(transfer.networks())
    assert {"cnn", "cnn_lstm", "musicnn"} <= names
    assert "crnn" not in names
    assert "svm" not in names
