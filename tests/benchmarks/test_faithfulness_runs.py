"""Benchmark of faithfulness: metrics of the masked audio, for each segment's predicted genre."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import faithfulness, faithfulness_runs
from benchmarks.excerpts import (
    MAX_SEGMENTS,
    Track,
    evenly_spaced,
    explain_excerpt,
    middle_excerpt,
    tracks_of_test_set,
)
from benchmarks.faithfulness import main, summary, table, table_across
from benchmarks.faithfulness_runs import (
    AREAS,
    SHARES,
    across,
    measure,
    with_shuffled_weights,
)
from core.analysis import analyze
from core.audio.io import Audio, load_audio, save_audio
from core.explanation.explain import explain
from core.explanation.masks import evidence
from core.features.spectrogram import FeatureParameters
from core.listening.filtering import Mode, listen
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> list[Track]:
    """A song of two segments and one that does not fill its only segment."""
    folder = tmp_path_factory.mktemp("recordings")
    made = []
    for number, duration_s in enumerate((6.2, 2.5)):
        file = folder / f"rock.{number:05d}.wav"
        save_audio(Audio(song_samples(duration_s, seed=number)), file)
        made.append(Track(file.stem, "rock", file, number))
    return made


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of runs, and only the methods that cost little."""
    methods = {name: faithfulness_runs.METHODS[name] for name in ("shap", "gradient", "random")}
    monkeypatch.setattr(faithfulness_runs, "RUNS_DIR", tmp_path)
    monkeypatch.setattr(faithfulness_runs, "METHODS", methods)
    monkeypatch.setattr(faithfulness, "METHODS", methods)
    return tmp_path


def test_recordings_of_the_test_set_are_found_and_full_ones_preferred(tmp_path: Path) -> None:
    names = {"full": ["blues.00020"], "clip": ["blues.00020", "blues.00012", "blues.00000"]}
    for kind, recordings in names.items():
        for name in recordings:
            file = tmp_path / "audio" / kind / "blues" / f"{name}.ogg"
            file.parent.mkdir(parents=True, exist_ok=True)
            file.touch()
    found = tracks_of_test_set(tmp_path)
    assert [(track.name, track.file.parent.parent.name) for track in found] == [
        ("blues.00012", "clip"),
        ("blues.00020", "full"),
    ]


def test_the_middle_of_a_song_has_no_remainder(tiny_cnn: SpectrogramModel) -> None:
    song = Audio(song_samples(14.0))
    piece = middle_excerpt(song, FeatureParameters())
    answer = analyze(piece, tiny_cnn)
    assert len(answer.starts_s) == MAX_SEGMENTS
    assert answer.ends_s[-1] == pytest.approx(piece.duration_s, abs=1e-4)
    before = (len(song.samples) - len(piece.samples)) // 2
    np.testing.assert_array_equal(piece.samples, song.samples[before:][: len(piece.samples)])
    short = Audio(song_samples(2.0))
    np.testing.assert_array_equal(middle_excerpt(short, FeatureParameters()).samples, short.samples)


def test_each_segment_is_explained_for_its_own_genre(tiny_cnn: SpectrogramModel) -> None:
    song = Audio(np.concatenate([song_samples(6.0, seed=seed) for seed in range(3)]))
    probabilities = analyze(song, tiny_cnn).probabilities
    assert len(set(probabilities.argmax(axis=1))) > 1
    piece = explain_excerpt(song, tiny_cnn)
    assert sorted(piece.whole.segments) == list(range(len(probabilities)))
    np.testing.assert_allclose(piece.original, probabilities[piece.whole.segments], atol=1e-6)
    np.testing.assert_array_equal(piece.genre, piece.original.argmax(axis=1))
    row = len(piece.whole) - 1
    alone = explain(
        song,
        tiny_cnn,
        target=tiny_cnn.genres[piece.genre[row]],
        segments=[int(piece.whole.segments[row])],
    )
    np.testing.assert_allclose(piece.whole.mel[row], alone.mel[0], atol=1e-5)


def test_figures_are_means_over_the_audio_of_all_segments(
    tiny_cnn: SpectrogramModel, tracks: list[Track], few: Path
) -> None:
    metrics = summary(tiny_cnn, tracks)
    assert (metrics["tracks"], metrics["segments"]) == (2, 3)
    assert metrics["segments_per_genre"]["rock"] == 3
    losses: dict[Mode, list[float]] = {"keep": [], "remove": []}
    for track in tracks:
        piece = explain_excerpt(load_audio(track.file), tiny_cnn)
        ranking = np.concatenate([evidence(part) for part in piece.parts])
        for mode, found in losses.items():
            heard = listen(piece.audio, piece.whole, keep=0.2, mode=mode, ranking=ranking)
            after = analyze(heard, tiny_cnn).probabilities[piece.whole.segments]
            found += (piece.original - after)[np.arange(len(after)), piece.genre].tolist()
    shap = metrics["methods"]["shap"]
    position = 1 + SHARES.index(0.2)
    assert shap["0.2"]["FF"] == pytest.approx(np.mean(losses["remove"]), abs=2e-3)
    assert shap["kept"][-1] - shap["kept"][position] == pytest.approx(
        np.mean(losses["keep"]), abs=2e-3
    )
    assert shap["kept"][-1] == shap["removed"][0]
    assert shap["kept"][0] == shap["removed"][-1]
    assert metrics["methods"]["random"]["randomised"] is None
    text = table(tiny_cnn.name, metrics)
    assert all(name in text for name in (*faithfulness_runs.METHODS, *map(str, AREAS), "Fid-In"))
    assert f"{shap['insertion']:.3f}" in text
    json.dumps(metrics, allow_nan=False)


