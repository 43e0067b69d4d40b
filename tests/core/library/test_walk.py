"""Every song is found once, whatever the folders look like."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from core.library.walk import Found, SongFile, find_songs


def touch(path: Path, content: str = "x") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)
    return path


def names(found: Found) -> list[str]:
    return [song.song for song in found.songs]


def test_songs_are_found_below_folders_in_order(tmp_path: Path) -> None:
    for name in ("b/2.MP3", "b/1.flac", "a/x/1.ogg", "z.wav", "b/cover.jpg", "notes.txt"):
        touch(tmp_path / name)
    found = find_songs([tmp_path])
    assert sorted(names(found)) == ["a/x/1.ogg", "b/1.flac", "b/2.MP3", "z.wav"]
    assert names(find_songs([tmp_path])) == names(found)
    assert found.ignored == 2
    assert found.unreadable == []
    assert found.songs[0].size == 1
    assert found.songs[0].modified_ns == os.stat(found.songs[0].path).st_mtime_ns


def test_hidden_files_and_the_results_are_left_out(tmp_path: Path) -> None:
    for name in ("a.mp3", "._a.mp3", ".trash/b.mp3", "results/files/x/important.wav"):
        touch(tmp_path / name)
    assert names(find_songs([tmp_path], excluded=tmp_path / "results")) == ["a.mp3"]
    assert len(find_songs([tmp_path]).songs) == 2


def test_loops_of_links_end_and_each_folder_is_searched_once(tmp_path: Path) -> None:
    touch(tmp_path / "music/a/one.mp3")
    touch(tmp_path / "elsewhere/two.mp3")
    (tmp_path / "music/a/up").symlink_to(tmp_path / "music")
    (tmp_path / "music/again").symlink_to(tmp_path / "music/a")
    (tmp_path / "music/other").symlink_to(tmp_path / "elsewhere")
    (tmp_path / "music/self.mp3").symlink_to(tmp_path / "music/self.mp3")
    found = find_songs([tmp_path / "music", tmp_path / "music/a", tmp_path / "music"])
    assert sorted(Path(song.path).name for song in found.songs) == ["one.mp3", "two.mp3"]
    (broken,) = found.unreadable
    assert broken[0].song == "self.mp3"
    assert "cannot be opened" in broken[1]


def test_a_link_to_a_song_counts_only_if_the_song_is_found_nowhere_else(tmp_path: Path) -> None:
    touch(tmp_path / "music/b.mp3")
    (tmp_path / "music/a link.mp3").symlink_to(tmp_path / "music/b.mp3")
    touch(tmp_path / "hidden/c.bin")
    (tmp_path / "music/c.mp3").symlink_to(tmp_path / "hidden/c.bin")
    (tmp_path / "music/c again.mp3").symlink_to(tmp_path / "hidden/c.bin")
    (tmp_path / "music/gone.mp3").symlink_to(tmp_path / "nothing")
    found = find_songs([tmp_path / "music"])
    assert len(found.songs) == 2
    assert "b.mp3" in names(found)
    assert [file.song for file, _ in found.unreadable] == ["gone.mp3"]


@pytest.mark.skipif(sys.platform == "win32", reason="no named pipes")
def test_what_is_no_regular_file_is_not_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp3")
    found = find_songs([tmp_path, tmp_path / "missing.mp3"])
    assert found.songs == []
    assert [file.song for file, _ in found.unreadable] == ["pipe.mp3", "missing.mp3"]
    assert "regular file" in found.unreadable[0][1]


def test_an_unreadable_folder_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    touch(tmp_path / "closed/a.mp3")
    touch(tmp_path / "b.mp3")
    scandir = os.scandir

    def refuse(path: str) -> object:
        if str(path).endswith("closed"):
            raise PermissionError(13, "Permission denied")
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    found = find_songs([tmp_path])
    assert names(found) == ["b.mp3"]
    assert found.unreadable[0][0].song == "closed"
    assert "Permission denied" in found.unreadable[0][1]


@pytest.mark.skipif(sys.platform != "linux", reason="names of bytes")
def test_hostile_names_are_kept_exactly_and_shown_harmlessly(tmp_path: Path) -> None:
    hostile = [
        b"bytes\xff.mp3",
        b"esc\x1b[2J.mp3",
        b"line\nfeed.mp3",
        b"<b>.mp3",
        b"x" * 251 + b".mp3",
    ]
    for name in hostile:
        with open(os.path.join(os.fsencode(tmp_path), name), "wb"):
            pass
    found = find_songs([tmp_path])
    assert {os.path.basename(os.fsencode(song.path)) for song in found.songs} == set(hostile)
    assert len({song.uri for song in found.songs}) == len(hostile)
    for song in found.songs:
        assert song.song.isprintable()
        assert song.uri.isascii()
        song.song.encode()


@settings(max_examples=25)
@given(st.lists(st.lists(st.sampled_from("ab."), min_size=1, max_size=3).map("".join), max_size=4))
def test_a_path_survives_as_uri(parts: list[str]) -> None:
    path = "/" + "/".join(["music", *parts, "50% ü#?.mp3"])
    assert Path.from_uri(SongFile(path, "x").uri) if hasattr(Path, "from_uri") else True
    assert SongFile(path, "x").uri.endswith("50%25%20%C3%BC%23%3F.mp3")
