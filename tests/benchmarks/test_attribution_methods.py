"""Attribution methods: each finds the only region that a model depends on, in its own unit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import scipy.ndimage

from benchmarks.attribution_methods import (
    BLOCKS,
    GRAIN,
    gradient_times_input,
    lime,
    occlusion,
    plain_gradient,
    random_ranking,
)
from core.audio.io import Audio
from core.constants import GENRES
from core.explanation.explain import Explanation
from core.explanation.masks import importance_mask
from core.features.spectrogram import FeatureParameters, dct_matrix, mfcc_from_logmel
from core.models.spectrogram_models import SpectrogramModel
from tests.synthetic import song_samples, tiny_model
from tests.synthetic_explanation import synthetic_explanation

FRAMES, BANDS = 72 // BLOCKS[0], 128 // BLOCKS[1]  # of a block
JAZZ = GENRES.index("jazz")

Method = Callable[[SpectrogramModel, Explanation], np.ndarray]

SIGNED: list[Method] = [
    gradient_times_input,
    occlusion,
    lambda model, explanation: lime(model, explanation, seed=0),
]


def model_of_block(block: tuple[int, int], weight: float) -> SpectrogramModel:
    """Return a model whose log-odds of jazz are `weight` times the level of one block, in dB."""
    import keras

    tiny = tiny_model("cnn")
    cells = np.zeros((72, 128))
    cells[block_cells(block)] = weight
    kernel = np.zeros((72, 13, len(GENRES)))
    kernel[..., JAZZ] = cells @ dct_matrix().T * tiny.scale
    bias = np.zeros(len(GENRES))
    bias[JAZZ] = np.sum(cells @ dct_matrix().T * (tiny.mean - mfcc_from_logmel(np.full(128, -20))))
    inputs = keras.Input((72, 13, 1))
    outputs = keras.layers.Dense(len(GENRES), activation="softmax", name="answer")(
        keras.layers.Flatten()(inputs)
    )
    network = keras.Model(inputs, outputs)
    network.get_layer("answer").set_weights([kernel.reshape(-1, len(GENRES)), bias])
    return SpectrogramModel(network, tiny.card, tiny.background)


def block_cells(block: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of a block."""
    time, band = block
    return (
        slice(time * FRAMES, (time + 1) * FRAMES),
        slice(band * BANDS, (band + 1) * BANDS),
    )


def constant_explanation(count: int = 1) -> Explanation:
    """Return an explanation of segments at -20 dB in every cell."""
    explanation = synthetic_explanation(Audio(song_samples(3.0 * count)))
    logmel = np.full_like(explanation.logmel, -20)
    return replace(explanation, logmel=logmel, mfcc_values=mfcc_from_logmel(logmel))


@pytest.fixture(scope="module")
def explanation(song: Audio) -> Explanation:
    return synthetic_explanation(song, segments=[0, 1, 2])


@pytest.mark.parametrize("method", SIGNED)
@pytest.mark.parametrize("block", [(3, 5), (0, 0), (7, 15)])
@pytest.mark.parametrize("sign", [1, -1])
def test_the_only_important_block_is_found_with_its_sign(
    method: Method, block: tuple[int, int], sign: int
) -> None:
    ranking = sign * method(model_of_block(block, sign * 1e-3), constant_explanation())[0]
    found = np.unravel_index(ranking.argmax(), ranking.shape)
    inside = np.zeros(ranking.shape, dtype=bool)
    inside[block_cells(block)] = True
    assert inside[found]
    assert ranking[inside].min() > 0
    elsewhere = ranking.copy()
    # Thirteen coefficients do not separate neighbouring blocks of the same time.
    elsewhere[:, max(0, block[1] - 1) * BANDS : (block[1] + 2) * BANDS] = 0
    assert np.abs(elsewhere).max() < 0.5 * ranking.max()


@pytest.mark.parametrize("sign", [1, -1])
def test_the_plain_gradient_is_large_where_the_model_is_sensitive(sign: int) -> None:
    ranking = plain_gradient(model_of_block((3, 5), sign * 1e-3), constant_explanation())[0]
    assert ranking.min() >= 0
    time, band = np.unravel_index(ranking.argmax(), ranking.shape)
    assert time // FRAMES == 3
    assert band // BANDS == 5
    far = np.concatenate([ranking[: 3 * FRAMES - 5], ranking[4 * FRAMES + 5 :]])
    assert far.max() < 1e-3 * ranking.max()


