"""Songs of MSD-musicnn: tags from long recordings, else stored ones; sound from any recording."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.io import Audio, save_audio
from core.data.gtzan import TrackSet
from core.models.spectrogram_models import SpectrogramModel
from core.training.musicnn_tags import logits_of
from core.training.novelty_recordings import RecordedSegments, TaggedSongs, recorded_segments
from tests.synthetic import song_samples


@pytest.fixture
def recorded(few_tracks: TrackSet) -> RecordedSegments:
    """A long recording of the first track, short ones of the second and third."""
    counts = [10, 1, 1]
    random = np.random.default_rng(0)
    return RecordedSegments(
        np.array(few_tracks.track_ids[:3]),
        np.repeat(np.arange(3), counts),
        random.standard_normal((12, 65)),
        random.standard_normal((12, 50)),
    )


def test_tags_come_from_long_recordings_then_from_stored_ones_then_from_short_recordings(
    few_tracks: TrackSet, recorded: RecordedSegments
) -> None:
    taggrams = np.full((len(few_tracks), 28, 50), np.nan, dtype=np.float32)
    taggrams[[0, 1, 3]] = np.random.default_rng(1).uniform(0.1, 0.9, (3, 28, 50))
    songs = TaggedSongs(recorded, taggrams, few_tracks)
    tags = {track: songs.hidden[songs.songs == track] for track in range(4)}
    np.testing.assert_allclose(tags[0], recorded.hidden[:10])
    np.testing.assert_allclose(tags[1], logits_of(taggrams[1, ::3]))
    np.testing.assert_allclose(tags[2], recorded.hidden[11:])
    np.testing.assert_allclose(tags[3], logits_of(taggrams[3, ::3]))
    assert songs.tagged(np.arange(10)).tolist() == [0, 1, 2, 3]
    found = songs.song_set(lambda hidden: np.full((len(hidden), 10), 0.1), np.arange(10))
    assert found.members.tolist() == [0, 1, 2]  # the fourth track has no recording


def test_without_stored_tags_only_recordings_count(
    few_tracks: TrackSet, recorded: RecordedSegments
) -> None:
    songs = TaggedSongs(recorded, None, few_tracks)
    assert np.unique(songs.songs).tolist() == [0, 1, 2]


def test_recordings_are_read_once(tiny_cnn: SpectrogramModel, tmp_path: Path) -> None:
    folder = tmp_path / "audio"
    (folder / "jazz").mkdir(parents=True)
    save_audio(Audio(song_samples(7.0)), folder / "jazz" / "jazz.00001.wav")
    (folder / "jazz" / "jazz.00002.wav").write_bytes(b"no audio")
    steps: list[int] = []
    found = recorded_segments(tiny_cnn, [folder], tmp_path, lambda done, total: steps.append(done))
    assert found.names.tolist() == ["jazz.00001"]
    assert found.recording.tolist() == [0, 0]
    assert found.description.shape == (2, 65)
    assert found.hidden.shape[0] == 2
    assert steps == [0, 1, 2]
    again = recorded_segments(tiny_cnn, [folder], tmp_path, lambda done, total: steps.append(-1))
    np.testing.assert_array_equal(again.hidden, found.hidden)
    assert -1 not in steps
