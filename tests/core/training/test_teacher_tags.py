"""The teacher tags recordings of training and validation tracks, never of test tracks."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import soundfile

from core.constants import SAMPLE_RATE
from core.data.gtzan import gtzan_index
from core.training import teacher_tags
from core.training.musicnn_tags import WINDOWS


def tracks_of(subset: str) -> list[str]:
    return [name for name, entry in gtzan_index().items() if entry.artist_split == subset]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """Noise: a whole track, an excerpt from second 20 on, and a track of the test set."""
    train, valid, test = (tracks_of(subset)[0] for subset in ("train", "valid", "test"))
    random = np.random.default_rng(0)
    rows = []
    for track, kind, seconds, offset in (
        (train, "full", 8, ""),
        (valid, "excerpt", 6, "20.0"),
        (test, "full", 4, ""),
    ):
        file = tmp_path / f"{track}.wav"
        # Noise that gets louder, so that windows differ.
        samples = random.standard_normal(seconds * SAMPLE_RATE)
        soundfile.write(file, 0.1 * samples * np.linspace(0, 1, len(samples)), SAMPLE_RATE)
        rows.append({"track_id": track, f"{kind}_audio": file.name, f"{kind}_offset_s": offset})
    columns = ["track_id"]
    columns += [f"{kind}_{part}" for kind in teacher_tags.KINDS for part in ("audio", "offset_s")]
    with open(tmp_path / "tracks.csv", "w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns, restval="")
        writer.writeheader()
        writer.writerows(rows)
    return tmp_path


def test_recordings_of_tagged_tracks_and_of_the_test_set_are_left_out(data: Path) -> None:
    train, valid = tracks_of("train")[0], tracks_of("valid")[0]
    found = list(teacher_tags.recordings(data, set()))
    assert [(each.track, each.offset_s) for each in found] == [(train, 0.0), (valid, 20.0)]
    assert [each.track for each in teacher_tags.recordings(data, {train})] == [valid]


def test_the_command_writes_taggrams_with_windows_in_their_places(data: Path) -> None:
    out = data / "tags.npz"
    assert teacher_tags.main(["--data", str(data), "--out", str(out)]) == 0
    with np.load(out, allow_pickle=False) as archive:
        tags, names = archive["X"], archive["IDS"]
    assert tags.shape == (2 * WINDOWS, 50)
    assert teacher_tags.tagged([out]) == {tracks_of("train")[0], tracks_of("valid")[0]}
    whole, excerpt = tags[:WINDOWS], tags[WINDOWS:]
    assert set(names[:WINDOWS]) == {names[0]}
    assert ((tags > 0) & (tags < 1)).all()
    # The excerpt begins at second 20: everything before has the tags of its first window.
    assert (excerpt[:20] == excerpt[20]).all()
    assert not (excerpt[22] == excerpt[20]).all()
    assert not (whole[0] == whole[2]).all()
    assert (whole[10:] == whole[-1]).all()
    assert teacher_tags.main(["--data", str(data), "--taggrams", str(out), "--out", str(out)]) == 1


def test_missing_data_are_reported_in_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "tags.npz"
    assert teacher_tags.main(["--data", str(tmp_path), "--out", str(out)]) == 1
    assert "tracks.csv" in capsys.readouterr().err
    assert not out.exists()
