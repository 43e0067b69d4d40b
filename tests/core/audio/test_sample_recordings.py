"""Recordings are those that librosa knows by digest; what goes wrong is said in a sentence."""

from __future__ import annotations

import json
from pathlib import Path

import librosa
import pytest

from core.audio.io import AudioError
from core.audio.sample_recordings import RECORDINGS, download_recording


def test_every_recording_is_one_of_librosas() -> None:
    index = Path(librosa.__file__).parent / "util" / "example_data" / "index.json"
    assert set(RECORDINGS) <= set(json.loads(index.read_text(encoding="utf-8")))


def test_a_download_is_asked_for_in_full_quality(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def ex(name: str, *, hq: bool) -> str:
        return str(tmp_path / f"{name}{hq}.ogg")

    monkeypatch.setattr(librosa, "ex", ex)
    assert download_recording("brahms") == tmp_path / "brahmsTrue.ogg"


@pytest.mark.parametrize("error", [OSError("no route"), ValueError("hash of downloaded file")])
def test_a_failed_download_is_a_sentence(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def fail(name: str, *, hq: bool) -> str:
        raise error

    monkeypatch.setattr(librosa, "ex", fail)
    with pytest.raises(AudioError, match=r"Vibe Ace could not be downloaded\. Check"):
        download_recording("vibeace")


def test_an_unknown_recording_is_named() -> None:
    with pytest.raises(AudioError, match=r"no recording '\.\./x'"):
        download_recording("../x")
