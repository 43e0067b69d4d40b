"""Results for one song: folder names, probabilities of the parts and JSON."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.audio.io import Audio, save_audio
from core.cli.report import to_text
from core.errors import ExplanationError
from core.library.song_files import analyze_song, folder_names
from core.listening.faithfulness import part_probabilities
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model


@given(st.lists(st.sampled_from(["a.mp3", "A.wav", "a-2.mp3", "b.mp3", "..mp3", "...mp3", "..."])))
def test_folder_names_differ_and_stay_in_their_folder(names: list[str]) -> None:
    folders = folder_names(Path("songs") / name for name in names)
    assert len({folder.casefold() for folder in folders}) == len(names)
    assert all(Path(folder).name == folder and folder.strip(".") for folder in folders)
    if names:
        first = Path(names[0])
        assert folders[0] == first.stem or not first.stem.strip(".")


def test_folder_names_leave_room_for_a_number() -> None:
    names = ["x" * 255, "x" * 251 + ".wav", "é" * 125 + ".wav", "bytes\udcff.wav"]
    folders = folder_names(Path(name) for name in names)
    assert folders[0] == "x" * 240
    assert folders[1] == "x" * 240 + "-2"
    assert folders[2] == "é" * 120
    assert folders[3] == "bytes\udcff"


@pytest.fixture
def file(song: Audio, tmp_path: Path) -> Path:
    """The song as a file."""
    save_audio(song, tmp_path / "song.flac")
    return tmp_path / "song.flac"


def test_the_probabilities_of_the_parts_are_those_of_the_metrics(
    file: Path, tiny_cnn: SpectrogramModel
) -> None:
    result = analyze_song(file, tiny_cnn, explained=True)
    assert result.explained is not None
    audio = Audio(result.explained.important.samples + result.explained.without.samples)
    expected = part_probabilities(tiny_cnn, audio, result.explained.explanation).means
    assert result.explained.probability_kept == pytest.approx(expected["kept"], abs=1e-4)
    assert result.explained.probability_removed == pytest.approx(expected["removed"], abs=1e-4)
    summary = json.loads(json.dumps(result.to_json(), allow_nan=False))["explanation"]
    assert summary["probability_kept"] == result.explained.probability_kept
    gap = result.explained.explanation.gap
    assert summary["gap"] == pytest.approx(gap[np.abs(gap).argmax()])
    assert "20 % alone" in to_text(result).splitlines()[-1]


def test_an_explanation_needs_a_model_of_spectrograms(file: Path) -> None:
    with pytest.raises(ExplanationError, match=r"Use explain_features\(\)"):
        analyze_song(file, load_model("random_forest"), explained=True)
