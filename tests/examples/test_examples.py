"""The songs that ship sound like songs to the decoder, and the scripts that made them hold."""

from __future__ import annotations

import json
import shutil
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.audio.io import Audio, load_audio
from core.constants import EXAMPLES_DIR, GENRES

pytest.importorskip("mido")

from examples import compose
from examples.score import SNARE, bars, chord, grid, line, pitch, voicings

ENTRIES: list[dict[str, Any]] = json.loads((EXAMPLES_DIR / "examples.json").read_text("utf-8"))


@pytest.fixture(scope="module", params=ENTRIES, ids=lambda entry: entry["file"])
def entry(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Each bundled song's entry in turn."""
    return request.param


@pytest.fixture(scope="module")
def audio(entry: dict[str, Any]) -> Audio:
    """The decoded song."""
    return load_audio(EXAMPLES_DIR / entry["file"])


def test_there_are_songs_in_different_genres() -> None:
    genres = [entry["genre"] for entry in ENTRIES]
    assert len(genres) >= 4
    assert len(set(genres)) == len(genres)
    assert set(genres) <= set(GENRES)


def test_every_song_that_is_composed_is_listed() -> None:
    assert [entry["file"] for entry in ENTRIES] == [f"{name}.ogg" for name in compose.SONGS]
    assert {path.name for path in EXAMPLES_DIR.glob("*.ogg")} == {e["file"] for e in ENTRIES}


def test_a_song_is_about_twenty_seconds_long_and_small(entry: dict[str, Any], audio: Audio) -> None:
    assert 18 <= audio.duration_s <= 24
    assert audio.duration_s == pytest.approx(entry["duration_s"], abs=0.01)
    assert (EXAMPLES_DIR / entry["file"]).stat().st_size < 400_000


def test_a_song_is_neither_clipped_nor_faint_nor_silent_in_between(audio: Audio) -> None:
    assert 0.25 < np.abs(audio.samples).max() < 1
    half_seconds = audio.samples[: len(audio.samples) // 11_025 * 11_025].reshape(-1, 11_025)
    loudness = np.sqrt(np.mean(half_seconds**2, axis=1))
    assert loudness[:-3].min() > 10 ** (-40 / 20)
    assert abs(float(audio.samples.mean())) < 1e-3


def test_a_song_begins_at_once_and_ends_in_silence(audio: Audio) -> None:
    assert np.abs(audio.samples[: audio.sample_rate // 10]).max() > 0.01
    assert np.abs(audio.samples[-audio.sample_rate // 50 :]).max() < 0.01


def test_a_missing_synthesiser_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    assert compose.main(["--out", str(tmp_path)]) == 1
    assert "apt-get install fluidsynth" in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_a_missing_sound_font_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: "/usr/bin/fluidsynth")
    monkeypatch.setattr(compose, "SOUND_FONT", tmp_path / "missing.sf2")
    assert compose.main(["--out", str(tmp_path)]) == 1
    assert "apt-get install fluid-soundfont-gm" in capsys.readouterr().err


def test_the_limiter_holds_the_ceiling_and_leaves_the_rest_alone() -> None:
    quiet = np.full((compose.RATE, 2), 0.1)
    quiet[20_000:20_100] = 3.0
    held = compose.limited(quiet, 0.9)
    assert np.abs(held).max() <= 0.9 + 1e-9
    np.testing.assert_allclose(held[:19_000], 0.1)
    np.testing.assert_allclose(held[21_000:], 0.1)


def test_notes_chords_and_drum_grids_mean_what_they_say() -> None:
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
    with pytest.raises(ValueError, match="no note"):
        pitch("H4")


def test_voices_move_little_from_chord_to_chord() -> None:
    placed = voicings(["Dm7", "G7", "Cmaj7"], 55, 72)
    for before, after in pairwise(placed):
        moves = [min(abs(p - q) for q in before) for p in after]
        assert max(moves) <= 2
        assert all(55 <= p <= 72 for p in after)
