"""A convolution of one channel whose gradient is a matrix product: quicker to explain.

TensorFlow finds the gradient for the input of a convolution by another convolution, from many
channels to one, which it does slowly on processors. With one input channel it is a product of the
outer gradient with the kernel, and a sum of shifted copies (the transpose of "im2col"). That pays
for kernels that are wide in both directions.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


@keras.saving.register_keras_serializable(package="groove_guide")
class OneChannelConvolution(layers.Conv2D):
    """A `keras.layers.Conv2D` of one input channel, step one; its weights get no gradient."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Return the convolution, with a gradient for the inputs only."""
        import tensorflow as tf

        kernel = tf.convert_to_tensor(kernel)
        height, width = kernel.shape[:2]
        same = self.padding == "same"
        before = ((height - 1) // 2, (width - 1) // 2) if same else (0, 0)
        weights = tf.reshape(kernel, [height * width, -1])

        @tf.custom_gradient
        def convolve(values: Any) -> tuple[Any, Any]:
            rows, columns = values.shape[1:3]

            def backward(outer: Any) -> Any:
                parts = tf.tensordot(outer, weights, [[3], [1]])
                shape = tf.concat([tf.shape(outer)[:3], [height, width]], 0)
                parts = _spread(tf.reshape(parts, shape), axis=2)  # bands: (n, rows, height, bands)
                parts = _spread(tf.transpose(parts, [0, 3, 1, 2]), axis=2)  # (n, bands, rows)
                whole = tf.transpose(parts, [0, 2, 1])[..., tf.newaxis]
                top, left = before
                return whole[:, top : top + rows, left : left + columns]

            found = tf.nn.conv2d(values, kernel, 1, self.padding.upper())
            return found, backward

        return convolve(inputs)


def _spread(parts: Any, axis: int) -> Any:
    """Return what each place gets from the windows that reach it.

    Parameters
    ----------
    parts : tf.Tensor [shape=(…, places, …, taps)]
        What each window, along `axis`, gives to each of its taps, which come last.
    axis : int
        Axis of the windows.

    Returns
    -------
    tf.Tensor [shape=(…, places + taps - 1)]
        Sums, without the windows' axis and with the places last.
    """
    import tensorflow as tf

    rank = parts.shape.rank
    order = [index for index in range(rank) if index not in (axis, rank - 1)] + [axis, rank - 1]
    parts = tf.transpose(parts, order)
    shape = tf.shape(parts)
    places, taps = shape[-2], shape[-1]
    length = places + taps - 1
    # A row of `length + 1` that is read as rows of `length` moves by one place from row to row.
    padded = tf.pad(parts, [[0, 0]] * (rank - 1) + [[0, places]])
    flat = tf.reshape(padded, tf.concat([shape[:-2], [places * (length + 1)]], 0))
    skewed = tf.reshape(flat[..., : places * length], tf.concat([shape[:-2], [places, length]], 0))
    return tf.reduce_sum(skewed, axis=-2)
