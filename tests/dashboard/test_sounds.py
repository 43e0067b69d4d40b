"""What the page plays is what core leaves of the song, and what the network says is about that."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import analyze
from core.audio import load_audio
from core.explanation import explain
from core.listening import listen
from core.loudness import comfortable
from core.models import GenreModel
from dashboard import session, sounds
from dashboard.sounds import ATTRIBUTED, OPTIMISED


def silent(text: str, share: float | None) -> None:
    """Report nothing."""


@pytest.mark.parametrize("mode", ["keep", "remove"])
@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_an_excerpt_is_what_listen_leaves_and_what_the_network_says_of_it(
    chosen: session.Song, tiny_cnn: GenreModel, method: str, mode: str
) -> None:
    excerpt = sounds.excerpt_of(chosen, "cnn", "jazz", method, 0.3, mode, silent)  # type: ignore[arg-type]
    audio = load_audio(chosen.content)
    explanation = explain(audio, tiny_cnn, target="jazz")
    ranking = None
    if method == OPTIMISED:
        ranking = sounds.ranking_of(chosen, "cnn", "jazz", silent)
        assert ranking.shape == explanation.mel.shape
    left = listen(audio, explanation, keep=0.3, mode=mode, ranking=ranking)  # type: ignore[arg-type]
    expected = comfortable(left, reference=audio)
    heard = load_audio(excerpt.file)
    assert len(heard.samples) == len(audio.samples)
    np.testing.assert_allclose(heard.samples, expected.samples, atol=1e-3)
    np.testing.assert_allclose(
        excerpt.probabilities, analyze(expected, tiny_cnn).song_probabilities, atol=1e-4
    )


@pytest.mark.parametrize("method", [ATTRIBUTED, OPTIMISED])
def test_work_that_was_stopped_goes_on_where_it_was(chosen: session.Song, method: str) -> None:
    class Stopped(BaseException):
        """Stands for Streamlit's own way to end a run."""

    analysis = session.analysis_of(chosen, "cnn", silent)
    shares: list[float] = []

    def stop_late(text: str, share: float | None) -> None:
        if share is not None:
            shares.append(share)
            if "Looking" in text or method == ATTRIBUTED:
                raise Stopped

    with pytest.raises(Stopped):
        sounds.prepare(chosen, "cnn", "jazz", method, stop_late)
    assert shares
    assert not sounds.is_ready(chosen, analysis, "jazz", method)
    sounds.prepare(chosen, "cnn", "jazz", method, silent)
    assert sounds.is_ready(chosen, analysis, "jazz", method)


def test_how_little_is_enough_is_looked_up_once(
    chosen: session.Song, monkeypatch: pytest.MonkeyPatch
) -> None:
    share = sounds.enough_of(chosen, "cnn", "jazz", silent)
    assert 0 < share <= 1
    monkeypatch.setattr("core.extremal.smallest_share", None)
    assert sounds.enough_of(chosen, "cnn", "jazz", silent) == share


def test_the_song_as_it_is_is_prepared_once_for_both_methods(chosen: session.Song) -> None:
    first, second = (
        sounds.excerpt_of(chosen, "cnn", None, method, 1.0, "keep", silent)
        for method in (ATTRIBUTED, OPTIMISED)
    )
    assert first is second


def test_the_networks_input_is_a_segment_long(chosen: session.Song) -> None:
    sound = load_audio(sounds.network_input_of(chosen, "cnn", 1, silent))
    assert sound.duration_s == pytest.approx(2.988, abs=0.01)
