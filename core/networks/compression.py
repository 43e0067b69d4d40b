"""Compression of trained layers by low-rank factors.

A wide network generalises better than a narrow one trained from the start, but the outputs of its
layers span few dimensions. A kernel is replaced by two thin ones whose product gives the same
output except in the directions in which it hardly varies (reduced-rank regression, Izenman 1975,
"Reduced-rank regression for the multivariate linear model").
"""

from __future__ import annotations

import keras
import numpy as np
from keras import layers

BASIS = "_basis"  # end of the name of the layer with the first of the two kernels


def compress(network: keras.Model, small: keras.Model, inputs: np.ndarray) -> None:
    """Compute the weights of a compressed network from those of a trained one.

    Parameters
    ----------
    network : keras.Model
        Trained network.
    small : keras.Model
        The same network, except that a linear layer ``NAME_basis`` without bias precedes some of
        the layers ``NAME``: dense layers, bidirectional LSTMs and convolutions over time. Changed
        in place.
    inputs : np.ndarray [shape=(n, frames, n_mfcc, 1)]
        Segments of the training set.
    """
    factored = [
        layer.name.removesuffix(BASIS) for layer in small.layers if layer.name.endswith(BASIS)
    ]
    for layer in small.layers:
        if layer.weights and layer.name not in factored and not layer.name.endswith(BASIS):
            layer.set_weights(network.get_layer(layer.name).get_weights())
    reads = keras.Model(network.input, [network.get_layer(name).input for name in factored])
    values = reads.predict(inputs, verbose=0)
    for name, value in zip(factored, values if len(factored) > 1 else [values], strict=True):
        _factor(
            network.get_layer(name), small.get_layer(name + BASIS), small.get_layer(name), value
        )


def _factor(
    layer: layers.Layer, basis: layers.Layer, small: layers.Layer, inputs: np.ndarray
) -> None:
    """Compute the weights of a compressed layer and of the basis in front of it."""
    weights = layer.get_weights()
    kernels, biases = [0], [1]
    if isinstance(layer, layers.Bidirectional):
        # The kernel, the recurrent kernel and the bias of each direction.
        kernels, biases = [0, 3], [2, 5]
    if isinstance(layer, layers.Conv1D):
        inputs = neighbours(inputs, len(weights[0]))
    flat = [weights[kernel].reshape(-1, weights[kernel].shape[-1]) for kernel in kernels]
    rank = basis.weights[0].shape[-1]
    first, second, shift = low_rank(
        inputs.reshape(-1, inputs.shape[-1]), np.concatenate(flat, axis=1), rank
    )
    basis.set_weights([first.reshape(basis.weights[0].shape)])
    parts, shifts = (np.split(value, len(kernels), axis=-1) for value in (second, shift))
    for kernel, bias, part, added in zip(kernels, biases, parts, shifts, strict=True):
        weights[kernel] = part
        weights[bias] = weights[bias] + added
    small.set_weights(
        [
            value.reshape(variable.shape)
            for value, variable in zip(weights, small.weights, strict=True)
        ]
    )


def neighbours(values: np.ndarray, size: int) -> np.ndarray:
    """Join each step with its neighbours, as a convolution with padding ``"same"`` does.

    Parameters
    ----------
    values : np.ndarray [shape=(n, steps, channels)]
        Input of the convolution.
    size : int, odd
        Steps of its kernel.

    Returns
    -------
    np.ndarray [shape=(n, steps, size * channels)]
        Zeros stand for steps before the first and after the last.
    """
    padded = np.pad(values, ((0, 0), (size // 2, size // 2), (0, 0)))
    steps = values.shape[1]
    return np.concatenate([padded[:, lag : lag + steps] for lag in range(size)], axis=2)


def low_rank(
    inputs: np.ndarray, kernel: np.ndarray, rank: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Factor a kernel so that the mean square change of its outputs is smallest.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, in)]
        Inputs of the layer.
    kernel : np.ndarray [shape=(in, out)]
        Kernel.
    rank : int
        Dimensions between the factors.

    Returns
    -------
    first : np.ndarray [shape=(in, rank), dtype=float32]
        First factor.
    second : np.ndarray [shape=(rank, out), dtype=float32]
        Second factor.
    shift : np.ndarray [shape=(out,), dtype=float32]
        Addition to the bias that leaves the mean output unchanged.
    """
    outputs = inputs.astype(np.float64) @ kernel
    mean = outputs.mean(axis=0)
    _, directions = np.linalg.eigh(np.cov(outputs, rowvar=False))
    kept = directions[:, -rank:]
    shift = mean - mean @ kept @ kept.T
    return (
        (kernel @ kept).astype(np.float32),
        kept.T.astype(np.float32),
        shift.astype(np.float32),
    )
