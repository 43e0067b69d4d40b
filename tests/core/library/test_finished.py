"""Which songs are finished: by content, model and settings."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.constants import GENRES
from core.library.finished import MOST_KNOWN, Plan, plan
from core.library.table import Writer, song_schema
from core.library.walk import SongFile

FILE = SongFile("/music/a.mp3", "a.mp3", 10, 20)


def write_row(table: Path, file: SongFile = FILE, **changes: Any) -> None:
    empty = dict.fromkeys(song_schema(GENRES).names)
    row = {
        **empty,
        "song": file.song,
        "uri": file.uri,
        "digest": "d",
        "bytes": file.size,
        "modified_ns": file.modified_ns,
        "explained": False,
        "folder": "files/x",
        "settings": "s",
    }
    writer = Writer(table, song_schema(GENRES))
    writer.add_rows([row | changes])
    writer.write()


def planned(folder: Path, *songs: SongFile, **options: bool) -> Plan:
    return plan(songs, folder, "s", **({"explained": False, "files": True} | options))


def test_everything_is_to_be_done_without_a_table(tmp_path: Path) -> None:
    todo = planned(tmp_path / "missing", FILE)
    assert [task.file for task in todo.tasks] == [FILE]
    assert (todo.finished, todo.outdated) == (0, frozenset())


def test_an_unchanged_song_is_finished(tmp_path: Path) -> None:
    write_row(tmp_path)
    todo = planned(tmp_path, FILE)
    assert (todo.tasks, todo.finished, todo.outdated) == ([], 1, frozenset())


@pytest.mark.parametrize(
    ("changes", "options"),
    [
        ({"settings": "another model"}, {}),
        ({}, {"explained": True}),
        ({"folder": None}, {}),
    ],
)
def test_a_song_of_other_settings_is_done_again(
    changes: dict[str, Any], options: dict[str, bool], tmp_path: Path
) -> None:
    write_row(tmp_path, **changes)
    todo = planned(tmp_path, FILE, **options)
    assert [(task.file, task.known) for task in todo.tasks] == [(FILE, ())]
    assert todo.outdated == {FILE.uri}


def test_more_than_what_is_asked_for_is_enough(tmp_path: Path) -> None:
    write_row(tmp_path, explained=True)
    assert planned(tmp_path, FILE, explained=False, files=False).finished == 1


def test_a_changed_song_is_done_again(tmp_path: Path) -> None:
    write_row(tmp_path)
    changed = replace(FILE, size=11)
    todo = planned(tmp_path, changed)
    assert [(task.file, task.known) for task in todo.tasks] == [(changed, ())]
    assert todo.outdated == {FILE.uri}


def test_a_moved_song_is_compared_with_songs_of_its_size(tmp_path: Path) -> None:
    write_row(tmp_path)
    moved = replace(FILE, path="/music/b.mp3", song="b.mp3", modified_ns=99)
    other = replace(moved, path="/music/c.mp3", size=11)
    todo = planned(tmp_path, FILE, moved, other)
    assert [(task.file, task.known) for task in todo.tasks] == [(moved, ("d",)), (other, ())]
    assert todo.finished == 1


def test_the_row_of_an_outdated_song_cannot_be_reused(tmp_path: Path) -> None:
    # a.mp3 was moved to b.mp3, and another song took its place.
    write_row(tmp_path)
    replaced = replace(FILE, modified_ns=99)
    moved = replace(FILE, path="/music/b.mp3")
    todo = planned(tmp_path, replaced, moved)
    assert [task.known for task in todo.tasks] == [(), ()]


def test_many_songs_of_one_size_are_analysed_rather_than_compared(tmp_path: Path) -> None:
    for number in range(MOST_KNOWN + 1):
        write_row(tmp_path, replace(FILE, path=f"/music/{number}.mp3"), digest=str(number))
    (task,) = planned(tmp_path, replace(FILE, path="/music/new.mp3")).tasks
    assert task.known == ()
