"""Spectrogram models check their inputs, standardise them, and return probabilities."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from core.audio.io import Audio
from core.constants import SAMPLE_RATE
from core.errors import ModelError
from core.features.spectrogram import FeatureParameters, mfcc_from_logmel
from core.models.spectrogram_models import SpectrogramBackground, SpectrogramModel
from tests.synthetic import random_mfcc, tiny_model


@pytest.mark.parametrize("shape", [(72, 13), (1, 71, 13), (1, 72, 20), (1, 72, 13, 1), (72,)])
def test_mfccs_of_another_shape_are_refused_with_both_shapes(
    tiny_cnn: SpectrogramModel, shape: tuple[int, ...]
) -> None:
    with pytest.raises(ModelError, match=r"expects MFCCs of shape \(n, 72, 13\)") as raised:
        tiny_cnn.predict(np.zeros(shape))
    assert str(shape) in str(raised.value)


def test_predictions_are_probabilities(tiny: SpectrogramModel) -> None:
    probabilities = tiny.predict(random_mfcc(5))
    assert probabilities.shape == (5, 10)
    assert probabilities.min() >= 0
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, atol=1e-5)


def test_no_segments_give_no_probabilities(tiny_cnn: SpectrogramModel) -> None:
    assert tiny_cnn.predict(np.zeros((0, 72, 13))).shape == (0, 10)


def test_other_segments_do_not_change_a_prediction(tiny: SpectrogramModel) -> None:
    mfcc = random_mfcc(130)  # more than two batches
    together = tiny.predict(mfcc)
    for index in (0, 63, 64, 129):
        alone = tiny.predict(mfcc[index : index + 1])[0]
        np.testing.assert_allclose(together[index], alone, atol=1e-5)


def test_log_mel_segments_and_their_mfccs_are_classified_alike(tiny: SpectrogramModel) -> None:
    segments = tiny.background.logmel
    np.testing.assert_array_equal(
        tiny.predict_logmel(segments), tiny.predict(mfcc_from_logmel(segments))
    )


def test_extracted_inputs_are_the_mfccs_of_the_segments(tiny_cnn: SpectrogramModel) -> None:
    segments = tiny_cnn.background.logmel[:2]
    audio = Audio(np.zeros(1, np.float32))
    inputs = tiny_cnn.extract(audio, segments, np.array([0, 72]))
    np.testing.assert_array_equal(inputs, mfcc_from_logmel(segments))


def test_the_standardised_background_has_zero_mean_and_unit_scale(
    tiny_cnn: SpectrogramModel,
) -> None:
    values = tiny_cnn.standardise(mfcc_from_logmel(tiny_cnn.background.logmel))
    np.testing.assert_allclose(values.mean(axis=(0, 1)), 0, atol=1e-3)
    np.testing.assert_allclose(values.std(axis=(0, 1)), 1, atol=1e-3)


def test_the_sampling_rate_is_the_one_on_the_card(tiny_cnn: SpectrogramModel) -> None:
    assert tiny_cnn.sample_rate == SAMPLE_RATE
    other = tiny_model("cnn", parameters=FeatureParameters(sample_rate=16_000))
    assert other.sample_rate == 16_000


def test_the_background_is_read_on_first_access(tiny_cnn: SpectrogramModel, tmp_path: Path) -> None:
    file = tmp_path / "cnn.background.npz"
    model = SpectrogramModel(tiny_cnn.network, tiny_cnn.card, file)
    np.savez(file, allow_pickle=False, **tiny_cnn.background.to_arrays())
    np.testing.assert_allclose(model.background.logmel, tiny_cnn.background.logmel, atol=0.04)
    file.unlink()
    assert model.background.logmel.dtype == np.float32


def test_a_background_with_pickled_objects_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "cnn.background.npz"
    np.savez(file, logmel=np.array([{"pickled": True}]), weights=np.ones(1))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        SpectrogramBackground.load(file)
