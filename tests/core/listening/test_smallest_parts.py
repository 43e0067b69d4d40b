"""Smallest parts as audio: what they are for the model, and what they add up to."""

from __future__ import annotations

import numpy as np
import pytest

from core.analysis import Analysis, analyze
from core.audio.io import Audio
from core.explanation.explain import Explanation, explain
from core.explanation.extremal import SHARES, extremal_ranking
from core.explanation.smallest_parts import SUFFICIENT
from core.listening.smallest_parts import (
    SmallestParts,
    part_of_segment,
    prediction_of,
    smallest_parts,
)
from core.models.spectrogram_models import SpectrogramModel


@pytest.fixture(scope="module")
def analysis(song: Audio, tiny_cnn: SpectrogramModel) -> Analysis:
    return analyze(song, tiny_cnn)


@pytest.fixture(scope="module")
def explanation(song: Audio, tiny_cnn: SpectrogramModel, analysis: Analysis) -> Explanation:
    target = tiny_cnn.genres[int(analysis.probabilities[1].argmax())]
    return explain(song, tiny_cnn, target=target, segments=[1], analysis=analysis)


@pytest.fixture(scope="module")
def ranking(tiny_cnn: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    return extremal_ranking(tiny_cnn, explanation)


@pytest.fixture(scope="module")
def found(
    song: Audio, tiny_cnn: SpectrogramModel, explanation: Explanation, ranking: np.ndarray
) -> SmallestParts:
    return smallest_parts(tiny_cnn, song, explanation, ranking)


def test_the_sufficient_part_has_nine_tenths_of_the_probability_and_the_next_smaller_one_has_not(
    found: SmallestParts,
    song: Audio,
    tiny_cnn: SpectrogramModel,
    explanation: Explanation,
    ranking: np.ndarray,
) -> None:
    genre = tiny_cnn.genres.index(explanation.target)
    enough = SUFFICIENT * explanation.prediction[0]
    assert found.sufficient is not None
    assert prediction_of(tiny_cnn, found.sufficient.kept)[genre] >= enough
    smaller = SHARES[SHARES.index(found.sufficient.share) - 1]
    if smaller < found.sufficient.share:
        less = part_of_segment(song, explanation, ranking, smaller)
        assert prediction_of(tiny_cnn, less.kept)[genre] < enough


def test_without_the_necessary_part_the_model_predicts_another_genre(
    found: SmallestParts, tiny_cnn: SpectrogramModel, explanation: Explanation
) -> None:
    genre = tiny_cnn.genres.index(explanation.target)
    if found.necessary is None:
        silence = Audio(np.zeros(72 * 915 - 1, dtype=np.float32))
        assert prediction_of(tiny_cnn, silence).argmax() == genre
    else:
        assert prediction_of(tiny_cnn, found.necessary.rest).argmax() != genre


def test_both_halves_of_a_part_add_up_to_the_segment(
    song: Audio, explanation: Explanation, ranking: np.ndarray
) -> None:
    part = part_of_segment(song, explanation, ranking, 0.2)
    segment = song.samples[72 * 915 : 144 * 915 - 1]
    assert part.share == 0.2
    np.testing.assert_allclose(part.kept.samples + part.rest.samples, segment, atol=1e-5)


def test_one_segment_at_a_time(song: Audio, tiny_cnn: SpectrogramModel) -> None:
    explanation = explain(song, tiny_cnn, target="jazz", segments=[0, 1])
    with pytest.raises(ValueError, match="Explain one segment, not 2"):
        smallest_parts(tiny_cnn, song, explanation, explanation.mel)


def test_progress_can_stop_the_search(
    song: Audio, tiny_cnn: SpectrogramModel, explanation: Explanation, ranking: np.ndarray
) -> None:
    def stop() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        smallest_parts(tiny_cnn, song, explanation, ranking, progress=stop)


def test_a_silent_segment_has_parts_too(tiny_cnn: SpectrogramModel) -> None:
    """Every part of silence is silence, so the smallest one suffices."""
    silent = Audio(np.zeros(4 * 22_050, dtype=np.float32))
    genre = tiny_cnn.genres[int(analyze(silent, tiny_cnn).probabilities[0].argmax())]
    explanation = explain(silent, tiny_cnn, target=genre, segments=[0])
    found = smallest_parts(tiny_cnn, silent, explanation, explanation.mel)
    assert found.sufficient is not None
    assert found.sufficient.share == SHARES[0]
    assert found.necessary is None
