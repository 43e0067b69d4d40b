"""MSD-musicnn as a Keras network, with its pretrained weights, and the genre network on top of it.

The architecture is that of Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks
for music audio tagging": convolutions over timbre and over time, three convolutions with residual
connections, pooling over time, two dense layers, fifty tags. The weights are those of the `musicnn`
package on the Python package index (version 0.1.0, ISC licence), trained on the Million Song
Dataset. They are read from the package's checkpoint; none of its code is imported.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from core.constants import GENRES
from core.features.spectrogram import FeatureParameters, dct_matrix, mel_filterbank, stft
from core.networks.single_channel_conv import OneChannelConvolution

N_TAGS = 50
PARAMETERS = FeatureParameters(
    sample_rate=16_000, n_fft=512, hop_length=256, n_mels=96, n_mfcc=96, segment_frames=187
)
TIMBRE_FILTERS = ((204, (7, 38)), (204, (7, 67)))  # number, and size in frames × bands
TEMPORAL_FILTERS = ((51, 128), (51, 64), (51, 32))  # number, and size in frames
CHANNELS = 64  # of the convolutions with residual connections
UNITS = 200  # of the last hidden layer
CHECKPOINT = "MSD_musicnn"  # folder of the weights within the package
PEAK_LEVEL_DB = 18.0  # power of the loudest mel band of a recording at full scale, roughly


def build_tagger(segment_frames: int = PARAMETERS.segment_frames) -> keras.Model:
    """Build the network without its weights.

    Parameters
    ----------
    segment_frames : int
        Frames per prediction.

    Returns
    -------
    keras.Model
        From the output of `compress`, ``(n, segment_frames, 96)``, to the logits of the tags,
        ``(n, 50)``. Layers have the names of the checkpoint's variables.
    """
    number = iter(range(len(TIMBRE_FILTERS) + len(TEMPORAL_FILTERS) + 6))

    def norm(values: keras.KerasTensor) -> keras.KerasTensor:
        index = next(number)
        name = f"batch_normalization_{index}" if index else "batch_normalization"
        return layers.BatchNormalization(epsilon=1e-3, trainable=False, name=name)(values)

    spectrogram = keras.Input((segment_frames, PARAMETERS.n_mels), name="spectrogram")
    normalised = norm(layers.Reshape((segment_frames, PARAMETERS.n_mels, 1))(spectrogram))
    padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(normalised)
    front = []
    for index, (filters, size) in enumerate(TIMBRE_FILTERS):
        name = f"conv2d_{index}" if index else "conv2d"
        convolution = OneChannelConvolution(
            filters, size, activation="relu", trainable=False, name=name
        )
        front.append(ops.max(norm(convolution(padded)), axis=2))
    for index, (filters, frames) in enumerate(TEMPORAL_FILTERS, start=len(TIMBRE_FILTERS)):
        convolution = layers.Conv2D(
            filters,
            (frames, 1),
            padding="same",
            activation="relu",
            trainable=False,
            name=f"conv2d_{index}",
        )
        front.append(ops.max(norm(convolution(normalised)), axis=2))
    values = layers.Concatenate()(front)
    stages = [values]
    for index in range(3):
        convolution = layers.Conv1D(
            CHANNELS,
            7,
            padding="same",
            activation="relu",
            trainable=False,
            name=f"conv2d_{len(TIMBRE_FILTERS) + len(TEMPORAL_FILTERS) + index}",
        )
        residual = norm(convolution(values))
        values = layers.Add()([residual, values]) if index else residual
        stages.append(values)
    features = layers.Concatenate()(stages)
    pooled = ops.stack([ops.max(features, axis=1), ops.mean(features, axis=1)], axis=2)
    values = norm(layers.Flatten()(pooled))
    values = layers.Dense(UNITS, activation="relu", trainable=False, name="dense")(values)
    values = norm(values)
    logits = layers.Dense(N_TAGS, trainable=False, name="dense_1")(values)
    return keras.Model(spectrogram, logits, name="musicnn")


def read_weights(tagger: keras.Model, package: Path) -> None:
    """Set the pretrained weights.

    Parameters
    ----------
    tagger : keras.Model
        Network from `build_tagger`, changed in place.
    package : Path
        Folder of the package ``musicnn``, installed or unpacked.

    Raises
    ------
    OSError
        If the package or its checkpoint is not there.
    """
    import tensorflow as tf

    folder = package / CHECKPOINT
    if not (folder / ".index").is_file():
        raise OSError(
            f"There is no checkpoint in {folder}. Install musicnn 0.1.0 without its dependencies "
            "(pip install --no-deps) and pass the folder of the package."
        )
    reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/")
    variables: dict[type, tuple[str, ...]] = {
        layers.BatchNormalization: ("gamma", "beta", "moving_mean", "moving_variance"),
        layers.Conv2D: ("kernel", "bias"),
        layers.Conv1D: ("kernel", "bias"),
        layers.Dense: ("kernel", "bias"),
    }
    for layer in tagger.layers:
        names = next((each for kind, each in variables.items() if isinstance(layer, kind)), None)
        if names is None:
            continue
        weights = [reader.get_tensor(f"{layer.name}/{name}") for name in names]
        if isinstance(layer, layers.Conv1D):
            weights[0] = weights[0].squeeze(2)
        layer.set_weights(weights)


def mel_power(samples: np.ndarray) -> np.ndarray:
    """Mel power spectrogram of a recording at 16 kHz, `shape=(frames, 96)`."""
    return np.abs(stft(samples, PARAMETERS)) ** 2 @ mel_filterbank(PARAMETERS).T


def compress(power: np.ndarray) -> np.ndarray:
    """Compress mel power logarithmically: ``log10(1 + 10⁴ power)``, the input of the tagger."""
    return np.log10(1 + 1e4 * np.asarray(power, dtype=np.float32))


def window_bounds(n_frames: int, step: int) -> list[tuple[int, int]]:
    """Bounds of the windows of a recording that the tagger is applied to.

    Parameters
    ----------
    n_frames : int
        Frames of the recording.
    step : int
        Frames from one window to the next.

    Returns
    -------
    list of (int, int)
        First frame of each complete window, and the frame after its last one.
    """
    length = PARAMETERS.segment_frames
    return [(start, start + length) for start in range(0, n_frames - length + 1, step)]


def genre_network(
    tagger: keras.Model, kernel: np.ndarray, bias: np.ndarray, temperature: float
) -> keras.Model:
    """Build the genre network: MFCCs to log-mel spectrogram to tags to calibrated probabilities.

    Parameters
    ----------
    tagger : keras.Model
        Network from `build_tagger`, with its weights.
    kernel : np.ndarray [shape=(50, 10)]
        Weights from the tags' logits to the genres' logits.
    bias : np.ndarray [shape=(10,)]
        Offsets of the genres' logits.
    temperature : float
        Divisor of the genres' logits, see `core.evaluation.calibration`.

    Returns
    -------
    keras.Model
        Functional model, ``(n, 187, 96, 1)``, all MFCCs of the log-mel spectrogram, to
        probabilities ``(n, 10)``.
    """
    shape = (PARAMETERS.segment_frames, PARAMETERS.n_mels)
    mfcc = keras.Input((*shape, 1), name="mfcc")
    inverse_dct = layers.Dense(PARAMETERS.n_mels, use_bias=False, trainable=False, name="logmel")
    decibels = inverse_dct(layers.Reshape(shape)(mfcc))
    power = ops.exp((decibels + PEAK_LEVEL_DB) * (np.log(10) / 10))
    compressed = ops.log(1 + 1e4 * power) / np.log(10)
    head = layers.Dense(len(GENRES), trainable=False, name="logits")
    logits = layers.Rescaling(1 / temperature, name="temperature")(head(tagger(compressed)))
    network = keras.Model(mfcc, layers.Softmax(name="probabilities")(logits), name="musicnn_genres")
    inverse_dct.set_weights([dct_matrix(PARAMETERS.n_mfcc, PARAMETERS.n_mels)])
    head.set_weights([kernel, bias])
    return network
