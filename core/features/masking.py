"""Regions of silence in training cuts, like those of a song of which only parts are played.

A network that is asked about kept and removed audio must have met such sounds. So random regions
of a training cut are silenced before the DCT, in the two ways in which an explanation's masks do
it: cell by cell, at the floor of the spectrogram, and as sound that was filtered by
`core.listening.filtering`, where a kept cell's energy leaks a little into its neighbours. A masked song is
analysed with its own maximum as the reference, so what is left may also come back louder. This
generalises SpecAugment (Park et al. 2019) from stripes to regions of any shape.
"""

from __future__ import annotations

import math

import numpy as np
import tensorflow as tf

FIELDS = ((5, 4), (12, 12), (36, 43))  # time × mel knots of the noises that shape regions
ROUGHNESS = 1.2  # deviation of the logarithm of each noise's share
LOUDNESS_SHARES = (-0.5, 1.5)  # how much loud cells are preferred to be kept
SMALLEST_AREA = 0.1  # of a cut
# Power that a kept cell gives to those around it, measured on noise that `core.listening.filtering` filtered
# (its gains fade over one mel band and over the filter's windows): frames × bands.
LEAKAGE = np.outer([5e-6, 0.14, 0.72, 0.14, 5e-6], [1e-4, 0.14, 0.72, 0.14, 1e-4])


def regions(generator: tf.random.Generator, logmel: tf.Tensor) -> tf.Tensor:
    """Draw the regions that are kept.

    Parameters
    ----------
    generator : tf.random.Generator
        Source of randomness.
    logmel : tf.Tensor [shape=(batch, frames, n_mels)]
        Cuts in dB; a region can follow what is loud in them.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), dtype=bool]
        About 10-100 % of each cut, evenly distributed; shapes from coarse blobs to single cells.
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
    # The field is nearly Gaussian, so this threshold leaves about the wanted area below it.
    threshold = math.sqrt(2.0) * tf.math.erfinv(2 * area - 1)
    return _unit(field + _unit(noise)) < threshold


def filtered(logmel: tf.Tensor, kept: tf.Tensor, top_db: float) -> tf.Tensor:
    """Return cuts as they sound when they are filtered: nearly silent where nothing is kept.

    Parameters
    ----------
    logmel : tf.Tensor [shape=(batch, frames, n_mels)]
        Cuts in dB.
    kept : tf.Tensor [shape=(batch, frames, n_mels), range=[0, 1]]
        Gain in power of each cell.
    top_db : float
        Depth of the spectrogram.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        In dB, with the same reference.
    """
    power = tf.pow(10.0, logmel / 10) * tf.cast(kept, tf.float32)
    kernel = tf.constant(LEAKAGE[..., np.newaxis, np.newaxis], tf.float32)
    power = tf.nn.conv2d(power[..., tf.newaxis], kernel, 1, "SAME")[..., 0]
    decibels = 10 / math.log(10) * tf.math.log(tf.maximum(power, 10 ** (-top_db / 10)))
    return tf.minimum(decibels, 0.0)


def raised(logmel: tf.Tensor, part: float | tf.Tensor, top_db: float) -> tf.Tensor:
    """Return spectrograms brought nearer to full level, as a new reference does.

    Parameters
    ----------
    logmel : tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Spectrograms in dB.
    part : float or tf.Tensor, range=[0, 1]
        Part of what their maximum lacks.
    top_db : float
        Depth of the spectrogram.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        The floor stays where it is.
    """
    lacking = -tf.reduce_max(logmel, [1, 2], keepdims=True)
    return tf.where(logmel > -top_db, tf.minimum(logmel + part * lacking, 0.0), -top_db)


def silence(
    generator: tf.random.Generator, logmel: tf.Tensor, share: float, top_db: float
) -> tf.Tensor:
    """Silence random regions of some cuts.

    Parameters
    ----------
    generator : tf.random.Generator
        Source of randomness.
    logmel : tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Cuts in dB.
    share : float [range=(0, 1]]
        Share of the cuts that lose something, at least one; the others cost no time.
    top_db : float
        Depth of the spectrogram.

    Returns
    -------
    tf.Tensor [shape=(batch, frames, n_mels), range=[-top_db, 0]]
        Half of them masked cell by cell, half as if filtered; what is left is raised by a random
        part of what it lacks of full level.
    """
    size = logmel.shape[0]
    count = max(1, round(share * size))
    chosen = tf.argsort(generator.uniform([size]))[:count, tf.newaxis]
    cuts = tf.ensure_shape(tf.gather_nd(logmel, chosen), [count, *logmel.shape[1:]])
    rows = [count, 1, 1]
    kept = regions(generator, cuts)
    exact = tf.where(kept, cuts, -top_db)
    masked = tf.where(generator.uniform(rows) < 0.5, exact, filtered(cuts, kept, top_db))
    masked = raised(masked, generator.uniform(rows), top_db)
    return tf.tensor_scatter_nd_update(logmel, chosen, masked)


def _unit(values: tf.Tensor) -> tf.Tensor:
    """Return each row with zero mean and unit deviation; a constant row is all zeros."""
    centred = values - tf.reduce_mean(values, [1, 2], keepdims=True)
    return centred / (tf.math.reduce_std(centred, [1, 2], keepdims=True) + 1e-6)
