"""Models of numbers: sides that belong to a split, balance, and a fit from archive to answer."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio
from core.constants import GENRES
from core.data.feature_sets import FeatureSet, balanced, from_logmel, from_recordings, recorded
from core.data.gtzan import TrackSet, read_archive
from core.data.splits import Segments, Split, split_tracks
from core.errors import DatasetError
from core.features.extractors import EXTRACTORS
from core.models.registry import FEATURE_MODELS
from core.models.store import load_model
from core.training import feature_models
from core.training.feature_models import SequenceSettings, run
from tests.archives import archive, audio_folder, some_track_ids
from tests.synthetic import song_samples


@pytest.fixture(scope="module")
def tracks(tmp_path_factory: pytest.TempPathFactory) -> TrackSet:
    file = archive(tmp_path_factory.mktemp("data") / "logmel.npz", some_track_ids(per_side=2), 730)
    return read_archive(file)


def test_a_side_has_the_segments_of_the_split_and_no_others(tracks: TrackSet) -> None:
    numbers = from_logmel(tracks, EXTRACTORS["vectors"])
    split = split_tracks(tracks, "artist", 0)
    test = numbers.side(split.test)
    assert len(test.inputs) == len(split.test)
    assert not set(test.segments.track) & set(numbers.side(split.refit).segments.track)


def test_every_genre_counts_alike_where_recordings_are_few() -> None:
    track = np.repeat(np.arange(7), [3, 3, 3, 3, 3, 1, 2])
    labels = np.array([0, 0, 0, 0, 0, 1, 1])
    numbers = FeatureSet(np.zeros((len(track), 2)), Segments(track, np.arange(len(track))))

    none = Segments(np.zeros(0, int), np.zeros(0, int))

    def counts(protocol: str) -> list[int]:
        kept = balanced(numbers, labels, Split(protocol, none, none, none, none), 0)
        units = np.unique(kept.segments.track) if protocol == "track" else kept.segments.track
        return np.bincount(labels[units], minlength=2).tolist()

    assert counts("segment") == [3, 3]
    assert counts("track") == [2, 2]
    assert counts("artist") == [15, 3]


def test_a_network_of_moments_learns_what_moments_tell() -> None:
    generator = np.random.default_rng(0)
    labels = np.repeat(np.arange(10), 12)
    inputs = generator.normal(size=(120, 10, 20)).astype(np.float32)
    inputs[np.arange(120), :, labels] += 3
    settings = SequenceSettings(epochs=12, learning_rate=1e-2)
    valid = (inputs[::2], labels[::2])
    network, history = feature_models.fit("bilstm", inputs[1::2], labels[1::2], settings, 0, valid)
    rows = feature_models.probabilities(network, valid[0])
    assert (rows.argmax(axis=1) == valid[1]).mean() > 0.8
    assert min(row["valid_loss"] for row in history) < history[0]["valid_loss"] / 2


@pytest.mark.parametrize("name", ["svm", "bilstm"])
def test_a_run_leaves_a_model_that_answers(
    name: str, tracks: TrackSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "core.training.feature_models.SequenceSettings", lambda: SequenceSettings(epochs=2)
    )
    monkeypatch.setattr("core.training.feature_models.cost", lambda model: {"ms_per_segment": 1.0})
    reader = EXTRACTORS[FEATURE_MODELS[name].features]
    heard = replace(tracks, parameters=replace(tracks.parameters, segment_frames=reader.frames))
    split = split_tracks(heard, "artist", 0)
    metrics = run(name, from_logmel(heard, reader), heard, split, 0, tmp_path, "test", 0.9)
    model = load_model(tmp_path / f"{name}.json")
    assert model.card["metrics"]["test"] == metrics
    row = json.loads((tmp_path / "scores.json").read_text(encoding="utf-8"))[f"{name}/artist"]
    assert set(row["report"]) == set(GENRES)
    assert 0 <= row["roc_area"]["mean"] <= 1
    answers = analyze(Audio(song_samples(8.0)), model).probabilities
    np.testing.assert_allclose(answers.sum(axis=1), 1, atol=1e-5)


def test_recordings_are_read_once_and_the_first_folder_counts(
    tracks: TrackSet, tmp_path: Path
) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1)
    known = replace(
        tracks,
        track_ids=tuple(path.stem for path in sorted(folder.glob("*/*"))),
        labels=np.arange(10),
        starts=tracks.starts[:10],
        lengths=tracks.lengths[:10],
        floor_db=tracks.floor_db[:10],
    )
    calls: list[int] = []

    def read() -> FeatureSet:
        heard, files = recorded([folder, folder], known)
        assert list(heard.labels) == list(known.labels)
        return from_recordings(
            files, heard, EXTRACTORS["vectors"], tmp_path, lambda done, _: calls.append(done)
        )

    first = read()
    count = len(calls)
    again = read()
    assert count > 0
    assert len(calls) == count
    np.testing.assert_array_equal(first.inputs, again.inputs)
    assert sorted(set(first.segments.track.tolist())) == list(range(10))


def test_sides_are_dealt_among_tracks_with_recordings(tracks: TrackSet, tmp_path: Path) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1)
    present = [path.stem for path in folder.glob("*/*")]
    heard, files = recorded([folder], tracks)
    assert set(heard.track_ids) == set(present) & set(tracks.track_ids) == set(files)
    for index, name in enumerate(heard.track_ids):
        place = tracks.track_ids.index(name)
        np.testing.assert_array_equal(heard.logmel(index), tracks.logmel(place))
    with pytest.raises(DatasetError, match="None of the recordings"):
        recorded([folder], replace(tracks, track_ids=tuple("x" for _ in tracks.track_ids)))
