"""Every song gets a folder of its own, and times read as times."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.cli.report import folder_names
from core.cli.terminal import clock


@given(st.lists(st.sampled_from(["a.mp3", "A.wav", "a-2.mp3", "b.mp3", "..mp3", "...mp3", "..."])))
def test_folder_names_differ_and_stay_in_their_folder(names: list[str]) -> None:
    folders = folder_names(Path("songs") / name for name in names)
    assert len({folder.casefold() for folder in folders}) == len(names)
    assert all(Path(folder).name == folder and folder.strip(".") for folder in folders)
    if names:
        first = Path(names[0])
        assert folders[0] == first.stem or not first.stem.strip(".")


@pytest.mark.parametrize(
    ("seconds", "text"),
    [(0, "0:00.0"), (2.9878, "0:03.0"), (59.96, "1:00.0"), (65.3, "1:05.3"), (899.9, "14:59.9")],
)
def test_times_are_minutes_and_seconds(seconds: float, text: str) -> None:
    assert clock(seconds) == text
