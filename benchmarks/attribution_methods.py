"""Attribution methods other than SHAP values: gradients, random noise, occlusion and LIME.

Each function returns an importance ranking for `core.listening.filtering.divide`, so that methods
differ in nothing but the order of the cells. A *block* is one of 8 x 16 equal rectangles of a
segment's log-mel spectrogram (9 frames x 8 bands with the shared features). The cells of an absent
block are at the floor.
"""

from __future__ import annotations

import math

import numpy as np
import scipy.ndimage
from sklearn.linear_model import Ridge

from core.explanation.attribution import Output, gradients_of
from core.explanation.explain import Explanation
from core.features.spectrogram import FeatureParameters, dct_matrix
from core.models.spectrogram_models import SpectrogramModel

GRAIN = 0.5  # deviation of the blur of noise, in cells; makes regions of single cells
BLOCKS = (8, 16)  # in time, in frequency
LIME_SAMPLES = 1_000  # a segment
LIME_KERNEL_WIDTH = 0.25  # of the cosine distance; this and the penalty are LIME's defaults
LIME_PENALTY = 1.0


def plain_gradient(model: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    """Rank cells by the absolute gradient of the probability.

    Simonyan, Vedaldi & Zisserman 2014, "Deep inside convolutional networks: visualising image
    classification models and saliency maps".

    Parameters
    ----------
    model : SpectrogramModel
        The explained model.
    explanation : Explanation
        The segments and the genre.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32, non-negative]
        Absolute gradient of the genre's probability for the log-mel cells, per dB.
    """
    return np.abs(_mel_gradients(model, explanation)).astype(np.float32)


def gradient_times_input(model: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    """Rank cells by their gradient times their level above the floor.

    Shrikumar, Greenside, Shcherbina & Kundaje 2016, "Not just a black box: learning important
    features through propagating activation differences".

    Parameters
    ----------
    model : SpectrogramModel
        The explained model.
    explanation : Explanation
        The segments and the genre.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        First-order estimate of the probability that each cell adds to that of silence.
    """
    level = explanation.logmel + explanation.parameters.top_db
    return (_mel_gradients(model, explanation) * level).astype(np.float32)


def random_ranking(explanation: Explanation, seed: int) -> np.ndarray:
    """Rank cells at random, for masks of the same area and a similar shape.

    Parameters
    ----------
    explanation : Explanation
        The segments.
    seed : int
        Seed of the noise; every segment has its own.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        White noise, blurred.
    """
    shape = explanation.mel.shape[1:]
    noise = [
        scipy.ndimage.gaussian_filter(
            np.random.default_rng([seed, int(segment)]).standard_normal(shape), GRAIN
        )
        for segment in explanation.segments
    ]
    return np.stack(noise).astype(np.float32)


def occlusion(model: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    """Rank blocks by the drop of the probability without them.

    Zeiler & Fergus 2014, "Visualizing and understanding convolutional networks".

    Parameters
    ----------
    model : SpectrogramModel
        The explained model.
    explanation : Explanation
        The segments and the genre.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Drop of the genre's probability, the same for all cells of a block.
    """
    blocks = _blocks(explanation.parameters)
    one_missing = ~np.eye(math.prod(BLOCKS), dtype=bool)
    target = model.genres.index(explanation.target)
    whole = model.predict(explanation.mfcc_values)[:, target]
    drops = [
        probability - _without_blocks(model, segment, one_missing)[:, target]
        for probability, segment in zip(whole, explanation.logmel, strict=True)
    ]
    return np.stack(drops).astype(np.float32)[:, blocks]


def lime(model: SpectrogramModel, explanation: Explanation, seed: int) -> np.ndarray:
    """Rank blocks by their weight in a linear model of the predictions near a segment.

    LIME (Ribeiro, Singh & Guestrin 2016, "Why should I trust you?") as audioLIME applies it to
    music (Haunschmid, Manilow & Widmer 2020, "audioLIME: listenable explanations using source
    separation"), with blocks of the spectrogram in place of separated sources.

    Parameters
    ----------
    model : SpectrogramModel
        The explained model.
    explanation : Explanation
        The segments and the genre.
    seed : int
        Seed of the samples; every segment has its own.

    Returns
    -------
    np.ndarray [shape=(n, segment_frames, n_mels), dtype=float32]
        Weight in the linear model, the same for all cells of a block.
    """
    blocks = _blocks(explanation.parameters)
    target = model.genres.index(explanation.target)
    weights = []
    for segment, logmel in zip(explanation.segments, explanation.logmel, strict=True):
        generator = np.random.default_rng([seed, int(segment)])
        present = generator.random((LIME_SAMPLES, math.prod(BLOCKS))) < 0.5
        present[0] = True
        # The cosine between a sample and the whole is the square root of the present share.
        distance = 1 - np.sqrt(present.mean(axis=1))
        closeness = np.exp(-((distance / LIME_KERNEL_WIDTH) ** 2) / 2)
        probabilities = _without_blocks(model, logmel, present)[:, target]
        surrogate = Ridge(alpha=LIME_PENALTY).fit(present, probabilities, sample_weight=closeness)
        weights.append(surrogate.coef_)
    return np.stack(weights).astype(np.float32)[:, blocks]


def _mel_gradients(model: SpectrogramModel, explanation: Explanation) -> np.ndarray:
    """Gradient of the genre's probability for each log-mel cell, per dB."""
    output = Output(model.genres.index(explanation.target))
    gradients, _ = gradients_of(model, output)(model.standardise(explanation.mfcc_values))
    dct = dct_matrix(model.parameters.n_mfcc, model.parameters.n_mels)
    return gradients / model.scale @ dct


def _blocks(parameters: FeatureParameters) -> np.ndarray:
    """Assign each cell the number of its block, ``(segment_frames, n_mels)``."""
    times, bands = (
        np.arange(size) * count // size
        for size, count in zip((parameters.segment_frames, parameters.n_mels), BLOCKS, strict=True)
    )
    return times[:, np.newaxis] * BLOCKS[1] + bands


def _without_blocks(model: SpectrogramModel, logmel: np.ndarray, present: np.ndarray) -> np.ndarray:
    """Predict one segment with some of its blocks at the floor.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    logmel : np.ndarray [shape=(segment_frames, n_mels)]
        The segment in dB.
    present : np.ndarray [shape=(m, blocks), dtype=bool]
        Blocks that each variant keeps.

    Returns
    -------
    np.ndarray [shape=(m, genres), range=[0, 1]]
        Probabilities.
    """
    blocks = _blocks(model.parameters)
    return model.predict_logmel(np.where(present[:, blocks], logmel, -model.parameters.top_db))
