"""A report contains a passage of a long song, with the same samples and evidence."""

from __future__ import annotations

import base64
import io
import re
import zlib
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import soundfile
from hypothesis import given
from hypothesis import strategies as st

from core.analysis import Analysis
from dashboard import export
from dashboard.player import passage as module
from dashboard.player.passage import limited_tracks, limited_views, passage_around
from dashboard.player.payload import payload_of, views_of
from dashboard.player.wire_format import Track
from dashboard.services import excerpts, explanations, models, songs
from dashboard.services.excerpts import PartSelection
from dashboard.services.explanations import ExplanationTarget

TARGET = ExplanationTarget("jazz")
MAX_REPORT_BYTES = 10_000_000


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


def analysis_of(count: int, segment_s: float = 3.0) -> Any:
    """Facts about a song of some segments."""
    starts = segment_s * np.arange(count)
    return SimpleNamespace(
        starts_s=starts, ends_s=starts + segment_s, parameters=SimpleNamespace(segment_s=segment_s)
    )


@given(st.integers(1, 400), st.floats(0, 1), st.floats(1, 30))
def test_a_passage_contains_its_segment_and_is_never_too_long(
    count: int, place: float, segment_s: float
) -> None:
    segment = min(int(place * count), count - 1)
    found = passage_around(analysis_of(count, segment_s), segment)
    if found is None:
        assert count * segment_s <= module.SECONDS or count == 1
        return
    assert segment in found.segments
    assert 0 <= found.segments.start < found.segments.stop <= count
    assert found.end_s - found.start_s <= max(module.SECONDS, segment_s) + 1e-6


def test_a_short_song_is_reported_whole() -> None:
    assert passage_around(analysis_of(15), 3) is None


def test_tracks_keep_their_samples() -> None:
    samples = np.random.default_rng(0).integers(-9000, 9000, 100 * 8000).astype(np.int16)
    stream = io.BytesIO()
    soundfile.write(stream, samples, 8000, format="FLAC", subtype="PCM_16")
    passage = passage_around(analysis_of(33), 20)
    assert passage is not None
    (track,) = limited_tracks([Track("original", "", "", stream.getvalue())], passage)
    found, _ = soundfile.read(io.BytesIO(track.file), dtype="int16")
    assert track.start_s == passage.start_s == 45
    np.testing.assert_array_equal(found, samples[45 * 8000 : 90 * 8000])


@pytest.fixture
def analysis(chosen: songs.Song) -> Analysis:
    return explanations.analysis_of(chosen, "cnn", silent)


def test_evidence_outside_the_passage_is_blank(
    chosen: songs.Song, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "SECONDS", 3.0)
    passage = passage_around(analysis, 1)
    assert passage is not None
    assert passage.segments == range(1, 2)
    own = explanations.segment_explanation_of(chosen, "cnn", TARGET, 1, silent)
    views = views_of(analysis, [own], np.ones(analysis.logmel.shape, bool))
    frames = analysis.parameters.segment_frames
    for view, whole in zip(limited_views(views, passage, frames), views, strict=True):
        assert view.values.shape == whole.values.shape
        np.testing.assert_array_equal(
            view.shap[frames : 2 * frames], whole.shap[frames : 2 * frames]
        )
        assert view.shap[frames : 2 * frames].any()
        assert not view.shap[:frames].any()
        assert len(np.unique(view.values[:frames], axis=0)) == 1
        assert view.mask is None or view.mask.sum() == frames * view.values.shape[1]


def noise(seconds: float, sample_rate: int, seed: int) -> bytes:
    """White noise as FLAC, which it cannot compress."""
    samples = np.random.default_rng(seed).integers(-20_000, 20_000, round(seconds * sample_rate))
    stream = io.BytesIO()
    soundfile.write(stream, samples.astype(np.int16), sample_rate, "PCM_16", format="FLAC")
    return stream.getvalue()


def test_the_report_of_a_song_of_14_minutes_stays_below_10_mb(
    chosen: songs.Song, analysis: Analysis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The worst case: noise, whose sound and pictures do not become smaller by compression."""
    count = round(14 * 60 / analysis.parameters.segment_s)
    random = np.random.default_rng(0)

    def repeated(values: np.ndarray) -> np.ndarray:
        shape = (count, *values.shape[1:])
        return random.normal(values.mean(), values.std(), shape).astype(np.float32)

    own = explanations.segment_explanation_of(chosen, "cnn", TARGET, 1, silent)
    segment_s = analysis.parameters.segment_s
    long = replace(
        analysis,
        inputs=repeated(analysis.inputs),
        logmel=repeated(analysis.logmel),
        probabilities=np.repeat(analysis.probabilities[:1], count, axis=0),
        starts=np.arange(count) * analysis.parameters.segment_frames,
        filled=np.repeat(analysis.filled[:1], count),
        starts_s=segment_s * np.arange(count),
        ends_s=segment_s * np.arange(1, count + 1),
        duration_s=count * segment_s,
    )
    every = replace(
        own,
        segments=np.arange(count),
        mfcc=repeated(own.mfcc),
        mel=repeated(own.mel),
    )
    whole, kept, rest = (
        excerpts.Excerpt(
            noise(count * segment_s, analysis.parameters.sample_rate, seed), long.song_probabilities
        )
        for seed in range(3)
    )
    parts = excerpts.SongParts(kept, rest, random.random(long.logmel.shape) < 0.2)
    monkeypatch.setattr(models, "accuracy", lambda name: (0.655, 290))
    monkeypatch.setattr(explanations, "segment_explanation_of", lambda *_: own)
    monkeypatch.setattr(explanations, "finished_batches", lambda *_: [every])
    monkeypatch.setattr(explanations, "analyses_of", lambda *_: ({"cnn": long}, []))
    monkeypatch.setattr(excerpts, "whole_song_of", lambda *_: whole)
    monkeypatch.setattr(excerpts, "song_parts_of", lambda *_: parts)
    page = export.report(chosen, long, TARGET, 100, PartSelection(TARGET))
    assert 1_000_000 < len(page) <= MAX_REPORT_BYTES
    assert (
        len(
            payload_of(chosen, long, TARGET, [own, every], 100, whole, parts, dark=False).to_bytes()
        )
        > 5 * MAX_REPORT_BYTES
    )
    text = page.decode()
    assert "To keep this file small, it contains the sound and the evidence at 4:" in text
    packed = re.search(r'atob\("([^"]+)"\)', text)
    assert packed is not None
    payload = zlib.decompress(base64.b64decode(packed[1]))
    assert payload[4:5] == b"{"
