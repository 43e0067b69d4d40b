"""Results of the command line: folder names, text and JSON of a song."""

from __future__ import annotations

import dataclasses
import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import analyze
from core.audio.io import Audio, save_audio
from core.cli.report import analyze_song, answer, folder_names
from core.constants import GENRES
from core.errors import ExplanationError
from core.listening.faithfulness import part_probabilities
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_model
from tests.synthetic import song_samples


@given(st.lists(st.sampled_from(["a.mp3", "A.wav", "a-2.mp3", "b.mp3", "..mp3", "...mp3", "..."])))
def test_folder_names_differ_and_stay_in_their_folder(names: list[str]) -> None:
    folders = folder_names(Path("songs") / name for name in names)
    assert len({folder.casefold() for folder in folders}) == len(names)
    assert all(Path(folder).name == folder and folder.strip(".") for folder in folders)
    if names:
        first = Path(names[0])
        assert folders[0] == first.stem or not first.stem.strip(".")


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
    assert "20 % alone" in result.to_text().splitlines()[-1]


def test_a_song_shorter_than_a_segment_is_reported_as_padded(
    tmp_path: Path, tiny_cnn: SpectrogramModel
) -> None:
    save_audio(Audio(song_samples(1.2)), tmp_path / "short.wav")
    lines = analyze_song(tmp_path / "short.wav", tiny_cnn).to_text().splitlines()
    assert lines[0].startswith("short.wav (00:01), cnn: ")
    assert lines[1] == "  The song is shorter than one segment and was padded with silence."
    assert len(lines) == 3


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"genre_set": ("jazz",)}, "jazz, probability 0.41"),
        ({"genre_set": ("jazz", "blues")}, "jazz or blues, probabilities 0.41 and 0.30"),
        (
            {"genre_set": ("jazz", "blues", "pop")},
            "jazz, blues or pop, probabilities 0.41, 0.30 and 0.29",
        ),
        (
            {"genre_set": (), "novelty": 1.7},
            "unlike anything it was trained on (nearest genre: jazz, 0.41)",
        ),
        ({"genre_set": (), "novelty": math.inf, "silent": True}, "no sound"),
    ],
)
def test_the_first_line_names_all_genres_that_remain_possible(
    song: Audio, tiny_cnn: SpectrogramModel, changes: dict[str, Any], expected: str
) -> None:
    probabilities = np.zeros((1, 10))
    probabilities[0, [GENRES.index(genre) for genre in ("jazz", "blues", "pop")]] = 0.41, 0.3, 0.29
    analysis = analyze(song, tiny_cnn)
    changed = dataclasses.replace(analysis, probabilities=probabilities, **changes)
    assert answer(changed) == expected


def test_an_explanation_needs_a_model_of_spectrograms(file: Path) -> None:
    with pytest.raises(ExplanationError, match=r"Use explain_features\(\)"):
        analyze_song(file, load_model("random_forest"), explained=True)
