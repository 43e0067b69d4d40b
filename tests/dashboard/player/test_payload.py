"""The player gets the tracks, probabilities and evidence that have been computed so far."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from core.analysis import Analysis
from core.explanation.explain import Explanation
from dashboard.charts.theme import DARK, LIGHT
from dashboard.player.payload import payload_of, tracks_of, views_of
from dashboard.services import excerpts, explanations, songs
from dashboard.services.excerpts import Excerpt, PartSelection, PassageParts, SongParts
from dashboard.services.explanations import ExplanationTarget

JAZZ = ExplanationTarget("jazz")
ODDS = np.eye(10)[5]  # all for jazz


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


@pytest.fixture
def analysis(chosen: songs.Song) -> Analysis:
    return explanations.analysis_of(chosen, "cnn", silent)


@pytest.fixture
def explanation(chosen: songs.Song) -> Explanation:
    """Explanation of the song's second segment."""
    return explanations.segment_explanation_of(chosen, "cnn", JAZZ, 1, silent)


WHOLE = Excerpt(b"whole", 0.25 * ODDS)


def test_before_the_song_is_explained_only_the_original_can_be_played(analysis: Analysis) -> None:
    (track,) = tracks_of(analysis, JAZZ, WHOLE, None)
    assert (track.name, track.file, track.part) == ("original", b"whole", None)
    assert track.note == "25\u202f% jazz"


def test_parts_of_a_passage_begin_where_it_does_and_have_no_probability(analysis: Analysis) -> None:
    parts = PassageParts(b"kept", b"rest", np.zeros(analysis.logmel.shape, bool), 2.5)
    _, kept, rest = tracks_of(analysis, JAZZ, WHOLE, parts)
    assert (kept.file, kept.part, kept.start_s, kept.note) == (b"kept", "keep", 2.5, "…")
    assert (rest.file, rest.part, rest.start_s, rest.note) == (b"rest", "remove", 2.5, "…")


def test_parts_of_the_song_have_the_probability_of_the_explained_genre(analysis: Analysis) -> None:
    mask = np.zeros(analysis.logmel.shape, bool)
    parts = SongParts(Excerpt(b"kept", 0.5 * ODDS), Excerpt(b"rest", 0.125 * ODDS), mask)
    _, kept, rest = tracks_of(analysis, JAZZ, WHOLE, parts)
    assert (kept.file, kept.note, kept.start_s) == (b"kept", "50\u202f% jazz", 0)
    assert rest.note.endswith("% jazz")
    assert (
        tracks_of(analysis, ExplanationTarget("rock"), WHOLE, parts)[1].note
        == "<\u202f1\u202f% rock"
    )


def test_views_show_the_whole_song_with_the_evidence_so_far(
    analysis: Analysis, explanation: Explanation
) -> None:
    mask = np.zeros(analysis.logmel.shape, bool)
    mask[1, 3, 7] = True
    mfcc, mel = views_of(analysis, [explanation], mask)
    frames = analysis.parameters.segment_frames
    for view, shap in ((mfcc, explanation.mfcc[0]), (mel, explanation.mel[0])):
        np.testing.assert_array_equal(view.shap[frames : 2 * frames], shap)
        assert not view.shap[:frames].any()
        assert len(view.names) == view.values.shape[1] == len(view.centre) == len(view.spread)
    np.testing.assert_array_equal(mel.values[:frames], analysis.logmel[0])
    assert mel.mask is not None
    assert np.argwhere(mel.mask).tolist() == [[frames + 3, 7]]
    assert mfcc.mask is None


def test_padding_after_the_songs_end_is_not_shown(
    analysis: Analysis, explanation: Explanation
) -> None:
    parameters = analysis.parameters
    seconds = parameters.segment_frames * parameters.hop_length / parameters.sample_rate
    shorter = replace(analysis, duration_s=2.5 * seconds)
    for view in views_of(shorter, [explanation], None):
        assert len(view.values) == len(view.shap) == 1 + 2.5 * parameters.segment_frames


def test_a_model_that_reads_all_mel_coefficients_has_no_mfcc_view(
    analysis: Analysis, explanation: Explanation
) -> None:
    parameters = replace(analysis.parameters, n_mfcc=analysis.parameters.n_mels)
    views = views_of(replace(analysis, parameters=parameters), [explanation], None)
    assert [view.name for view in views] == ["mel"]


@pytest.mark.parametrize("dark", [False, True])
def test_the_header_has_times_names_and_colours(
    chosen: songs.Song, analysis: Analysis, explanation: Explanation, dark: bool
) -> None:
    target = ExplanationTarget("jazz", "hiphop")
    parts = excerpts.song_parts_of(chosen, "cnn", PartSelection(JAZZ), silent)
    payload = payload_of(chosen, analysis, target, [explanation], 1, WHOLE, parts, dark=dark)
    header = payload.header
    assert header["song"] == chosen.digest
    assert header["segment"][0] == analysis.starts_s[1]
    assert header["segment"][1] - header["segment"][0] == analysis.parameters.segment_s
    assert "jazz" in header["target"]
    assert "hip-hop" in header["target"]
    assert header["legend"] == {
        "unit": "SHAP value (nats):",
        "against": "for hip-hop",
        "favour": "for jazz",
    }
    assert header["colours"]["favour"] == (DARK if dark else LIGHT).favour
    blobs = {track["blob"] for track in header["tracks"]}
    assert {payload.blobs[blob] for blob in blobs} == {b"whole", parts.kept.file, parts.rest.file}
