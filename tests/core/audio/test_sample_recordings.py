"""Sample recordings are part of librosa's collection; failures have clear messages."""

from __future__ import annotations

import json
from pathlib import Path

import librosa
import pytest

from core.audio.sample_recordings import RECORDINGS, download_recording
from core.errors import AudioError


def test_every_recording_is_in_librosas_collection() -> None:
    index = Path(librosa.__file__).parent / "util" / "example_data" / "index.json"
    assert set(RECORDINGS) <= set(json.loads(index.read_text(encoding="utf-8")))


def test_recordings_are_downloaded_in_full_quality(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ex(name: str, *, hq: bool) -> str:
        return str(tmp_path / f"{name}{hq}.ogg")

    monkeypatch.setattr(librosa, "ex", ex)
    assert download_recording("brahms") == tmp_path / "brahmsTrue.ogg"


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("hash of downloaded file")])
def test_a_failed_download_has_a_clear_message(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def fail(name: str, *, hq: bool) -> str:
        raise error

    monkeypatch.setattr(librosa, "ex", fail)
    with pytest.raises(AudioError, match=r"Vibe Ace could not be downloaded\. Check"):
        download_recording("vibeace")


def test_an_unknown_recording_is_rejected_by_name() -> None:
    with pytest.raises(AudioError, match=r"Unknown recording '\.\./x'\. Choose one of"):
        download_recording("../x")