def test_lime_agrees_with_occlusion_where_blocks_are_additive() -> None:
    model, explanation = model_of_block((3, 5), 1e-4), constant_explanation()
    weights, drops = lime(model, explanation, seed=0), occlusion(model, explanation)
    # Also in their unit: what the probability loses with a block.
    np.testing.assert_allclose(weights, drops, atol=0.1 * drops.max())


def test_gradient_times_input_is_the_last_change_when_levels_rise_from_silence(
    tiny: SpectrogramModel, explanation: Explanation
) -> None:
    level = explanation.logmel + 80
    up, down = (
        tiny.predict_logmel(explanation.logmel + step * level)[:, JAZZ].astype(float)
        for step in (1e-3, -1e-3)
    )
    # The blur leaves every segment's sum as it is.
    totals = gradient_times_input(tiny, explanation).sum(axis=(1, 2), dtype=float)
    np.testing.assert_allclose(totals, (up - down) / 2e-3, rtol=0.1, atol=2e-3)


def test_occlusion_is_the_probability_lost_with_a_block(
    tiny_cnn: SpectrogramModel, explanation: Explanation
) -> None:
    drops = occlusion(tiny_cnn, explanation)
    whole = tiny_cnn.predict_logmel(explanation.logmel)[:, JAZZ]
    for block in np.ndindex(BLOCKS):
        cells = (slice(None), *block_cells(block))
        without = explanation.logmel.copy()
        without[cells] = -80
        lost = whole - tiny_cnn.predict_logmel(without)[:, JAZZ]
        np.testing.assert_allclose(drops[cells] - lost[:, None, None], 0, atol=1e-5)


def test_blocks_at_another_frame_rate_differ_by_one_frame_at_most() -> None:
    parameters = FeatureParameters.for_hop_length(512)
    model = tiny_model("cnn", parameters=parameters)
    logmel = np.full((1, parameters.segment_frames, 128), -20, dtype=np.float32)
    explanation = replace(
        constant_explanation(),
        parameters=parameters,
        logmel=logmel,
        mfcc_values=mfcc_from_logmel(logmel),
    )
    _, sizes = np.unique(occlusion(model, explanation), return_counts=True)
    assert set(sizes) <= {16 * 8, 17 * 8}


def test_random_masks_have_the_same_area_and_grain(explanation: Explanation) -> None:
    ranking = random_ranking(explanation, seed=0)
    mask = importance_mask(explanation, keep=0.2, ranking=ranking)
    np.testing.assert_allclose(mask.mean(axis=(1, 2)), 0.2, atol=1e-4)
    for axis in (1, 2):
        first, second = (
            np.take(ranking, range(*ends), axis).ravel() for ends in [(0, 71), (1, 72)]
        )
        impulse = scipy.ndimage.gaussian_filter1d(np.eye(1, 41, 20)[0], GRAIN)
        grain = impulse[1:] @ impulse[:-1] / (impulse @ impulse)  # of white noise after the blur
        assert np.corrcoef(first, second)[0, 1] == pytest.approx(grain, abs=0.03)
    assert np.abs(np.corrcoef(ranking.reshape(3, -1)) - np.eye(3)).max() < 0.05


@pytest.mark.parametrize(
    "method", [lambda model, explanation, seed: random_ranking(explanation, seed), lime]
)
def test_randomness_depends_on_the_seed_and_the_segment_only(
    method: Callable[[SpectrogramModel, Explanation, int], np.ndarray],
    tiny_cnn: SpectrogramModel,
    explanation: Explanation,
) -> None:
    ranking = method(tiny_cnn, explanation, 3)
    np.testing.assert_allclose(method(tiny_cnn, explanation[[2, 0]], 3), ranking[[2, 0]], atol=1e-6)
    assert not np.allclose(method(tiny_cnn, explanation, 4), ranking, atol=1e-6)


@pytest.mark.parametrize(
    "method",
    [*SIGNED, plain_gradient, lambda model, explanation: random_ranking(explanation, seed=0)],
)
def test_rankings_can_replace_that_of_the_shap_values(
    method: Method, tiny_cnn: SpectrogramModel
) -> None:
    explanation = synthetic_explanation(Audio(song_samples(2.2)))  # a segment that is not full
    ranking = method(tiny_cnn, explanation)
    assert ranking.shape == explanation.mel.shape
    assert ranking.dtype == np.float32
    mask = importance_mask(explanation, keep=0.5, ranking=ranking)
    assert mask.sum() == pytest.approx(0.5 * 128 * explanation.filled[0], abs=1)
