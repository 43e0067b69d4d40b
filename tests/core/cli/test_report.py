"""Text of the command line: a table for a song."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import Audio, save_audio
from core.cli.report import answer, to_text
from core.constants import GENRES
from core.library.song_files import analyze_song
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples


def test_a_song_shorter_than_a_segment_is_reported_as_padded(
    tmp_path: Path, tiny_cnn: SpectrogramModel
) -> None:
    save_audio(Audio(song_samples(1.2)), tmp_path / "short.wav")
    lines = to_text(analyze_song(tmp_path / "short.wav", tiny_cnn)).splitlines()
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
