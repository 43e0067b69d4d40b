"""A convolution of one input channel whose gradient is a matrix product, for faster explanations.

TensorFlow computes the gradient for the input of a convolution as another convolution, from many
channels to one, which is slow on processors. With one input channel the gradient is the product of
the upstream gradient and the kernel, followed by a sum of shifted copies (the transpose of
"im2col"). This pays off for kernels that are wide in both directions.
"""

from __future__ import annotations

from typing import Any

import keras
from keras import layers


# Saved networks refer to this class by its name and package, and name the weights after it.
@keras.saving.register_keras_serializable(package="groove_guide")
class OneChannelConvolution(layers.Conv2D):
    """A `keras.layers.Conv2D` with one input channel and stride one, for inference.

    The gradient is defined for the inputs only: the weights cannot be trained.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Convolve, with a gradient for the inputs only."""
        import tensorflow as tf

        kernel = tf.convert_to_tensor(kernel)
        height, width = kernel.shape[:2]
        same = self.padding == "same"
        top, left = ((height - 1) // 2, (width - 1) // 2) if same else (0, 0)
        weights = tf.reshape(kernel, [height * width, -1])

        @tf.custom_gradient
        def convolve(values: Any) -> tuple[Any, Any]:
            rows, columns = values.shape[1:3]

            def gradient(upstream: Any) -> Any:
                taps = tf.tensordot(upstream, weights, [[3], [1]])
                shape = tf.concat([tf.shape(upstream)[:3], [height, width]], 0)
                taps = _overlap_add(tf.reshape(taps, shape), axis=2)  # (n, rows, height, columns)
                taps = _overlap_add(tf.transpose(taps, [0, 3, 1, 2]), axis=2)  # (n, columns, rows)
                padded = tf.transpose(taps, [0, 2, 1])[..., tf.newaxis]
                return padded[:, top : top + rows, left : left + columns]

            return tf.nn.conv2d(values, kernel, 1, self.padding.upper()), gradient

        return convolve(inputs)


def _overlap_add(windows: Any, axis: int) -> Any:
    """Add overlapping windows that are one step apart.

    Parameters
    ----------
    windows : tf.Tensor [shape=(…, places, …, taps)]
        Content of the windows, whose places are along `axis`; the last axis runs within a window.
    axis : int
        Axis of the places.

    Returns
    -------
    tf.Tensor [shape=(…, places + taps - 1)]
        Sums, along a new last axis; the axis of the places is gone.
    """
    import tensorflow as tf

    rank = windows.shape.rank
    order = [index for index in range(rank) if index not in (axis, rank - 1)] + [axis, rank - 1]
    windows = tf.transpose(windows, order)
    shape = tf.shape(windows)
    places, taps = shape[-2], shape[-1]
    length = places + taps - 1
    # Rows of `length + 1` that are read as rows of `length` shift by one place from row to row.
    padded = tf.pad(windows, [[0, 0]] * (rank - 1) + [[0, places]])
    flat = tf.reshape(padded, tf.concat([shape[:-2], [places * (length + 1)]], 0))
    skewed = tf.reshape(flat[..., : places * length], tf.concat([shape[:-2], [places, length]], 0))
    return tf.reduce_sum(skewed, axis=-2)
