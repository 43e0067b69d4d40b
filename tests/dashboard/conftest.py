"""Fixtures of the dashboard tests."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest
from streamlit.components.v2 import manifest_scanner

from core.audio.io import Audio, encode_audio
from core.errors import ModelError
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import explanations, models, songs
from dashboard.services.cache import results


@pytest.fixture(scope="session", autouse=True)
def _one_scan_for_components() -> Iterator[None]:
    """Read the metadata of all installed packages once, not at every run of a page."""
    with pytest.MonkeyPatch.context() as patch:
        scan = cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


@pytest.fixture
def chosen(monkeypatch: pytest.MonkeyPatch, song: Audio, tiny_cnn: SpectrogramModel) -> songs.Song:
    """The little song as an upload, with a small network, an empty cache and nothing to load."""

    def model(name: str) -> SpectrogramModel:
        if name != "cnn":
            raise ModelError(f"There is no model {name!r}.")
        return tiny_cnn

    monkeypatch.setattr(models, "model_of", model)
    monkeypatch.setattr(explanations, "BATCH", 2)
    results.clear()
    return songs.song_from_bytes(encode_audio(song, "WAV"), "little song.wav")
