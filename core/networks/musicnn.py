"""MSD-musicnn as a Keras model: tags of three seconds of music, from weights that others trained.

The architecture is that of Pons & Serra (2019, "musicnn: pre-trained convolutional neural networks
for music audio tagging"): filters over timbre and over time, three convolutions with residual
connections, pooling over time, two dense layers. The weights are those of the `musicnn` package on
the Python package index (version 0.1.0, ISC licence), learnt from the Million Song Dataset; they
are read from its checkpoint, and nothing of the package is imported.
"""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
from keras import layers, ops

from core.constants import GENRES
from core.features.spectrogram import FeatureParameters, dct_matrix, mel_filterbank, stft
from core.networks import musicnn
from core.networks.single_channel_conv import OneChannelConvolution

N_TAGS = 50
PARAMETERS = FeatureParameters(
    sample_rate=16_000, n_fft=512, hop_length=256, n_mels=96, n_mfcc=96, segment_frames=187
)
TIMBRES = ((204, (7, 38)), (204, (7, 67)))  # filters, and their frames × bands
TEMPI = ((51, 128), (51, 64), (51, 32))  # filters, and their frames
CHANNELS = 64  # of the middle convolutions
UNITS = 200  # of the last hidden layer
CHECKPOINT = "MSD_musicnn"  # folder of the weights within the package


def build(segment_frames: int = PARAMETERS.segment_frames) -> keras.Model:
    """Build the network without its weights.

    Parameters
    ----------
    segment_frames : int
        Frames that it hears at a time.

    Returns
    -------
    keras.Model
        From compressed mel spectrograms ``log10(1 + 10⁴ power)`` ``(n, segment_frames, 96)`` to
        the tags' logits ``(n, 50)``. Layers bear the names of the checkpoint's variables.
    """
    number = iter(range(len(TIMBRES) + len(TEMPI) + 6))

    def norm(values: keras.KerasTensor) -> keras.KerasTensor:
        index = next(number)
        name = f"batch_normalization_{index}" if index else "batch_normalization"
        return layers.BatchNormalization(epsilon=1e-3, trainable=False, name=name)(values)

    spectrogram = keras.Input((segment_frames, PARAMETERS.n_mels), name="spectrogram")
    level = norm(layers.Reshape((segment_frames, PARAMETERS.n_mels, 1))(spectrogram))
    padded = layers.ZeroPadding2D(((3, 3), (0, 0)))(level)
    heard = []
    for index, (filters, size) in enumerate(TIMBRES):
        name = f"conv2d_{index}" if index else "conv2d"
        convolution = OneChannelConvolution(
            filters, size, activation="relu", trainable=False, name=name
        )
        heard.append(ops.max(norm(convolution(padded)), axis=2))
    for index, (filters, frames) in enumerate(TEMPI, start=len(TIMBRES)):
        convolution = layers.Conv2D(
            filters,
            (frames, 1),
            padding="same",
            activation="relu",
            trainable=False,
            name=f"conv2d_{index}",
        )
        heard.append(ops.max(norm(convolution(level)), axis=2))
    front = layers.Concatenate()(heard)
    middle = [front]
    values = front
    for index in range(3):
        convolution = layers.Conv1D(
            CHANNELS,
            7,
            padding="same",
            activation="relu",
            trainable=False,
            name=f"conv2d_{len(TIMBRES) + len(TEMPI) + index}",
        )
        new = norm(convolution(values))
        values = layers.Add()([new, values]) if index else new
        middle.append(values)
    features = layers.Concatenate()(middle)
    pooled = ops.stack([ops.max(features, axis=1), ops.mean(features, axis=1)], axis=2)
    values = norm(layers.Flatten()(pooled))
    values = layers.Dense(UNITS, activation="relu", trainable=False, name="dense")(values)
    values = norm(values)
    logits = layers.Dense(N_TAGS, trainable=False, name="dense_1")(values)
    return keras.Model(spectrogram, logits, name="musicnn")


