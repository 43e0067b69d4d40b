"""The benchmark of order: from its command line to its file, and what its figures mean."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import order
from benchmarks.intervals import interval_of, mean_entry, mean_interval
from core.data.gtzan import read_archive
from core.models.cards import card_paths
from core.models.spectrogram_models import SpectrogramModel
from tests.archives import archive, some_track_ids


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> None:
    monkeypatch.setattr("sys.argv", ["order.py", *map(str, arguments)])
    order.main()


@pytest.fixture
def file(tmp_path: Path, tiny_cnn: SpectrogramModel, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An archive of one test song of each genre, and a result file of this test."""
    monkeypatch.setattr(order, "RESULT", tmp_path / "order.json")
    monkeypatch.setattr(order, "models_of_archive", lambda parameters: [tiny_cnn])
    monkeypatch.setattr(order, "PAIRINGS", 5)
    return archive(tmp_path / "logmel.npz", some_track_ids(per_subset=1))


def result(file: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(file.with_name("order.json").read_text(encoding="utf-8"))
    return content


def test_every_order_has_its_accuracy_with_interval_and_change(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run(monkeypatch, "--logmel", file, "--shuffles", 2, "--segments", 3)
    found = result(file)
    entry = found["models"]["cnn"]
    assert (found["protocol"], found["seed"]) == ("artist", 0)
    assert card_paths(file.parent) == []  # the results are not taken for a model card
    assert (entry["songs"], entry["segments"], entry["shuffles"]) == (10, 20, 2)
    assert list(entry["shuffled"]) == [str(chunk) for chunk in found["chunks"]]
    for row in (entry["original"], entry["backwards"], *entry["shuffled"].values()):
        for unit in ("segment", "song"):
            part = row[unit]
            assert part["interval"][0] <= part["accuracy"] <= part["interval"][1]
            assert part["change_interval"][0] <= part["change"] <= part["change_interval"][1]
            expected = part["accuracy"] - entry["original"][unit]["accuracy"]
            assert part["change"] == pytest.approx(expected)
    timing = entry["timing"]
    assert timing["segments"] == 3
    assert len(timing["correlations"]) == 25
    assert timing["lag_interval_ms"][0] <= timing["lag_ms"] <= timing["lag_interval_ms"][1]
    assert 0 < timing["half_share"]["mean"] <= 0.5
    assert "chunks of 36" in capsys.readouterr().out


def test_the_accuracy_in_the_original_order_is_that_of_the_predictions(
    file: Path, tiny_cnn: SpectrogramModel
) -> None:
    tracks = read_archive(file)
    songs = order.songs_of_test_set(tracks)
    found = order.measured_order(tiny_cnn, tracks, songs, shuffles=1)
    hits, votes = [], []
    for track in songs:
        probabilities = tiny_cnn.predict_logmel(order.segments_of(tracks, track, tiny_cnn))
        hits += list(probabilities.argmax(axis=1) == tracks.labels[track])
        votes.append(probabilities.mean(axis=0).argmax() == tracks.labels[track])
    assert found["original"]["segment"]["accuracy"] == pytest.approx(np.mean(hits))
    assert found["original"]["song"]["accuracy"] == pytest.approx(np.mean(votes))


def test_entries_of_other_models_stay_and_a_trial_writes_nothing(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    stored = {"models": {"gru": {"weights": "abc"}}}
    file.with_name("order.json").write_text(json.dumps(stored), encoding="utf-8")
    run(monkeypatch, "--logmel", file, "--shuffles", 1, "--segments", 2, "--songs", 2)
    assert result(file) == stored
    run(monkeypatch, "--logmel", file, "--shuffles", 1, "--segments", 2)
    assert list(result(file)["models"]) == ["cnn", "gru"]
    assert result(file)["models"]["gru"] == {"weights": "abc"}


def test_a_model_on_other_spectrograms_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        run(monkeypatch, "--logmel", file, "--models", "musicnn")
    assert "not a network on these spectrograms: musicnn" in capsys.readouterr().err


def test_intervals_resample_songs() -> None:
    values = np.arange(50.0)
    low, high = mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / np.sqrt(50), rel=0.1)
    assert mean_interval([3.0, 3.0]) == [3.0, 3.0]
    heavy = mean_interval([0.0, 1.0], [1, 9])
    assert heavy == [0.0, 1.0]  # either song may be drawn twice
    assert interval_of(lambda rows: float(values[rows].mean()), 50) == pytest.approx([low, high])
    assert mean_entry([1.0, 1.0]) == {"mean": 1.0, "interval": [1.0, 1.0]}
