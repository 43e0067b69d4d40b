"""Benchmark of localisation: which mixes count, what is measured, and what is written."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import mix_pairs, mix_runs, mixes
from benchmarks.excerpts import Track, tracks_of_test_set
from benchmarks.mix_pairs import (
    KINDS,
    MIN_PROBABILITY,
    MIN_SHARE,
    MixCase,
    Piece,
    cases,
    classified_correctly,
    gate_of,
    pieces_of,
    with_level,
)
from benchmarks.mix_runs import FEW_METHODS, METHODS, copies_of, measure
from core.analysis import analyze
from core.audio.io import Audio, save_audio
from core.constants import DEFAULT_KEEP
from core.explanation.explain import explain
from core.explanation.masks import importance_mask
from core.features.spectrogram import FeatureParameters
from core.listening.mixing import BandGate, TimeGate, mix_songs, open_cells, target_cells
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples

# Names in the test set of unseen artists.
NAMES = ("blues.00012", "classical.00011", "rock.00010", "metal.00015")
CHEAP = ("shap", "shap_mel", "random", "level", "other_genre", "random_weights")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Recordings of four songs, of two segments each, as in the data set."""
    root = tmp_path_factory.mktemp("gtzan")
    for seed, name in enumerate(NAMES):
        file = root / "audio" / "full" / name.split(".")[0] / f"{name}.ogg"
        save_audio(Audio(song_samples(5.9, seed=seed)), file)
    return root


@pytest.fixture(scope="module")
def pieces(folder: Path) -> list[Piece]:
    return pieces_of(tracks_of_test_set(folder))


