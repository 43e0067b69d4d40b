"""Explanations are computed once, in batches that survive a stop, and equal those of core."""

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
    """Stands for the exception with which Streamlit ends a run."""


def silent(text: str, share: float | None) -> None:
    """Ignore progress."""


def test_the_explanation_in_batches_equals_that_of_the_whole_song(
    chosen: songs.Song, tiny_cnn: SpectrogramModel
) -> None:
    found = explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    expected = explain(load_audio(chosen.content), tiny_cnn, target="jazz").without_audio()
    assert len(found) == len(expected) == 3
    for field in fields(expected):
        value = getattr(expected, field.name)
        if isinstance(value, np.ndarray):
            np.testing.assert_allclose(getattr(found, field.name), value, atol=1e-5)
        else:
            assert getattr(found, field.name) == value


def test_a_genre_compared_with_another_is_explained_separately(
    chosen: songs.Song, tiny_cnn: SpectrogramModel
) -> None:
    explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    found = explanations.explanation_of(chosen, "cnn", ExplanationTarget("jazz", "rock"), silent)
    expected = explain(load_audio(chosen.content), tiny_cnn, target="jazz", versus="rock")
    assert found.versus == "rock"
    np.testing.assert_allclose(found.mfcc, expected.mfcc, atol=1e-5)


def test_a_stopped_explanation_keeps_its_finished_batches(
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


@pytest.mark.parametrize(("first", "stop"), [(0, 1), (1, 3), (2, 3), (0, 3)])
def test_some_segments_need_only_their_batches(chosen: songs.Song, first: int, stop: int) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    found = explanations.explanation_of(chosen, "cnn", JAZZ, silent, segments=range(first, stop))
    assert list(found.segments) == list(range(first, stop))
    explained = [
        segment
        for batch in explanations.finished_batches(chosen, analysis, JAZZ)
        for segment in batch.segments
    ]
    batches = range(first // 2, (stop - 1) // 2 + 1)  # of two segments
    assert explained == [segment for segment in range(3) if segment // 2 in batches]


def test_a_moment_lies_in_the_segment_that_began_last(chosen: songs.Song) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    starts = analysis.starts_s
    assert [explanations.segment_at(analysis, start) for start in starts] == [0, 1, 2]
    assert explanations.segment_at(analysis, starts[1] - 0.01) == 0
    assert explanations.segment_at(analysis, -1.0) == 0
    assert explanations.segment_at(analysis, 99.0) == 2


def test_an_explanation_on_its_own_grid_is_unchanged_and_correlates_fully(
    chosen: songs.Song,
) -> None:
    one = explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)
    regridded, correlation = explanations.regridded_on(one, one)
    np.testing.assert_allclose(regridded.mel, one.mel, atol=1e-6)
    assert correlation == pytest.approx(1)


def test_one_segment_is_explained_alone_or_taken_from_the_whole(chosen: songs.Song) -> None:
    alone = explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)
    explanations.explanation_of(chosen, "cnn", JAZZ, silent)
    taken = explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)
    assert len(alone) == len(taken) == 1
    assert list(taken.segments) == [1]
    assert taken is not alone
    np.testing.assert_allclose(taken.mfcc, alone.mfcc, atol=1e-5)


def test_equal_bytes_are_analysed_once_whatever_the_files_name(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = explanations.analysis_of(chosen, "cnn", silent)
    monkeypatch.setattr("core.analysis.analyze", lambda *_: pytest.fail("analysed again"))
    other = songs.song_from_bytes(chosen.content, "another name.wav")
    assert explanations.analysis_of(other, "cnn", silent) is first


def test_a_song_has_the_name_that_its_owner_gave_it_even_if_others_uploaded_it_before(
    chosen: songs.Song,
) -> None:
    songs.audio_of(chosen, silent)
    other = songs.song_from_bytes(chosen.content, "folder/mine\u202e.wav")
    assert songs.title_of(chosen) == "little song.wav"
    assert songs.title_of(other) == "mine.wav"
    assert "little" not in songs.audio_of(other, silent).name
    assert "little" not in explanations.analysis_of(other, "cnn", silent).song


def test_a_model_that_cannot_be_loaded_leaves_the_others_usable(chosen: songs.Song) -> None:
    analyses, failures = explanations.analyses_of(chosen, silent)
    assert list(analyses) == ["cnn"]
    assert failures == ["There is no model 'cnn_lstm'.", "There is no model 'musicnn'."]


def test_a_song_that_cannot_be_decoded_is_no_failure_of_a_model(chosen: songs.Song) -> None:
    broken = songs.song_from_bytes(b"no audio at all " * 99, "broken.mp3")
    with pytest.raises(AudioError):
        explanations.analyses_of(broken, silent)


def test_the_first_page_is_drawn_without_the_slow_libraries() -> None:
    program = """
        import sys
        from streamlit.testing.v1 import AppTest
        sys.path.insert(0, ".")
        from dashboard.services.workers import WorkerPool
        WorkerPool.start = lambda self: None
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
