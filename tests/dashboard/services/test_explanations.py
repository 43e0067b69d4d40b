"""What the page asks of core: computed once, in parts that survive a stop, the same as whole."""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from dataclasses import fields

import numpy as np
import pytest

from core.audio.io import load_audio
from core.errors import AudioError
from core.explanation.explain import explain
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import explanations, songs
from dashboard.services.explanations import ExplanationTarget

JAZZ = ExplanationTarget("jazz")


class Stopped(BaseException):
    """Stands for Streamlit's own way to end a run."""


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


def test_the_explanation_in_parts_is_the_explanation_as_a_whole(
    chosen: songs.Song, tiny_cnn: SpectrogramModel
) -> None:
    found = explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    expected = explain(load_audio(chosen.content), tiny_cnn, target="jazz")
    assert len(found) == len(expected) == 3
    for field in fields(expected):
        value = getattr(expected, field.name)
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(getattr(found, field.name), value, atol=1e-5)
        else:
            assert getattr(found, field.name) == value


def test_a_genre_rather_than_another_is_another_question(
    chosen: songs.Song, tiny_cnn: SpectrogramModel
) -> None:
    explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    found = explanations.explanation_of(chosen, "cnn", ExplanationTarget("jazz", "rock"), silent)
    expected = explain(load_audio(chosen.content), tiny_cnn, target="jazz", versus="rock")
    assert found.versus == "rock"
    np.testing.assert_allclose(found.mfcc, expected.mfcc, atol=1e-5)


def test_a_stopped_explanation_keeps_its_finished_parts(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)

    def stop_late(text: str, share: float | None) -> None:
        if share is not None and share > 0.7:  # in the second of two parts
            raise Stopped

    with pytest.raises(Stopped):
        explanations.explanation_of(chosen, "cnn", JAZZ, stop_late)
    (part,) = explanations.finished_batches(chosen, analysis, JAZZ)
    assert list(part.segments) == [0, 1]
    assert not explanations.is_explained(chosen, analysis, JAZZ)

    asked: list[list[int]] = []

    def counting(*args: object, segments: range, **options: object) -> object:
        asked.append(list(segments))
        return explain(*args, segments=segments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr("core.explanation.explain.explain", counting)
    explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    assert asked == [[2]]
    assert explanations.is_explained(chosen, analysis, JAZZ)


def test_one_segment_is_explained_alone_or_taken_from_the_whole(chosen: songs.Song) -> None:
    alone = explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)
    explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    taken = explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)
    assert len(alone) == len(taken) == 1
    assert list(taken.segments) == [1]
    assert taken is not alone
    np.testing.assert_allclose(taken.mfcc, alone.mfcc, atol=1e-5)


def test_equal_bytes_are_heard_once_whatever_they_are_called(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = explanations.analysis_of(chosen, "cnn", silent)
    monkeypatch.setattr("core.analysis.analyze", lambda *_: pytest.fail("heard again"))
    other = songs.song_from_bytes(chosen.content, "another name.wav")
    assert explanations.analysis_of(other, "cnn", silent) is first


def test_a_song_is_called_what_its_owner_calls_it_even_if_others_brought_it_before(
    chosen: songs.Song,
) -> None:
    songs.audio_of(chosen, silent)
    other = songs.song_from_bytes(chosen.content, "folder/mine\u202e.wav")
    assert songs.title_of(chosen) == "little song.wav"
    assert songs.title_of(other) == "mine.wav"
    assert "little" not in songs.audio_of(other, silent).name
    assert "little" not in explanations.analysis_of(other, "cnn", silent).song


def test_a_model_that_cannot_be_used_leaves_the_other_one_usable(chosen: songs.Song) -> None:
    analyses, failures = explanations.analyses_of(chosen, silent)
    assert list(analyses) == ["cnn"]
    assert failures == ["There is no model 'cnn_lstm'.", "There is no model 'musicnn'."]


def test_a_song_that_cannot_be_heard_is_the_songs_failure(chosen: songs.Song) -> None:
    broken = songs.song_from_bytes(b"no audio at all " * 99, "broken.mp3")
    with pytest.raises(AudioError):
        explanations.analyses_of(broken, silent)


def test_the_first_page_is_drawn_without_loading_what_is_slow() -> None:
    program = """
        import sys
        from streamlit.testing.v1 import AppTest
        sys.path.insert(0, ".")
        from dashboard.services.warmup import WarmUp
        WarmUp.start = lambda self: None
        page = AppTest.from_file("dashboard/app.py", default_timeout=60).run()
        assert not page.exception, page.exception
        assert page.title[0].value == "Groove-Guide", page
        slow = {"tensorflow", "keras", "librosa", "shap", "sklearn", "scipy", "av"}
        print(sorted(slow & set(sys.modules)))
    """
    result = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "PYTHONWARNINGS": "ignore"},
    )
    assert result.returncode == 0, result.stderr
    assert result.stdout.strip() == "[]"
