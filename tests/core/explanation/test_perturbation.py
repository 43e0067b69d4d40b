"""Effect of silence: slopes over random regions, reproducible, zero for silent cells."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from core.audio.io import Audio
from core.explanation.attribution import Output
from core.explanation.explain import explain
from core.explanation.perturbation import DRAWS, perturbation_values
from core.features.masking import filtered, regions
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples


@pytest.fixture(scope="module")
def segments(song: Audio, tiny_cnn: SpectrogramModel) -> np.ndarray:
    return explain(song, tiny_cnn, target="jazz").logmel


@pytest.mark.parametrize("output", [Output(5), Output(5, 0)])
def test_a_segment_has_the_same_values_alone_and_among_others(
    tiny: SpectrogramModel, segments: np.ndarray, output: Output
) -> None:
    together = list(perturbation_values(tiny, output, segments))
    (alone,) = perturbation_values(tiny, output, segments[1:2])
    np.testing.assert_array_equal(together[1], alone)
    assert alone.shape == (72, 128)
    assert alone.dtype == np.float32


def test_swapping_the_compared_genres_changes_the_sign(
    tiny: SpectrogramModel, segments: np.ndarray
) -> None:
    (there,), (back,) = (
        perturbation_values(tiny, output, segments[:1]) for output in (Output(5, 0), Output(0, 5))
    )
    np.testing.assert_allclose(there, -back, atol=1e-5)


def test_values_are_mean_slopes_over_regions_of_silence(
    tiny: SpectrogramModel, segments: np.ndarray
) -> None:
    output = Output(5)
    (values,) = perturbation_values(tiny, output, segments[:1], seed=3)
    draws = tf.constant(np.repeat(segments[:1], DRAWS, axis=0))
    kept = tf.cast(regions(tf.random.Generator.from_seed(3), draws), tf.float32)
    louder = 0.02 * np.random.default_rng(1).random((72, 128)).astype(np.float32)  # relative
    before, after = (
        output.of(tiny.predict_logmel(filtered(draws, gains, 80.0).numpy())).mean()
        for gains in (kept, kept * (1 + louder))
    )
    assert after - before == pytest.approx(float((values * louder).sum()), rel=0.2)


def test_silent_cells_have_no_effect(tiny_cnn: SpectrogramModel) -> None:
    found = explain(Audio(song_samples(1.0)), tiny_cnn)
    silent = found.logmel == -80
    assert silent[0, found.filled[0] + 1 :].all()
    assert not found.perturbation[silent].any()
    assert found.perturbation[~silent].any()