def test_an_interrupted_run_continues_where_it_stopped(
    tiny_cnn: SpectrogramModel, tracks: list[Track], few: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(*_: object) -> np.ndarray:
        raise KeyboardInterrupt

    methods = faithfulness_runs.METHODS
    monkeypatch.setattr(faithfulness_runs, "METHODS", methods | {"random": killed})
    with pytest.raises(KeyboardInterrupt):
        measure(tiny_cnn, tracks)
    # What was done is not done again.
    monkeypatch.setattr(faithfulness_runs, "METHODS", methods | {"shap": killed})
    rows = measure(tiny_cnn, tracks[:1])
    assert set(rows[0]) == {"segments", *methods}
    with pytest.raises(KeyboardInterrupt):
        measure(tiny_cnn, tracks)


def test_models_are_tested_on_the_parts_of_each_other(
    tiny_cnn: SpectrogramModel, tiny_cnn_lstm: SpectrogramModel, tracks: list[Track], few: Path
) -> None:
    models = [tiny_cnn, tiny_cnn_lstm]
    rows = [measure(model, tracks) for model in models]
    matrix = across(models, tracks)
    for model, metrics in zip(models, rows, strict=True):
        own = matrix[model.name][model.name]
        assert own["original"]["same_genre"] == 1
        counts = [row["segments"] for row in metrics]
        fidelity = [row["shap"]["0.2"]["Fid-In"] for row in metrics]
        assert own["kept"]["same_genre"] == pytest.approx(np.average(fidelity, weights=counts))
        loss = [row["shap"]["0.2"]["FF"] for row in metrics]
        assert own["original"]["probability"] - own["removed"]["probability"] == pytest.approx(
            np.average(loss, weights=counts), abs=1e-5
        )
    assert matrix["cnn"]["cnn_lstm"] != matrix["cnn"]["cnn"]
    assert table_across(matrix).count("predicts") == 4


def test_runs_of_single_models_are_merged_and_a_run_of_both_compares_them(
    tiny_cnn: SpectrogramModel,
    tiny_cnn_lstm: SpectrogramModel,
    tracks: list[Track],
    few: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = {"cnn": tiny_cnn, "cnn_lstm": tiny_cnn_lstm}
    monkeypatch.setattr(faithfulness, "load_spectrogram_model", models.get)
    monkeypatch.setattr(faithfulness, "list_models", lambda: [m.card for m in models.values()])
    monkeypatch.setattr(faithfulness, "tracks_of_test_set", lambda folder: tracks[1:])
    monkeypatch.setattr(faithfulness, "RUNS_DIR", few)
    monkeypatch.setattr(faithfulness, "RESULT", few / "result.json")

    def run(*arguments: str) -> None:
        monkeypatch.setattr("sys.argv", ["faithfulness.py", "--data", "here", *arguments])
        main()

    def result() -> dict[str, Any]:
        return json.loads((few / "result.json").read_text(encoding="utf-8"))

    run("--tracks", "1")
    assert not (few / "result.json").exists()
    run("--models", "cnn_lstm")
    assert list(result()["models"]) == ["cnn_lstm"]
    run("--models", "cnn")
    assert list(result()["models"]) == ["cnn", "cnn_lstm"]
    assert result()["across"] is None
    assert result()["models"]["cnn"]["segments"] == 1
    run()
    assert set(result()["across"]) == {"cnn", "cnn_lstm"}
    assert "genres" not in result()  # it would be taken for a model card


def test_a_shuffled_model_has_the_same_weights_elsewhere(tiny: SpectrogramModel) -> None:
    copy = with_shuffled_weights(tiny, seed=0)
    for before, after in zip(
        tiny.network.trainable_weights, copy.network.trainable_weights, strict=True
    ):
        np.testing.assert_array_equal(np.sort(before, axis=None), np.sort(after, axis=None))
    answers = (model.predict_logmel(tiny.background.logmel) for model in (tiny, copy))
    assert np.abs(np.subtract(*answers)).max() > 0.05


def test_a_few_tracks_are_taken_at_equal_distances(tracks: list[Track]) -> None:
    many = tracks * 5
    assert evenly_spaced(many, 4) == [many[index] for index in (0, 3, 6, 9)]
    assert evenly_spaced(many, 99) == many
