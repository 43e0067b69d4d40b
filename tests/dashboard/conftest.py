"""What tests of the dashboard share."""

from __future__ import annotations

import pytest

from core.audio import Audio, encode_audio
from core.model_cards import ModelError
from core.models import GenreModel
from dashboard import session, sounds
from dashboard.shelf import Shelf


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, song: Audio, tiny_cnn: GenreModel) -> session.Song:
    """The little song as an upload, a small network, empty shelves, nothing left to load."""

    def model(name: str) -> GenreModel:
        if name != "cnn":
            raise ModelError(f"There is no model {name!r}.")
        return tiny_cnn

    monkeypatch.setattr(session, "model_of", model)
    monkeypatch.setattr(session, "PART", 2)
    monkeypatch.setattr(session.warm_up, "wait", lambda report: None)
    for shelf in ("_songs", "_analyses", "_explanations"):
        monkeypatch.setattr(session, shelf, Shelf(16))
    for shelf in ("_rankings", "_enough", "_wholes", "_halves"):
        monkeypatch.setattr(sounds, shelf, Shelf(16))
    return session.song_from_bytes(encode_audio(song, "WAV"), "little song.wav")
