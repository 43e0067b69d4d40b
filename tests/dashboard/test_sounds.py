"""What the page plays is what core leaves of the song, and what the network says is about that."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import analyze
from core.audio import load_audio
from core.explanation import explain
from core.listening import importance_mask, listen
from core.loudness import comfortable, loudness
from core.models import GenreModel
from dashboard import session, sounds
from dashboard.session import Question
from dashboard.sounds import ATTRIBUTED, OPTIMISED, Cut

JAZZ = Question("jazz")


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


@pytest.mark.parametrize(
    "cut",
    [
        Cut(JAZZ, ATTRIBUTED, 0.3),
        Cut(JAZZ, ATTRIBUTED, 0.4, "evidence"),
        Cut(Question("jazz", "rock"), ATTRIBUTED, 0.2),
        Cut(JAZZ, OPTIMISED, 0.2),
    ],
    ids=str,
)
def test_halves_are_what_listen_leaves_and_what_the_network_says_of_them(
    chosen: session.Song, tiny_cnn: GenreModel, cut: Cut
) -> None:
    halves = sounds.halves_of(chosen, "cnn", cut, silent)
    audio = load_audio(chosen.content)
    explanation = explain(audio, tiny_cnn, target="jazz", versus=cut.question.versus or None)
    ranking = None
    if cut.method == OPTIMISED:
        ranking = sounds.ranking_of(chosen, "cnn", JAZZ, silent)
        assert ranking.shape == explanation.mel.shape
    for mode, excerpt in (("keep", halves.kept), ("remove", halves.rest)):
        left = listen(
            audio,
            explanation,
            keep=cut.keep,
            mode=mode,  # type: ignore[arg-type]
            of=cut.of,
            ranking=ranking,
        )
        expected = comfortable(left, loudness(audio))
        heard = load_audio(excerpt.file)
        assert len(heard.samples) == len(audio.samples)
        np.testing.assert_allclose(heard.samples, expected.samples, atol=1e-3)
        np.testing.assert_allclose(
            excerpt.probabilities, analyze(expected, tiny_cnn).song_probabilities, atol=1e-4
        )
    expected_mask = importance_mask(explanation, keep=cut.keep, of=cut.of, ranking=ranking)
    np.testing.assert_array_equal(halves.mask, expected_mask)


def test_the_smallest_sound_is_asked_for_a_genre_alone_and_in_shares_of_the_area() -> None:
    cut = Cut(Question("jazz", "rock"), OPTIMISED, 0.1, "evidence")
    assert cut == Cut(JAZZ, OPTIMISED, 0.1, "area")


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_work_that_was_stopped_goes_on_where_it_was(chosen: session.Song, method: str) -> None:
    class Stopped(BaseException):
        """Stands for Streamlit's own way to end a run."""

    analysis = session.analysis_of(chosen, "cnn", silent)
    shares: list[float] = []
    cut = Cut(JAZZ, method)

    def stop_late(text: str, share: float | None) -> None:
        if share is not None:
            shares.append(share)
            if "Looking" in text or method == ATTRIBUTED:
                raise Stopped

    with pytest.raises(Stopped):
        sounds.prepare(chosen, "cnn", cut, stop_late)
    assert shares
    assert not sounds.is_ready(chosen, analysis, cut)
    sounds.prepare(chosen, "cnn", cut, silent)
    assert sounds.is_ready(chosen, analysis, cut)


def test_how_little_is_enough_is_looked_up_once(
    chosen: session.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = sounds.enough_of(chosen, "cnn", JAZZ, silent)
    assert 0 < share <= 1
    monkeypatch.setattr("core.extremal.smallest_share", None)
    assert sounds.enough_of(chosen, "cnn", JAZZ, silent) == share


def test_a_saved_half_is_what_is_played(chosen: session.Song) -> None:
    cut = Cut(JAZZ)
    halves = sounds.halves_of(chosen, "cnn", cut, silent)
    for mode, excerpt in (("keep", halves.kept), ("remove", halves.rest)):
        saved = sounds.wav_of(chosen, "cnn", cut, mode)  # type: ignore[arg-type]
        assert saved[:4] == b"RIFF"
        np.testing.assert_allclose(
            load_audio(saved).samples, load_audio(excerpt.file).samples, atol=1e-3
        )


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_a_passage_is_there_before_the_song_and_keeps_the_same_cells(
    chosen: session.Song, monkeypatch: pytest.MonkeyPatch, method: str
) -> None:
    monkeypatch.setattr(sounds, "PASSAGE", 2)
    monkeypatch.setattr(sounds, "PASSAGE_BEFORE", 1)
    cut = Cut(JAZZ, method, 0.3)
    passage = sounds.passage_of(chosen, "cnn", cut, 2, silent)
    assert sounds.halves_at_hand(chosen, "cnn", cut) is None
    halves = sounds.halves_of(chosen, "cnn", cut, silent)
    assert sounds.halves_at_hand(chosen, "cnn", cut) is halves
    np.testing.assert_array_equal(passage.mask[1:3], halves.mask[1:3])
    assert not passage.mask[0].any()
    assert passage.start_s == pytest.approx(2.988, abs=0.001)
    duration_s = session.audio_of(chosen, silent).duration_s
    for file in (passage.kept, passage.rest):
        heard = load_audio(file)
        assert heard.duration_s <= duration_s - passage.start_s + 0.01
        assert 0.01 < np.abs(heard.samples).max() <= 1


def test_the_networks_input_is_a_segment_long(chosen: session.Song) -> None:
    sound = load_audio(sounds.network_input_of(chosen, "cnn", 1, silent))
    assert sound.duration_s == pytest.approx(2.988, abs=0.01)
