"""The example songs are complete, audible and listed, and their scripts compose them correctly."""

from __future__ import annotations

import importlib
import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import mido
import numpy as np
import pytest

from core.audio.io import Audio, load_audio
from core.constants import EXAMPLES_DIR, GENRES
from examples import compose
from examples.score import (
    SNARE,
    Song,
    Track,
    bars,
    chord,
    grid,
    line,
    pitch,
    voicings,
    write_midi,
)

ENTRIES: list[dict[str, Any]] = json.loads((EXAMPLES_DIR / "examples.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry["file"])
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Provide each bundled song's entry in turn."""
    return request.param


@pytest.fixture(scope="module")
def audio(entry: dict[str, Any]) -> Audio:
    """Provide the decoded song."""
    return load_audio(EXAMPLES_DIR / entry["file"])


def test_songs_have_different_genres() -> None:
    genres = [entry["genre"] for entry in ENTRIES]
    assert len(genres) >= 4
    assert len(set(genres)) == len(genres)
    assert set(genres) <= set(GENRES)


def test_every_composed_song_is_listed() -> None:
    assert [entry["file"] for entry in ENTRIES] == [f"{name}.ogg" for name in compose.SONGS]
    assert {path.name for path in EXAMPLES_DIR.glob("*.ogg")} == {e["file"] for e in ENTRIES}


def test_a_song_is_about_twenty_seconds_long_and_small(entry: dict[str, Any], audio: Audio) -> None:
    assert 18 <= audio.duration_s <= 24
    assert audio.duration_s == pytest.approx(entry["duration_s"], abs=0.01)
    assert (EXAMPLES_DIR / entry["file"]).stat().st_size < 400_000


def test_a_song_is_neither_clipped_nor_too_quiet_nor_interrupted(audio: Audio) -> None:
    assert 0.25 < np.abs(audio.samples).max() < 1
    half_seconds = audio.samples[: len(audio.samples) // 11_025 * 11_025].reshape(-1, 11_025)
    loudness = np.sqrt(np.mean(half_seconds**2, axis=1))
    assert loudness[:-3].min() > 10 ** (-40 / 20)
    assert abs(float(audio.samples.mean())) < 1e-3


def test_a_song_starts_at_once_and_ends_in_silence(audio: Audio) -> None:
    assert np.abs(audio.samples[: audio.sample_rate // 10]).max() > 0.01
    assert np.abs(audio.samples[-audio.sample_rate // 50 :]).max() < 0.01


def test_a_missing_synthesiser_has_a_message_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert compose.main(["--out", str(tmp_path)]) == 1
    assert "apt-get install fluidsynth" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_sound_font_has_a_message_with_the_command_to_install_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/fluidsynth")
    monkeypatch.setattr(compose, "SOUND_FONT", tmp_path / "missing.sf2")
    assert compose.main(["--out", str(tmp_path)]) == 1
    assert "apt-get install fluid-soundfont-gm" in capsys.readouterr().err


def test_the_limiter_keeps_the_ceiling_and_changes_nothing_else() -> None:
    samples = np.full((compose.RATE, 2), 0.1)
    samples[20_000:20_100] = 3.0
    limited = compose.limited(samples, 0.9)
    assert np.abs(limited).max() <= 0.9 + 1e-9
    np.testing.assert_allclose(limited[:19_000], 0.1)
    np.testing.assert_allclose(limited[21_000:], 0.1)


def test_notes_chords_melodies_and_drum_grids_are_parsed() -> None:
    assert [pitch(name) for name in ("C4", "A4", "Bb3", "F#5")] == [60, 69, 58, 78]
    assert [p % 12 for p in chord("Dm7")] == [2, 5, 9, 0]
    melody = line("C4! 1 . .5 E4+G4? .5", velocity=80, legato=1)
    assert [(n.start, n.length, n.pitch, n.velocity) for n in melody] == [
        (0, 1, 60, 94),
        (1.5, 0.5, 64, 64),
        (1.5, 0.5, 67, 64),
    ]
    assert [(n.start, n.velocity) for n in grid("X.o.", SNARE)] == [(0, 112), (0.5, 48)]
    with pytest.raises(ValueError, match=r"Bar 2 has 3\.5 beats instead of 4"):
        bars(["C4 4", "C4 3.5"])
    with pytest.raises(ValueError, match="not a note"):
        pitch("H4")


def test_voices_move_at_most_a_whole_tone_between_related_chords() -> None:
    placed = voicings(["Dm7", "G7", "Cmaj7"], 55, 72)
    for before, after in pairwise(placed):
        moves = [min(abs(p - q) for q in before) for p in after]
        assert max(moves) <= 2
        assert all(55 <= p <= 72 for p in after)


@pytest.mark.parametrize("name", compose.SONGS)
def test_every_song_is_composed_as_the_same_midi_file_each_time(name: str, tmp_path: Path) -> None:
    song = importlib.import_module(f"examples.songs.{name}").SONG
    first, second = tmp_path / "first.mid", tmp_path / "second.mid"
    write_midi(song, first)
    write_midi(song, second)
    assert first.read_bytes() == second.read_bytes()
    midi = mido.MidiFile(first)
    assert [track.name for track in midi.tracks] == ["conductor", *(t.name for t in song.tracks)]
    played = [message for message in midi if message.type == "note_on"]
    assert len(played) == sum(len(track.notes) for track in song.tracks)
    assert midi.length == pytest.approx(60 * song.beats / song.tempo, abs=4)


def test_swing_delays_the_second_half_of_each_beat(tmp_path: Path) -> None:
    track = Track("snare", 0, tuple(grid("xxxx", SNARE, step=0.5)), drums=True)
    song = Song("song", "Song", "jazz", 120, 8, (track,), swing=0.75, looseness_ms=0)
    write_midi(song, tmp_path / "song.mid")
    ticks = np.cumsum([message.time for message in mido.MidiFile(tmp_path / "song.mid").tracks[1]])
    types = [message.type for message in mido.MidiFile(tmp_path / "song.mid").tracks[1]]
    starts = [tick for tick, kind in zip(ticks, types, strict=True) if kind == "note_on"]
    assert starts == [0, 360, 480, 840]  # 480 ticks a beat


def test_the_readme_describes_every_song() -> None:
    readme = (EXAMPLES_DIR / "README.md").read_text("utf-8")
    for entry in ENTRIES:
        assert f"| `{entry['file']}` | {entry['title']} | {entry['genre']} |" in readme
