"""Sources of training data: a missing one is named with the option that gives it."""

from __future__ import annotations

from pathlib import Path

import pytest

from core.data.gtzan import TrackSet
from core.errors import DatasetError
from core.training.sources import Sources
from tests.archives import audio_folder


def test_spectrograms_give_features_of_every_complete_segment(
    few_tracks: TrackSet, tmp_path: Path
) -> None:
    sources = Sources(few_tracks, "log-mel archive")
    tracks, features = sources.features("vectors", "logmel", tmp_path)
    assert tracks.parameters.segment_frames == 72
    assert features.inputs.shape == (2 * len(few_tracks), 111)
    assert sources.description("logmel") == "log-mel archive"


def test_recordings_reduce_the_tracks(few_tracks: TrackSet, tmp_path: Path) -> None:
    folder = audio_folder(tmp_path / "genres", per_genre=1, duration_s=3.1)
    sources = Sources(few_tracks, "log-mel archive", recordings=(folder,))
    tracks, features = sources.features("vectors", "recordings", tmp_path / "cache")
    assert 0 < len(tracks) < len(few_tracks)
    assert set(features.segments.track) == set(range(len(tracks)))
    assert sources.description("recordings") == "audio files"


@pytest.mark.parametrize(
    ("source", "option"), [("recordings", "--recordings"), ("table", "--table")]
)
def test_a_missing_source_is_named_with_its_option(
    few_tracks: TrackSet, tmp_path: Path, source: str, option: str
) -> None:
    name = {"recordings": "yamnet", "table": "table"}[source]
    with pytest.raises(DatasetError, match=f"Add {option}"):
        Sources(few_tracks, "log-mel archive").features(name, source, tmp_path)


def test_musicnn_needs_its_package_and_recordings(few_tracks: TrackSet, tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="Add --musicnn FOLDER"):
        Sources(few_tracks, "archive", recordings=(tmp_path,)).required_musicnn()
    with pytest.raises(DatasetError, match="Add --recordings FOLDER"):
        Sources(few_tracks, "archive", musicnn=tmp_path).required_musicnn()
    sources = Sources(few_tracks, "archive", recordings=(tmp_path,), musicnn=tmp_path)
    assert sources.required_musicnn() == tmp_path
