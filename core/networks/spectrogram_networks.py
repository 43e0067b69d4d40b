"""Networks on spectrograms: standardised MFCCs in, genre logits out.

Every network has the same input and the same two outputs; the hidden layers in between are those of
`core.networks.cnn`, `core.networks.mfcc_statistics` or `core.networks.baselines`. The second output
exists during training only: it predicts the tags of a teacher that was trained on far more music
(knowledge distillation, Hinton et al. 2015).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import keras
import numpy as np
from keras import layers

from core.constants import GENRES
from core.features.spectrogram import FeatureParameters, dct_matrix
from core.networks import baselines, cnn, mfcc_statistics
from core.networks.baselines import LOGMEL_LAYER

HIDDEN_LAYERS: dict[str, Callable[[keras.KerasTensor, float], keras.KerasTensor]] = {
    "cnn": cnn.cnn,
    "cnn_lstm": cnn.cnn_lstm,
    "mfcc_statistics": mfcc_statistics.mfcc_statistics,
    "cnn3": baselines.cnn3,
    "mlp": baselines.mlp,
    "gru": baselines.gru,
    "mfcc_cnn": baselines.spectral_cnn,
    "mfcc_lstm": baselines.spectral_lstm,
    "logmel_cnn": baselines.logmel_cnn,
    "logmel_lstm": baselines.logmel_lstm,
    "crnn": baselines.crnn,
}
# Networks that are smaller in use than in training, see `core.networks.compression`.
COMPRESSED_HIDDEN_LAYERS: dict[str, Callable[[keras.KerasTensor, float], keras.KerasTensor]] = {
    "cnn": partial(cnn.cnn, compressed=True),
    "cnn_lstm": partial(cnn.cnn_lstm, compressed=True),
}


def build_network(
    name: str,
    parameters: FeatureParameters,
    n_tags: int = 0,
    dropout: float = 0.6,
    *,
    compressed: bool = False,
) -> keras.Model:
    """Build an untrained network.

    Parameters
    ----------
    name : str
        One of `core.models.registry.SPECTROGRAM_MODELS`.
    parameters : FeatureParameters
        Feature parameters; the input has the shape ``(segment_frames, n_mfcc, 1)``.
    n_tags : int
        Number of the teacher's tags; zero without a teacher.
    dropout : float, range=[0, 1)
        Dropout rate of the hidden layers; it is scaled for their inputs.
    compressed : bool
        Whether to build the form that `core.networks.compression.compress` fills.

    Returns
    -------
    keras.Model
        Functional model with two outputs, ``logits (batch, 10)`` and ``tags (batch, n_tags or 1)``.

    Raises
    ------
    KeyError
        If there is no such network.
    """
    mfcc = keras.Input((parameters.segment_frames, parameters.n_mfcc, 1), name="mfcc")
    hidden_layers = COMPRESSED_HIDDEN_LAYERS if compressed else HIDDEN_LAYERS
    hidden = hidden_layers[name](mfcc, dropout)
    outputs = [
        layers.Dense(len(GENRES), name="logits")(hidden),
        layers.Dense(max(n_tags, 1), name="tags")(hidden),
    ]
    return keras.Model(mfcc, outputs, name=name)


def set_standardisation(
    network: keras.Model, mean: np.ndarray, scale: np.ndarray, parameters: FeatureParameters
) -> None:
    """Set the layer that turns standardised MFCCs back into mel bands, if a network has one.

    Parameters
    ----------
    network : keras.Model
        Network from `build_network`, changed in place.
    mean, scale : np.ndarray [shape=(n_mfcc,)]
        Standardisation of the MFCCs.
    parameters : FeatureParameters
        Feature parameters.
    """
    if LOGMEL_LAYER in {layer.name for layer in network.layers}:
        dct = dct_matrix(parameters.n_mfcc, parameters.n_mels)
        weights = [np.asarray(scale)[:, np.newaxis] * dct, mean @ dct]
        network.get_layer(LOGMEL_LAYER).set_weights(weights)


def shift_logits(network: keras.Model, shifts: np.ndarray) -> None:
    """Add a constant to each genre's logit.

    Parameters
    ----------
    network : keras.Model
        Network from `build_network`, changed in place.
    shifts : np.ndarray [shape=(10,)]
        Added to the bias of the layer `logits`.
    """
    layer = network.get_layer("logits")
    kernel, bias = layer.get_weights()
    layer.set_weights([kernel, bias + shifts])


def serving_network(trained: keras.Model, temperature: float) -> keras.Model:
    """Build the inference network: calibrated probabilities, no second output.

    Parameters
    ----------
    trained : keras.Model
        Trained network from `build_network`.
    temperature : float
        Divisor of the logits, see `core.evaluation.calibration`.

    Returns
    -------
    keras.Model
        Functional model, ``(n, segment_frames, n_mfcc, 1)`` to probabilities ``(n, 10)``.
    """
    logits = trained.get_layer("logits").output
    logits = layers.Rescaling(1 / temperature, name="temperature")(logits)
    probabilities = layers.Softmax(name="probabilities")(logits)
    return keras.Model(trained.input, probabilities, name=trained.name)
