"""A worker analyses songs as the command for single songs does, and accounts for each of them."""

from __future__ import annotations

import json
import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import core.analysis
import core.library.song_files
import core.library.work
from core.audio.io import Audio, save_audio
from core.errors import ModelError
from core.features.spectrogram import logmel
from core.library.finished import Task
from core.library.song_files import FILES, analyze_song
from core.library.walk import find_songs
from core.library.work import Job, analysed, settings_of, work
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_model
from core.storage import sha256
from tests.synthetic import novelty_score, song_samples

# Batches of other sizes change the order of additions, in single precision.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def model(tiny_cnn_lstm: SpectrogramModel) -> SpectrogramModel:
    """A small model with a novelty score."""
    tiny = tiny_cnn_lstm
    return SpectrogramModel(tiny.network, tiny.card, tiny.background, novelty_score(tiny))


@pytest.fixture
def tasks(tmp_path: Path) -> list[Task]:
    """Songs of different lengths, formats and sampling rates, and a broken file."""
    for index, (suffix, rate) in enumerate(
        [("wav", 22_050), ("flac", 44_100), ("ogg", 48_000), ("mp3", 44_100)]
    ):
        samples = song_samples(2.0 + 3 * index, seed=index, sample_rate=rate)
        save_audio(Audio(samples, rate), tmp_path / "music" / f"{index}.{suffix}")
    (tmp_path / "music" / "2 broken.mp3").write_text("no music")
    return [Task(file) for file in find_songs([tmp_path / "music"]).songs]


@pytest.fixture
def job(tmp_path: Path) -> Job:
    """Instructions to write files."""
    return Job("card", "settings", False, str(tmp_path / "out"), "files/model=m")


def test_results_are_those_of_single_songs(
    tasks: list[Task], job: Job, model: SpectrogramModel, tmp_path: Path
) -> None:
    outcome = analysed(tasks, job, model)
    assert [row["song"] for row in outcome.rows] == ["0.wav", "1.flac", "2.ogg", "3.mp3"]
    ((failed, reason),) = outcome.failures
    assert failed.file.song == "2 broken.mp3"
    assert reason.startswith("The file is not audio")
    for row in outcome.rows:
        path = tmp_path / "music" / row["song"]
        alone = analyze_song(path, model).analysis
        assert row["digest"] == sha256(path)
        assert row["duration_s"] == alone.duration_s
        np.testing.assert_allclose(
            row["segment_probabilities"], alone.probabilities, atol=TOLERANCE
        )
        np.testing.assert_allclose(row["probabilities"], alone.song_probabilities, atol=TOLERANCE)
        assert row["novelty"] == pytest.approx(alone.novelty, abs=1e-3)
        assert (row["genre"], row["genre_set"]) == (alone.genre, list(alone.genre_set))
        written = json.loads((tmp_path / "out" / row["folder"] / "analysis.json").read_text())
        assert written["song"] == {"name": row["song"], "duration_s": row["duration_s"]}
        assert written["verdict"]["genre"] == row["genre"]


def test_the_folder_of_a_song_is_named_after_it_and_its_content(
    tasks: list[Task], job: Job, model: SpectrogramModel, tmp_path: Path
) -> None:
    path = tmp_path / "music" / ("ü" * 100 + "..wav")
    os.rename(tasks[0].file.path, path)
    moved = Task(replace(tasks[0].file, path=str(path)))
    (row,) = analysed([moved], job, model).rows
    digest = sha256(path)
    assert row["folder"] == f"files/model=m/{digest[:2]}/{'ü' * 60}-{digest[:12]}"
    assert (tmp_path / "out" / row["folder"]).is_dir()


def test_an_explanation_is_written_beside_the_predictions(
    tasks: list[Task], job: Job, model: SpectrogramModel, tmp_path: Path
) -> None:
    outcome = analysed(tasks[1:3], replace(job, explained=True), model)
    (row,) = outcome.rows
    assert row["explained"]
    assert sorted(os.listdir(tmp_path / "out" / row["folder"])) == sorted(FILES)
    assert len(outcome.failures) == 1


def test_tables_alone_need_no_files(
    tasks: list[Task], job: Job, model: SpectrogramModel, tmp_path: Path
) -> None:
    outcome = analysed(tasks, replace(job, files=None), model)
    assert [row["folder"] for row in outcome.rows] == [None] * 4
    assert not (tmp_path / "out").exists()


def test_a_song_that_is_known_is_read_but_not_analysed(
    tasks: list[Task], job: Job, model: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    digest = sha256(tasks[0].file.path)
    known = [replace(tasks[0], known=("other", digest)), replace(tasks[1], known=("other",))]
    outcome = analysed(known, job, model)
    assert outcome.known == [(known[0], digest)]
    assert [row["song"] for row in outcome.rows] == ["1.flac"]


def test_large_files_are_not_read_at_once(
    tasks: list[Task], job: Job, model: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    expected = analysed(tasks[:2], job, model).rows
    monkeypatch.setattr(core.library.work, "READ_AT_ONCE", 0)
    found = analysed(tasks[:2], job, model).rows
    assert [row["digest"] for row in found] == [row["digest"] for row in expected]
    np.testing.assert_array_equal(found[1]["probabilities"], expected[1]["probabilities"])


def test_a_song_that_vanished_is_a_failure(
    tasks: list[Task], job: Job, model: SpectrogramModel
) -> None:
    os.unlink(tasks[0].file.path)
    outcome = analysed(tasks[:2], job, model)
    assert [row["song"] for row in outcome.rows] == ["1.flac"]
    assert "No such file" in outcome.failures[0][1]


def test_an_error_in_the_analysis_fails_only_the_song_that_causes_it(
    tasks: list[Task], job: Job, model: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = logmel

    def fail(samples: np.ndarray, *rest: Any) -> np.ndarray:
        if len(samples) > 10 * 22_050:
            raise MemoryError
        return original(samples, *rest)

    monkeypatch.setattr(core.analysis, "logmel", fail)
    outcome = analysed(tasks, job, model)
    assert [row["song"] for row in outcome.rows] == ["0.wav", "1.flac", "2.ogg"]
    reasons = {task.file.song: reason for task, reason in outcome.failures}
    assert reasons.keys() == {"2 broken.mp3", "3.mp3"}
    assert "not enough memory" in reasons["3.mp3"]


def test_a_full_disk_stops_the_run_instead_of_failing_every_song(
    tasks: list[Task], job: Job, model: SpectrogramModel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, content: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(core.library.song_files, "write_json", full)
    with pytest.raises(OSError, match="No space left"):
        analysed(tasks, job, model)


def test_a_worker_with_another_model_refuses(
    tasks: list[Task], job: Job, model: SpectrogramModel, tmp_path: Path
) -> None:
    card = save_model(model, tmp_path / "models")
    right = replace(job, card=str(card), settings=settings_of(card), files=None)
    answer = work(tasks, right)
    assert answer.rows.num_rows == 4
    assert [index for index, _ in answer.failures] == [2]
    with pytest.raises(ModelError, match="another version"):
        work(tasks, replace(right, settings="0"))
    with pytest.raises(ModelError, match="cannot read the model card"):
        work(tasks, replace(right, card=str(tmp_path / "none.json"), settings="1"))
