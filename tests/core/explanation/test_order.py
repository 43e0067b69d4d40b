"""Sensitivity to order: networks with and without a sense of time, on shuffled segments."""

from __future__ import annotations

import numpy as np
import pytest

from core.constants import GENRES
from core.explanation.order import OrderProbabilities, order_probabilities
from core.features.frame_order import CHUNKS, reordered, reversed_order, seeded_order
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import background_logmel


class Timeless:
    """A model that only averages frames, as any order gives the same mean."""

    genres = GENRES

    def predict_logmel(self, logmel_db: np.ndarray) -> np.ndarray:
        """Predict from the mean level."""
        mean = logmel_db.mean(axis=(1, 2))
        return np.stack([mean, *[np.zeros_like(mean)] * 9], axis=1)


@pytest.fixture(scope="module")
def found(tiny_cnn_lstm: SpectrogramModel) -> OrderProbabilities:
    return order_probabilities(
        tiny_cnn_lstm, background_logmel(count=2), np.array([72, 40]), shuffles=2, numbers=[5, 6]
    )


def test_every_order_gets_a_prediction(found: OrderProbabilities) -> None:
    assert found.chunks == CHUNKS
    assert found.original.shape == found.backwards.shape == (2, 10)
    assert found.shuffled.shape == (len(CHUNKS), 2, 2, 10)
    for probabilities in (found.original, found.backwards, found.shuffled):
        np.testing.assert_allclose(probabilities.sum(axis=-1), 1, atol=1e-5)


def test_predictions_are_those_for_the_seeded_orders(
    found: OrderProbabilities, tiny_cnn_lstm: SpectrogramModel
) -> None:
    segments = background_logmel(count=2)
    order = seeded_order(40, 4, segment=6, draw=1)
    changed = reordered(segments[1], order)
    np.testing.assert_allclose(
        found.shuffled[CHUNKS.index(4), 1, 1],
        tiny_cnn_lstm.predict_logmel(changed[np.newaxis])[0],
        atol=1e-5,
    )
    backwards = reordered(segments[0], reversed_order(72))
    np.testing.assert_allclose(
        found.backwards[0], tiny_cnn_lstm.predict_logmel(backwards[np.newaxis])[0], atol=1e-5
    )


def test_a_recurrent_network_notices_the_order_and_a_mean_does_not(
    found: OrderProbabilities,
) -> None:
    assert np.abs(found.shuffled - found.original).max() > 0.01
    timeless = order_probabilities(
        Timeless(),  # type: ignore[arg-type]
        background_logmel(count=2),
        np.array([72, 40]),
        shuffles=2,
    )
    np.testing.assert_allclose(
        timeless.shuffled, np.broadcast_to(timeless.original, timeless.shuffled.shape), atol=1e-4
    )


def test_a_chunk_as_long_as_a_segment_is_refused(tiny_cnn: SpectrogramModel) -> None:
    with pytest.raises(ValueError, match="cannot be shuffled in chunks of 36"):
        order_probabilities(tiny_cnn, background_logmel(count=1), np.array([36]))
    short = order_probabilities(tiny_cnn, background_logmel(count=1), np.array([1]), chunks=())
    assert short.shuffled.shape == (0, 8, 1, 10)


def test_progress_can_stop_the_computation(tiny_cnn: SpectrogramModel) -> None:
    calls = []

    def stop(done: int, total: int) -> None:
        calls.append((done, total))
        if done == 3:
            raise InterruptedError

    with pytest.raises(InterruptedError):
        order_probabilities(
            tiny_cnn, background_logmel(count=1), np.array([72]), shuffles=2, progress=stop
        )
    assert calls == [(done, 7) for done in range(4)]
