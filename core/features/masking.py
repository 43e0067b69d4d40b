"""Random masking of log-mel segments: data augmentation with silenced regions of any shape.

A network can only classify masked audio reliably if it was trained on such audio. Random regions
of a training segment are therefore silenced before the DCT, in the two ways in which the masks of
an explanation are applied: cell by cell, by setting cells to the floor of the spectrogram, and as
`core.listening.filtering` does it in audio, where the energy of a kept cell leaks a little into its
neighbours. Masked audio is analysed relative to its own maximum, so the remaining regions may also
become louder. This generalises SpecAugment (Park et al. 2019) from stripes to regions of any shape.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

FIELDS = ((5, 4), (12, 12), (36, 43))  # time × mel knots of the noise fields that shape regions
ROUGHNESS = 1.2  # standard deviation of the logarithm of each noise field's weight
LOUDNESS_SHARES = (-0.5, 1.5)  # range of the weight of loudness; positive keeps loud cells
SMALLEST_AREA = 0.1  # minimum share of a segment that is kept
# Power that a kept cell leaks into its neighbours, frames × bands, measured on noise filtered by
# `core.listening.filtering` (its gains fade over one mel band and over the filter's windows).
LEAKAGE = np.outer([5e-6, 0.14, 0.72, 0.14, 5e-6], [1e-4, 0.14, 0.72, 0.14, 1e-4])


def regions(generator: tf.random.Generator, logmel: tf.Tensor) -> tf.Tensor:
    """Draw random regions to keep.

    Parameters
    ----------
    generator : tf.random.Generator
        Random number generator.
    logmel : tf.Tensor [shape=(batch, frames, n_mels)]
        Segments in dB; regions can follow their loud or quiet cells.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), dtype=bool]
        True for kept cells, about 10–100 % of each segment, uniformly distributed. Shapes range
        from coarse blobs to single cells.
    """
    size, shape = logmel.shape[0], logmel.shape[1:]
    field = _unit(logmel) * generator.uniform(
        [size, 1, 1], -LOUDNESS_SHARES[1], -LOUDNESS_SHARES[0]
    )
    noise = tf.zeros_like(logmel)
    for knots in FIELDS:
        layer = tf.image.resize(generator.normal([size, *knots, 1]), shape, "bilinear")[..., 0]
        noise += _unit(layer) * tf.exp(generator.normal([size, 1, 1], 0.0, ROUGHNESS))
    area = generator.uniform([size, 1, 1], SMALLEST_AREA, 1.0)
    # The field is nearly Gaussian, so about the drawn area lies below this quantile.
    threshold = math.sqrt(2.0) * tf.math.erfinv(2 * area - 1)
    return _unit(field + _unit(noise)) < threshold


def filtered(logmel: tf.Tensor, kept: tf.Tensor, top_db: float) -> tf.Tensor:
    """Predict the log-mel spectrogram of filtered audio, including leakage between cells.

    Parameters
    ----------
    logmel : tf.Tensor [shape=(batch, frames, n_mels)]
        Segments in dB.
    kept : tf.Tensor [shape=(batch, frames, n_mels), range=[0, 1]]
        Power gain of each cell.
    top_db : float
        Range of the spectrogram in dB.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Segments in dB, with the same reference.
    """
    power = tf.pow(10.0, logmel / 10) * tf.cast(kept, tf.float32)
    kernel = tf.constant(LEAKAGE[..., np.newaxis, np.newaxis], tf.float32)
    power = tf.nn.conv2d(power[..., tf.newaxis], kernel, 1, "SAME")[..., 0]
    decibels = 10 / math.log(10) * tf.math.log(tf.maximum(power, 10 ** (-top_db / 10)))
    return tf.minimum(decibels, 0.0)


def raised(logmel: tf.Tensor, part: float | tf.Tensor, top_db: float) -> tf.Tensor:
    """Raise spectrograms towards full level, as a lower reference level would.

    Parameters
    ----------
    logmel : tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Spectrograms in dB.
    part : float or tf.Tensor, range=[0, 1]
        Gain as a share of the distance between each maximum and 0 dB.
    top_db : float
        Range of the spectrograms in dB.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Raised spectrograms; cells at the floor stay there.
    """
    lacking = -tf.reduce_max(logmel, [1, 2], keepdims=True)
    return tf.where(logmel > -top_db, tf.minimum(logmel + part * lacking, 0.0), -top_db)


def silence(
    generator: tf.random.Generator, logmel: tf.Tensor, share: float, top_db: float
) -> tf.Tensor:
    """Silence random regions of random segments.

    Parameters
    ----------
    generator : tf.random.Generator
        Random number generator.
    logmel : tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Segments in dB.
    share : float [range=(0, 1]]
        Share of the segments to mask, at least one segment; the others cost no time.
    top_db : float
        Range of the spectrograms in dB.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        All segments in their order. Each masked one is masked either cell by cell or as if
        filtered, with equal probability, and then raised by a random share of the distance
        between its maximum and full level.
    """
    size = logmel.shape[0]
    count = max(1, round(share * size))
    chosen = tf.argsort(generator.uniform([size]))[:count, tf.newaxis]
    segments = tf.ensure_shape(tf.gather_nd(logmel, chosen), [count, *logmel.shape[1:]])
    shape = [count, 1, 1]
    kept = regions(generator, segments)
    exact = tf.where(kept, segments, -top_db)
    masked = tf.where(generator.uniform(shape) < 0.5, exact, filtered(segments, kept, top_db))
    masked = raised(masked, generator.uniform(shape), top_db)
    return tf.tensor_scatter_nd_update(logmel, chosen, masked)


def _unit(values: tf.Tensor) -> tf.Tensor:
    """Standardise each spectrogram to zero mean and unit deviation; a constant one becomes zero."""
    centred = values - tf.reduce_mean(values, [1, 2], keepdims=True)
    return centred / (tf.math.reduce_std(centred, [1, 2], keepdims=True) + 1e-6)
