"""The played parts are those of core, with its predictions; nothing is computed twice."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import numpy as np
import pytest

from core.analysis import analyze
from core.audio.io import load_audio
from core.audio.loudness import loudness, match_loudness
from core.explanation.explain import Explanation, explain, joined
from core.explanation.masks import importance_mask
from core.listening.filtering import Mode, listen
from core.models.spectrogram_models import SpectrogramModel
from dashboard.services import excerpts, explanations, rankings, songs
from dashboard.services.excerpts import ATTRIBUTED, OPTIMISED, PartSelection
from dashboard.services.explanations import ExplanationTarget
from dashboard.services.preparation import Phase

JAZZ = ExplanationTarget("jazz")


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


@pytest.mark.parametrize(
    "selection",
    [
        PartSelection(JAZZ, ATTRIBUTED, 0.3),
        PartSelection(JAZZ, ATTRIBUTED, 0.4, "evidence"),
        PartSelection(ExplanationTarget("jazz", "rock"), ATTRIBUTED, 0.2),
        PartSelection(JAZZ, OPTIMISED, 0.2),
    ],
    ids=str,
)
def test_song_parts_are_those_of_listen_with_the_predictions_for_them(
    chosen: songs.Song, tiny_cnn: SpectrogramModel, selection: PartSelection
) -> None:
    song_parts = excerpts.song_parts_of(chosen, "cnn", selection, silent)
    audio = load_audio(chosen.content)
    explanation = explain(audio, tiny_cnn, target="jazz", versus=selection.target.versus or None)
    ranking = None
    if selection.method == OPTIMISED:
        ranking = rankings.optimised_ranking_of(chosen, "cnn", JAZZ, silent)
        assert ranking.shape == explanation.mel.shape
    for mode, excerpt in (("keep", song_parts.kept), ("remove", song_parts.rest)):
        left = listen(
            audio,
            explanation,
            keep=selection.keep,
            mode=mode,  # type: ignore[arg-type]
            of=selection.of,
            ranking=ranking,
        )
        expected = match_loudness(left, loudness(audio))
        heard = load_audio(excerpt.file)
        assert len(heard.samples) == len(audio.samples)
        np.testing.assert_allclose(heard.samples, expected.samples, atol=1e-3)
        np.testing.assert_allclose(
            excerpt.probabilities, analyze(left, tiny_cnn).song_probabilities, atol=1e-6
        )
    expected_mask = importance_mask(
        explanation, keep=selection.keep, of=selection.of, ranking=ranking
    )
    np.testing.assert_array_equal(song_parts.mask, expected_mask)


def test_optimised_parts_exist_for_the_probability_and_for_shares_of_the_area_only() -> None:
    selection = PartSelection(ExplanationTarget("jazz", "rock"), OPTIMISED, 0.1, "evidence")
    assert selection == PartSelection(JAZZ, OPTIMISED, 0.1, "area")


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_stopped_work_continues_where_it_was(chosen: songs.Song, method: str) -> None:
    class Stopped(BaseException):
        """Stands for Streamlit's own way to end a run."""

    analysis = explanations.analysis_of(chosen, "cnn", silent)
    shares: list[float] = []
    selection = PartSelection(JAZZ, method)

    def stop_late(text: str, share: float | None) -> None:
        if share is not None:
            shares.append(share)
            if "Finding" in text or method == ATTRIBUTED:
                raise Stopped

    with pytest.raises(Stopped):
        excerpts.prepare(chosen, "cnn", selection, stop_late)
    assert shares
    assert not excerpts.is_explained(chosen, analysis, selection)
    excerpts.prepare(chosen, "cnn", selection, silent)
    assert excerpts.is_explained(chosen, analysis, selection)