@pytest.fixture
def small(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A folder of runs, methods that cost little, and a model that is right about every piece."""
    few = {name: METHODS[name] for name in CHEAP}
    monkeypatch.setattr(mix_runs, "RUNS_DIR", tmp_path / "runs")
    for module in (mix_runs, mixes):
        monkeypatch.setattr(module, "METHODS", few)
    monkeypatch.setattr(mix_runs, "RANDOM_COPIES", 1)
    monkeypatch.setattr(mix_pairs, "MIN_PROBABILITY", 0.0)
    monkeypatch.setattr(mixes, "classified_correctly", lambda _, pieces: [True] * len(pieces))
    monkeypatch.setattr(mixes, "RESULT", tmp_path / "mixes.json")
    return tmp_path


def drawn(model: SpectrogramModel, pieces: list[Piece], kind: str, count: int) -> list[MixCase]:
    return list(cases(model, pieces, [True] * len(pieces), kind, count, Counter()))


def test_a_piece_is_one_segment(pieces: list[Piece], tiny_cnn: SpectrogramModel) -> None:
    assert [(piece.track.name, piece.number) for piece in pieces] == [
        (name, number) for name in sorted(NAMES) for number in (0, 1)
    ]
    for piece in pieces:
        assert len(analyze(piece.audio, tiny_cnn).probabilities) == 1


def test_short_remainders_are_no_pieces(tmp_path: Path) -> None:
    made = []
    for duration_s, count in ((0.6, 0), (2.0, 1), (4.2, 1), (5.0, 2)):
        file = tmp_path / f"{duration_s}.wav"
        save_audio(Audio(song_samples(duration_s)), file)
        assert len(pieces_of([Track("rock.00010", "rock", file, 0)])) == count
        made.append(file)


def test_pieces_count_if_the_model_is_right_about_them(
    pieces: list[Piece], tiny_cnn: SpectrogramModel
) -> None:
    right = classified_correctly(tiny_cnn, pieces)
    genres = [analyze(piece.audio, tiny_cnn).genre for piece in pieces]
    assert right == [
        genre == piece.track.genre for genre, piece in zip(genres, pieces, strict=True)
    ]


@pytest.mark.parametrize("place", [0.0, 0.4, 0.999])
def test_gates_open_half_of_the_seconds_or_bands(place: float) -> None:
    seconds = gate_of("seconds", place, 2.4)
    assert isinstance(seconds, TimeGate)
    assert 0 <= seconds.start_s < seconds.end_s <= 2.4
    assert seconds.end_s - seconds.start_s == pytest.approx(1.2)
    bands = gate_of("bands", place, 2.4)
    assert isinstance(bands, BandGate)
    mix = mix_songs(Audio(song_samples(2.0)), Audio(song_samples(2.0, seed=1)), bands)
    inside = open_cells(mix, FeatureParameters())[0, 0]
    assert inside.sum() == 64
    assert inside.argmax() == int(place * 65)


@pytest.mark.parametrize("kind", KINDS)
def test_the_genres_of_the_targets_take_turns(
    kind: str, tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path
) -> None:
    found = drawn(tiny_cnn, pieces, kind, 8)
    genres = [case.target.track.genre for case in found]
    assert genres[:4] == ["blues", "classical", "metal", "rock"]
    assert max(Counter(genres).values()) - min(Counter(genres).values()) <= 1
    assert all(case.other.track.genre != case.target.track.genre for case in found)
    again = drawn(tiny_cnn, pieces, kind, 8)
    assert [case.key for case in again] == [case.key for case in found]
    np.testing.assert_array_equal(again[3].mix.audio.samples, found[3].mix.audio.samples)


def test_a_song_is_the_target_of_few_mixes(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mix_pairs, "MOST_PER_SONG", 2)
    monkeypatch.setattr(mix_pairs, "MOST_DRAWS", 60)
    found = drawn(tiny_cnn, pieces, "seconds", 100)
    assert Counter(case.target.track.name for case in found) == dict.fromkeys(NAMES, 2)


def test_mixes_without_a_prediction_to_explain_are_dropped_and_counted(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mix_pairs, "MOST_DRAWS", 40)
    usable = [piece.track.genre != "rock" for piece in pieces]
    dropped: Counter[str] = Counter()
    found = list(cases(tiny_cnn, pieces, usable, "bands", 100, dropped))
    assert dropped["improbable"] > 0
    for case in found:
        genre = tiny_cnn.genres.index(case.target.track.genre)
        assert case.analysis.probabilities[0, genre] >= MIN_PROBABILITY
        assert target_cells(case.mix, tiny_cnn.parameters)[0].mean() >= MIN_SHARE
        assert "rock" not in (case.target.track.genre, case.other.track.genre)
    monkeypatch.setattr(mix_pairs, "MIN_PROBABILITY", 0.0)
    monkeypatch.setattr(mix_pairs, "MIN_SHARE", 1.0)
    assert drawn(tiny_cnn, pieces, "bands", 1) == []


def test_silent_pieces_are_dropped(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mix_pairs, "MOST_DRAWS", 10)
    silent = [Piece(each.track, each.number, Audio(0 * each.audio.samples)) for each in pieces]
    dropped: Counter[str] = Counter()
    assert list(cases(tiny_cnn, silent, [True] * len(silent), "seconds", 3, dropped)) == []
    assert dropped["silent"] == 10 * len(NAMES)


def test_the_results_of_a_mix_are_shares_of_its_cells(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path
) -> None:
    case = drawn(tiny_cnn, pieces, "seconds", 1)[0]
    row = measure(tiny_cnn, case, copies_of(tiny_cnn))
    genre = case.target.track.genre
    explanation = explain(case.mix.audio, tiny_cnn, target=genre)
    frames = int(explanation.filled[0])
    truth = target_cells(case.mix, tiny_cnn.parameters)[0, :frames]
    positive = np.maximum(explanation.mel[0, :frames], 0)
    mask = importance_mask(explanation, keep=DEFAULT_KEEP)[0, :frames]
    assert row["shap_mel"]["mass"] == pytest.approx(positive[truth].sum() / positive.sum())
    assert row["shap"]["kept"] == pytest.approx(truth[mask].mean())
    assert row["chance"] == pytest.approx(truth.mean())
    assert row["random"]["mass"] == pytest.approx(row["chance"], abs=0.03)
    assert row["random"]["gate_kept"] == pytest.approx(row["gate_chance"], abs=0.05)
    assert row["other_genre"] != row["shap"] != row["random_weights"]
    assert row["probability"] == pytest.approx(float(explanation.prediction[0]), abs=1e-6)


@pytest.mark.parametrize("name", sorted(set(METHODS) - set(CHEAP)))
def test_every_method_explains_a_mix(
    name: str,
    tiny_cnn: SpectrogramModel,
    pieces: list[Piece],
    small: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("benchmarks.attribution_methods.LIME_SAMPLES", 50)
    monkeypatch.setattr(mix_runs, "METHODS", METHODS)
    case = drawn(tiny_cnn, pieces, "bands", 1)[0]
    found = measure(tiny_cnn, case, copies_of(tiny_cnn), (name,))[name]
    assert ("mass" in found) == (name not in mix_runs.WITHOUT_MASS)
    assert all(0 <= value <= 1 for value in found.values())


def test_an_interrupted_run_continues_where_it_stopped(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def killed(_: object) -> np.ndarray:
        raise KeyboardInterrupt

    case = drawn(tiny_cnn, pieces, "seconds", 1)[0]
    first = measure(tiny_cnn, case, [], ("shap", "random"))
    monkeypatch.setattr(mix_runs, "METHODS", {**mix_runs.METHODS, "shap": killed})
    row = measure(tiny_cnn, case, [], ("shap", "random", "level"))
    assert {"level"} == set(row) - set(first)
    with pytest.raises(KeyboardInterrupt):
        other = drawn(tiny_cnn, pieces, "seconds", 2)[1]
        measure(tiny_cnn, other, [], ("shap",))


def test_a_louder_target_dominates_more_cells(
    tiny_cnn: SpectrogramModel, pieces: list[Piece], small: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    case = drawn(tiny_cnn, pieces, "seconds", 1)[0]
    louder, quieter = (with_level(tiny_cnn, case, level) for level in (6.0, -6.0))
    assert louder is not None
    assert quieter is not None
    shares = [
        target_cells(each.mix, tiny_cnn.parameters).mean() for each in (quieter, case, louder)
    ]
    assert shares == sorted(shares)
    assert len({each.key for each in (quieter, case, louder)}) == 3
    monkeypatch.setattr(mix_pairs, "MIN_PROBABILITY", 1.1)
    assert with_level(tiny_cnn, case, 6.0) is None


def row_of(song: str, mass: float, random: float) -> dict[str, Any]:
    """Results of a mix, the same for every result of a method."""
    results = {
        name: dict.fromkeys(mixes.RESULTS, value)
        for name, value in (("shap", mass), ("random", random))
    }
    shares = dict.fromkeys(("chance", "gate_chance", "ceiling", "probability"), random)
    return {"target": song, "genre": "rock", "predicted": True, **shares, **results}


def test_intervals_come_from_bootstrapping_songs_and_differences_are_paired() -> None:
    rows = [row_of(f"song {n}", 0.5 + 0.01 * n, 0.2 + 0.01 * n) for n in range(20)]
    found = mixes.statistics(rows, ("shap", "random"))
    assert (found["mixes"], found["songs"], found["genres"]) == (20, 20, {"rock": 20})
    shap = found["methods"]["shap"]["kept"]
    assert shap["mean"] == pytest.approx(0.595)
    assert shap["difference"] == pytest.approx(0.3)
    # The same difference in every mix.
    np.testing.assert_allclose(shap["difference_interval"], 0.3)
    low, high = shap["interval"]
    assert high - low == pytest.approx(2 * 1.96 * 0.0577 / np.sqrt(20), rel=0.15)
    assert found["methods"]["random"]["kept"]["advantage"] == pytest.approx(0.3)
    # Copies of the same songs are no more evidence.
    doubled = mixes.statistics([*rows, *rows], ("shap", "random"))
    assert doubled["methods"]["shap"]["kept"]["interval"] == pytest.approx([low, high])
    assert mixes.statistics([], ("shap",)) == {"mixes": 0, "songs": 0, "genres": {}}


def test_the_benchmark_writes_its_results(
    folder: Path,
    small: Path,
    tiny_cnn: SpectrogramModel,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(mixes, "load_spectrogram_model", {"cnn": tiny_cnn}.get)
    (small / "mixes.json").write_text(json.dumps({"models": {"old": {"mixes": 1}}}))
    arguments = ["mixes.py", "--data", str(folder), "--models", "cnn"]
    monkeypatch.setattr("sys.argv", [*arguments, "--limit", "2"])
    mixes.main()
    assert "cnn: 8 of 8 pieces classified correctly alone" in capsys.readouterr().out
    assert "cnn" not in json.loads((small / "mixes.json").read_text())["models"]
    monkeypatch.setattr("sys.argv", [*arguments, "--mixes", "3"])
    mixes.main()
    written = json.loads((small / "mixes.json").read_text(encoding="utf-8"))
    assert set(written["models"]) == {"old", "cnn"}
    assert (written["seed"], written["keep"]) == (0, DEFAULT_KEEP)
    found = written["models"]["cnn"]
    assert set(found["kinds"]) == {"all", "predicted", *KINDS}
    assert found["kinds"]["all"]["mixes"] == 6
    assert set(found["kinds"]["bands"]["methods"]) == set(CHEAP)
    assert set(found["levels"]) == {"-6", "+6"}
    assert set(found["levels"]["+6"]["equal"]["methods"]) == set(FEW_METHODS)
    random = found["kinds"]["all"]["methods"]["random"]["mass"]
    assert random["difference_interval"] == [0, 0]
    assert "levels" in found
    assert "random_weights" in capsys.readouterr().out


def test_a_folder_without_recordings_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.argv", ["mixes.py", "--data", str(tmp_path)])
    with pytest.raises(SystemExit):
        mixes.main()
    assert "there are no recordings in" in capsys.readouterr().err
