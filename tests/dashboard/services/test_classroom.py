"""The classroom shows every stage with its sound, and plays the most important parts."""

from __future__ import annotations

import pytest

from core.audio.io import load_audio
from core.constants import DEFAULT_KEEP
from dashboard.services import classroom, excerpts, explanations, songs
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.text.answers import answer


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_stages_lead_from_the_waveform_to_mfccs_and_are_computed_once(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    stages = classroom.stages_of(chosen, "cnn", 2.0, silent)
    assert [stage.name for stage in stages] == ["waveform", "stft", "mel", "db", "dct", "mfcc"]
    monkeypatch.setattr("core.features.mfcc_stages.stages", lambda *_: pytest.fail("again"))
    assert classroom.stages_of(chosen, "cnn", 2.0, silent) is stages


def test_the_sound_of_a_stage_can_be_played(chosen: songs.Song) -> None:
    waveform = classroom.stages_of(chosen, "cnn", 2.0, silent)[0]
    sound = load_audio(classroom.sound_of(waveform))
    assert sound.duration_s == pytest.approx(2.988, abs=0.01)


def test_a_round_of_the_game_plays_the_important_parts_for_the_predicted_genre(
    chosen: songs.Song,
) -> None:
    found = classroom.game_round_of(chosen, "cnn", silent)
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    selection = PartSelection(ExplanationTarget(analysis.genre), keep=DEFAULT_KEEP)
    kept = excerpts.song_parts_of(chosen, "cnn", selection, silent).kept
    assert found.file == kept.file
    assert found.answer == answer(analysis)
    assert found.excerpt_confidence == kept.probabilities.max()
    assert analysis.genres.index(found.excerpt_genre) == kept.probabilities.argmax()


def test_only_the_genre_of_an_example_is_known() -> None:
    for entry in songs.examples():
        assert classroom.genre_of(songs.example_song(entry)) == entry["genre"]
    assert classroom.genre_of(songs.song_from_bytes(b"", "upload.mp3")) is None
