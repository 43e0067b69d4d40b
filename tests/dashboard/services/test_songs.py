"""Songs are known by their bytes, decoded once, and named by their owner."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import pytest

from core.audio.sample_recordings import RECORDINGS
from core.errors import AudioError
from dashboard.services import songs, workers


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_examples_exist_and_can_be_read() -> None:
    entries = songs.examples()
    assert len(entries) >= 5
    song = songs.example_song(entries[0])
    assert song.title == entries[0]["title"]
    assert song.name == Path(entries[0]["file"]).name
    assert song.digest == hashlib.sha256(song.content).hexdigest()


@pytest.mark.parametrize("content", [None, "no JSON", json.dumps([{"file": "missing.mp3"}])])
def test_missing_examples_leave_an_empty_list(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, content: str | None
) -> None:
    if content is not None:
        (tmp_path / "examples.json").write_text(content)
    monkeypatch.setattr(songs, "EXAMPLES_DIR", tmp_path)
    songs.examples.cache_clear()
    try:
        assert songs.examples() == []
    finally:
        songs.examples.cache_clear()


def test_songs_are_equal_if_their_bytes_names_and_titles_are() -> None:
    song = songs.song_from_bytes(b"bytes", "a.mp3")
    assert song == songs.song_from_bytes(b"bytes", "a.mp3")
    assert song != songs.song_from_bytes(b"other", "a.mp3")
    assert song != songs.song_from_bytes(b"bytes", "b.mp3")
    assert "bytes" not in repr(song), "a file does not belong in a log"


@pytest.mark.parametrize(
    ("name", "title", "expected"),
    [
        ("folder/song.mp3", "", "song.mp3"),
        ("C:\\music\\song.mp3", "", "song.mp3"),
        ("line\nbreak\x00.wav", "", "line break.wav"),
        ("\u202e", "", "song"),
        ("file.mp3", "Mirror Ball", "Mirror Ball"),
    ],
)
def test_a_title_is_one_line_without_control_characters(
    name: str, title: str, expected: str
) -> None:
    assert songs.title_of(songs.song_from_bytes(b"", name, title=title)) == expected


def test_a_song_is_decoded_once_for_each_sampling_rate(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    audio = songs.audio_of(chosen, silent)
    resampled = songs.audio_of(chosen, silent, 16_000)
    assert (audio.sample_rate, resampled.sample_rate) == (22_050, 16_000)
    monkeypatch.setattr("core.audio.io.load_audio", lambda *_, **__: pytest.fail("decoded again"))
    assert songs.audio_of(chosen, silent) is audio
    assert songs.audio_of(chosen, silent, 16_000) is resampled


def test_a_file_that_is_no_audio_is_refused(chosen: songs.Song) -> None:
    with pytest.raises(AudioError):
        songs.audio_of(songs.song_from_bytes(b"no audio at all " * 99, "broken.mp3"), silent)


def test_a_recording_is_a_song_with_the_recordings_title(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert songs.recordings() == RECORDINGS
    file = tmp_path / "trumpet.ogg"
    file.write_bytes(b"ogg")
    monkeypatch.setattr("core.audio.sample_recordings.download_recording", lambda name: file)
    song = songs.downloaded_recording("trumpet")
    assert (song.content, song.title) == (b"ogg", RECORDINGS["trumpet"])


def test_loading_starts_in_the_background(monkeypatch: pytest.MonkeyPatch) -> None:
    started = []
    monkeypatch.setattr(workers.pool, "start", lambda: started.append(1))
    monkeypatch.setattr(type(workers.pool), "ready", property(lambda _: bool(started)))
    assert not songs.is_loaded()
    songs.start_loading()
    assert songs.is_loaded()
