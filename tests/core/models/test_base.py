"""The base classes are abstract; shares sum to one; batches do not change predictions."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from core.models.base import PREDICTION_BATCH, Background, GenreModel, batched_predictor
from core.models.feature_models import FeatureBackground
from core.models.spectrogram_models import SpectrogramModel


@pytest.fixture(scope="module")
def network() -> keras.Model:
    keras.utils.set_random_seed(0)
    inputs = keras.Input((7,))
    return keras.Model(inputs, keras.layers.Dense(10, activation="softmax")(inputs))


def test_only_subclasses_are_models(tiny_cnn: SpectrogramModel) -> None:
    with pytest.raises(TypeError, match="abstract"):
        GenreModel(tiny_cnn.card)  # type: ignore[abstract]
    with pytest.raises(TypeError, match="abstract"):
        Background(np.ones(3))  # type: ignore[abstract]


def test_shares_sum_to_one_in_double_precision() -> None:
    weights = np.random.default_rng(0).random(1000).astype(np.float32)
    shares = FeatureBackground(weights, np.zeros((1000, 2))).shares
    assert shares.dtype == np.float64
    assert shares.sum() == pytest.approx(1, abs=1e-14)
    np.testing.assert_allclose(shares / shares[0], weights / weights[0], rtol=1e-6)


def test_predictions_do_not_depend_on_the_batch(network: keras.Model) -> None:
    predict = batched_predictor(network)
    inputs = np.random.default_rng(0).random((2 * PREDICTION_BATCH + 2, 7)).astype(np.float32)
    together = predict(inputs)
    assert together.dtype == np.float32
    for index in (0, PREDICTION_BATCH - 1, PREDICTION_BATCH, len(inputs) - 1):
        np.testing.assert_allclose(
            together[index], predict(inputs[index : index + 1])[0], atol=1e-6
        )


def test_no_inputs_give_no_predictions(network: keras.Model) -> None:
    assert batched_predictor(network)(np.zeros((0, 7), np.float32)).shape == (0, 10)