def read_weights(network: keras.Model, package: Path) -> None:
    """Give the network the weights of the package.

    Parameters
    ----------
    network : keras.Model
        As `build` made it.
    package : Path
        The package's folder ``musicnn``, installed or unpacked.

    Raises
    ------
    OSError
        If the checkpoint is not there.
    """
    import tensorflow as tf

    folder = package / CHECKPOINT
    if not (folder / ".index").is_file():
        raise OSError(
            f"There is no checkpoint in {folder}. Install musicnn 0.1.0 without its dependencies "
            "and name its folder."
        )
    reader = tf.compat.v1.train.NewCheckpointReader(f"{folder}/")
    parts: dict[type, tuple[str, ...]] = {
        layers.BatchNormalization: ("gamma", "beta", "moving_mean", "moving_variance"),
        layers.Conv2D: ("kernel", "bias"),
        layers.Conv1D: ("kernel", "bias"),
        layers.Dense: ("kernel", "bias"),
    }
    for layer in network.layers:
        names = next((each for kind, each in parts.items() if isinstance(layer, kind)), None)
        if names is None:
            continue
        weights = [reader.get_tensor(f"{layer.name}/{name}") for name in names]
        if isinstance(layer, layers.Conv1D):
            weights[0] = weights[0].squeeze(2)
        layer.set_weights(weights)


def compressed(power: np.ndarray) -> np.ndarray:
    """Return what the network reads of mel power: ``log10(1 + 10⁴ power)``."""
    return np.log10(1 + 1e4 * np.asarray(power, dtype=np.float32))


def mel_power(samples: np.ndarray) -> np.ndarray:
    """Return the mel power spectrogram of a recording at 16 kHz, ``(frames, 96)``."""
    return np.abs(stft(samples, PARAMETERS)) ** 2 @ mel_filterbank(PARAMETERS).T


def windows(n_frames: int, step: int) -> list[tuple[int, int]]:
    """Return first and last frame of every window of a recording.

    Parameters
    ----------
    n_frames : int
        Frames of the recording.
    step : int
        Frames from one window to the next.

    Returns
    -------
    list of (int, int)
        Whole windows only.
    """
    length = PARAMETERS.segment_frames
    return [(start, start + length) for start in range(0, n_frames - length + 1, step)]


LEVEL_DB = 18.0  # power of the loudest mel band of a recording at full scale, about


def genre_network(
    tagger: keras.Model, kernel: np.ndarray, bias: np.ndarray, temperature: float
) -> keras.Model:
    """Return the whole network, from cepstral coefficients to calibrated probabilities.

    Parameters
    ----------
    tagger : keras.Model
        As `core.networks.musicnn.build` made it, with its weights.
    kernel, bias, temperature
        As `fit_head` returned them.

    Returns
    -------
    keras.Model
        From ``(n, 187, 96, 1)``, all coefficients of the log-mel spectrogram, to ``(n, 10)``.
    """
    parameters = musicnn.PARAMETERS
    shape = (parameters.segment_frames, parameters.n_mels)
    coefficients = keras.Input((*shape, 1), name="mfcc")
    inverse = layers.Dense(parameters.n_mels, use_bias=False, trainable=False, name="logmel")
    decibels = inverse(layers.Reshape(shape)(coefficients))
    power = ops.exp((decibels + LEVEL_DB) * (np.log(10) / 10))
    heard = ops.log(1 + 1e4 * power) / np.log(10)
    head = layers.Dense(len(GENRES), trainable=False, name="logits")
    logits = layers.Rescaling(1 / temperature, name="temperature")(head(tagger(heard)))
    network = keras.Model(
        coefficients, layers.Softmax(name="probabilities")(logits), name="musicnn_genres"
    )
    inverse.set_weights([dct_matrix(parameters.n_mfcc, parameters.n_mels)])
    head.set_weights([kernel, bias])
    return network