def test_the_sufficient_share_is_computed_once(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = excerpts.sufficient_share_of(chosen, "cnn", JAZZ, silent)
    assert 0 < share <= 1
    monkeypatch.setattr("core.explanation.extremal.smallest_share", None)
    assert excerpts.sufficient_share_of(chosen, "cnn", JAZZ, silent) == share


def test_a_saved_part_has_the_samples_that_are_played(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    selection = PartSelection(JAZZ)
    song_parts = excerpts.song_parts_of(chosen, "cnn", selection, silent)
    for step in ("filtering.filter_song", "filtering.divide", "filtering.divide_by_mask"):
        monkeypatch.setattr(f"core.listening.{step}", lambda *_, **__: pytest.fail("again"))
    modes: tuple[Mode, ...] = get_args(Mode)
    for mode, excerpt in zip(modes, (song_parts.kept, song_parts.rest), strict=True):
        saved = excerpts.wav_file_of(chosen, "cnn", selection, mode)
        assert saved[:4] == b"RIFF"
        np.testing.assert_array_equal(load_audio(saved).samples, load_audio(excerpt.file).samples)


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_a_new_share_joins_and_masks_only_the_segments_that_it_plays(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(explanations, "BATCH", 1)
    monkeypatch.setattr(excerpts, "PASSAGE", 2)
    monkeypatch.setattr(excerpts, "PASSAGE_BEFORE", 0)
    excerpts.prepare(chosen, "cnn", PartSelection(JAZZ, method), silent)
    joins, masks = [], []

    def counted_join(parts: Sequence[Explanation]) -> Explanation:
        joins.append([int(segment) for part in parts for segment in part.segments])
        return joined(parts)

    def counted_mask(explanation: Explanation, **options: Any) -> np.ndarray:
        masks.append(len(explanation))
        return importance_mask(explanation, **options)

    monkeypatch.setattr("core.explanation.explain.joined", counted_join)
    for module in ("core.explanation.masks", "core.listening.filtering"):
        monkeypatch.setattr(f"{module}.importance_mask", counted_mask)
    excerpts.passage_parts_of(chosen, "cnn", PartSelection(JAZZ, method, 0.1), 1, silent)
    assert (joins, masks) == ([[1, 2]], [2])
    joins.clear()
    masks.clear()
    excerpts.song_parts_of(chosen, "cnn", PartSelection(JAZZ, method, 0.1), silent)
    assert (joins, masks) == ([[0, 1, 2]], [3])


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_a_passage_keeps_the_same_cells_as_the_whole_song(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(excerpts, "PASSAGE", 2)
    monkeypatch.setattr(excerpts, "PASSAGE_BEFORE", 1)
    selection = PartSelection(JAZZ, method, 0.3)
    passage = excerpts.passage_parts_of(chosen, "cnn", selection, 2, silent)
    assert excerpts.cached_song_parts(chosen, "cnn", selection) is None
    song_parts = excerpts.song_parts_of(chosen, "cnn", selection, silent)
    assert excerpts.cached_song_parts(chosen, "cnn", selection) is song_parts
    np.testing.assert_array_equal(passage.mask[1:3], song_parts.mask[1:3])
    assert not passage.mask[0].any()
    assert passage.start_s == pytest.approx(2.988, abs=0.001)
    duration_s = songs.audio_of(chosen, silent).duration_s
    for file in (passage.kept, passage.rest):
        heard = load_audio(file)
        assert heard.duration_s <= duration_s - passage.start_s + 0.01
        assert 0.01 < np.abs(heard.samples).max() <= 1


def test_the_networks_input_lasts_one_segment(chosen: songs.Song) -> None:
    sound = load_audio(excerpts.network_input_of(chosen, "cnn", 1, silent))
    assert sound.duration_s == pytest.approx(2.988, abs=0.01)


def test_the_preparation_follows_the_cache(
    chosen: songs.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    selection = PartSelection(JAZZ, keep=0.1)
    assert excerpts.preparation_of(chosen, analysis, selection).phase is Phase.EXPLAINING
    excerpts.prepare(chosen, "cnn", selection, silent)
    assert excerpts.preparation_of(chosen, analysis, selection).phase is Phase.COMPLETE
    monkeypatch.setattr(excerpts, "LONG", 2)
    assert excerpts.preparation_of(chosen, analysis, selection).phase is Phase.PASSAGE
    excerpts.song_parts_of(chosen, "cnn", selection, silent)
    assert excerpts.preparation_of(chosen, analysis, selection).phase is Phase.COMPLETE
    other = replace(selection, keep=0.2)
    assert excerpts.preparation_of(chosen, analysis, other).phase is Phase.PASSAGE


def test_a_stop_holds_for_every_share_of_the_same_explanation(chosen: songs.Song) -> None:
    analysis = explanations.analysis_of(chosen, "cnn", silent)
    stopped = excerpts.preparation_of(chosen, analysis, PartSelection(JAZZ, keep=0.1)).stop()
    for selection, phase in (
        (PartSelection(JAZZ, keep=0.4, of="evidence"), Phase.STOPPED),
        (PartSelection(JAZZ, OPTIMISED, keep=0.1), Phase.EXPLAINING),
        (PartSelection(ExplanationTarget("rock"), keep=0.1), Phase.EXPLAINING),
    ):
        found = excerpts.preparation_of(chosen, analysis, selection).observed(stopped)
        assert found.phase is phase
