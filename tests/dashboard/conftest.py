"""What tests of the dashboard share."""

from __future__ import annotations

import pytest

from core.audio.io import Audio, encode_audio
from core.errors import ModelError
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.cache import ResultCache


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, song: Audio, tiny_cnn: SpectrogramModel) -> songs.Song:
    """The little song as an upload, a small network, empty shelves, nothing left to load."""

    def model(name: str) -> SpectrogramModel:
        if name != "cnn":
            raise ModelError(f"There is no model {name!r}.")
        return tiny_cnn

    monkeypatch.setattr(models, "model_of", model)
    monkeypatch.setattr(explanations, "PART", 2)
    monkeypatch.setattr(songs.warm_up, "wait", lambda report: None)
    monkeypatch.setattr(songs, "_songs", ResultCache(16))
    for shelf in ("_analyses", "_explanations"):
        monkeypatch.setattr(explanations, shelf, ResultCache(16))
    for shelf in ("_rankings", "_enough", "_wholes", "_song_parts"):
        monkeypatch.setattr(excerpts, shelf, ResultCache(16))
    return songs.song_from_bytes(encode_audio(song, "WAV"), "little song.wav")
