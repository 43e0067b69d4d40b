"""Extremal regions: more convincing than attributed ones at every area; smallest shares."""

from __future__ import annotations

import numpy as np
import pytest

from core.audio.io import Audio
from core.explanation.explain import Explanation, explain
from core.explanation.extremal import AREAS, SHARES, extremal_ranking, smallest_share
from core.explanation.masks import importance_mask
from core.features.masking import filtered, raised
from core.models.spectrogram_models import SpectrogramModel


@pytest.fixture(scope="module")
def explanation(song: Audio, tiny_cnn: SpectrogramModel) -> Explanation:
    return explain(song, tiny_cnn, target="jazz")


@pytest.fixture(scope="module")
def ranking(tiny_cnn: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    return extremal_ranking(tiny_cnn, explanation)


def masked_probability(
    model: SpectrogramModel, explanation: Explanation, mask: np.ndarray
) -> np.ndarray:
    """Predict the target's probability for filtered segments."""
    logmel = raised(filtered(explanation.logmel, mask, 80.0), 1.0, 80.0).numpy()
    return model.predict_logmel(logmel)[:, model.genres.index(explanation.target)]


@pytest.mark.parametrize("area", AREAS)
def test_an_optimised_mask_has_a_higher_probability_than_an_attributed_one(
    tiny_cnn: SpectrogramModel, explanation: Explanation, ranking: np.ndarray, area: float
) -> None:
    attributed, optimised = (
        masked_probability(
            tiny_cnn, explanation, importance_mask(explanation, keep=area, ranking=ranks)
        )
        for ranks in (None, ranking)
    )
    assert optimised.mean() > attributed.mean()


def test_the_same_seed_gives_the_same_ranking(
    tiny_cnn: SpectrogramModel, explanation: Explanation, ranking: np.ndarray
) -> None:
    assert ranking.shape == explanation.mel.shape
    assert np.isfinite(ranking).all()
    np.testing.assert_allclose(extremal_ranking(tiny_cnn, explanation), ranking, atol=1e-4)


def test_the_smallest_share_is_sufficient_and_the_next_smaller_one_is_not(
    tiny_cnn: SpectrogramModel, explanation: Explanation, ranking: np.ndarray
) -> None:
    smallest = smallest_share(tiny_cnn, explanation, ranking)
    whole = tiny_cnn.predict_logmel(explanation.logmel)[:, tiny_cnn.genres.index("jazz")]
    assert np.isin(smallest, SHARES).all()
    found = smallest < 1
    assert found.any()
    at = masked_probability(
        tiny_cnn, explanation, importance_mask(explanation, keep=smallest, ranking=ranking)
    )
    assert (at[found] >= whole[found]).all()
    smaller = np.array([max((s for s in SHARES if s < share), default=0) for share in smallest])
    less = importance_mask(explanation, keep=smaller, ranking=ranking)
    assert (masked_probability(tiny_cnn, explanation, less)[smaller > 0] < whole[smaller > 0]).all()


def test_progress_can_stop_the_computation_between_batches(
    tiny_cnn: SpectrogramModel, explanation: Explanation
) -> None:
    def stop(done: int, total: int) -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        extremal_ranking(tiny_cnn, explanation, progress=stop)
