"""Ablation: accuracy of networks with the output of single layers replaced by its mean.

``python benchmarks/ablation.py --logmel FILE`` predicts the test set of the artist protocol four
ways: with the network as it is, with the output of all its convolutions replaced by its mean over
the test set, with that of each kind of convolution, and with that of its recurrent layer. A network
that has no path around a layer is at chance (0.1) without it. The result is ``ablation.json`` in
the folder of models.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import keras
import numpy as np
from keras import layers

from core.constants import MODELS_DIR
from core.data.gtzan import TrackSet, read_archive
from core.data.segments import segment_mfcc
from core.data.splits import Segments, split_tracks
from core.evaluation.metrics import proportion_interval, song_votes
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

MODELS = ("cnn", "cnn_lstm", "mfcc_statistics")
SEED = 0
BATCH = 256
CONVOLUTIONS = (layers.Conv1D, layers.Conv2D, layers.DepthwiseConv1D)
RECURRENT = (layers.Bidirectional, layers.RNN)


def main(arguments: list[str] | None = None) -> None:
    """Measure the chosen models and write the result."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, help="archive of spectrograms")
    parser.add_argument("--models", nargs="+", metavar="NAME", default=list(MODELS))
    parser.add_argument("--out", type=Path, default=MODELS_DIR, help="folder of ablation.json")
    options = parser.parse_args(arguments)
    tracks = read_archive(options.logmel)
    segments = split_tracks(tracks, "artist", SEED).test
    measured = {}
    for name in options.models:
        measured[name] = ablate(load_spectrogram_model(name), tracks, segments)
        for part, row in measured[name]["accuracy"].items():
            low, high = row["interval"]
            print(f"{name}, {part}: song vote {row['song']:.3f} [{low:.3f}, {high:.3f}]")
    content = {
        "protocol": "artist",
        "seed": SEED,
        "songs": len(np.unique(segments.track)),
        "models": measured,
    }
    write_json(options.out / "ablation.json", content)


def ablate(model: SpectrogramModel, tracks: TrackSet, segments: Segments) -> dict[str, Any]:
    """Measure a network without single layers.

    Parameters
    ----------
    model : SpectrogramModel
        Model of segments.
    tracks : TrackSet
        Tracks.
    segments : Segments
        Test set.

    Returns
    -------
    dict
        `sha256` of the weights, and `accuracy`: for ``"original"`` and each part that was replaced,
        `song` accuracy, its `interval`, and the share `same` of segments whose prediction stays.
    """
    inputs = model.standardise(segment_mfcc(tracks, segments))[..., np.newaxis]
    labels, songs = tracks.labels[segments.track], segments.track
    original = in_batches(model.network, [inputs])[0]
    accuracy = {"original": row(original, original, labels, songs)}
    for part, cut, replaced in parts(model.network):
        probabilities = without(model.network, cut, replaced, inputs)
        accuracy[part] = row(probabilities, original, labels, songs)
    return {"sha256": model.card["weights"]["sha256"], "accuracy": accuracy}


def parts(network: keras.Model) -> list[tuple[str, list[str], list[str]]]:
    """List what is replaced.

    Parameters
    ----------
    network : keras.Model
        Network with named layers.

    Returns
    -------
    list of (str, list of str, list of str)
        Name of the part, the layers at which the network is cut, and those of them whose output is
        replaced: all convolutions that read the input, each of them, and the recurrent layers.
    """
    recurrent = [layer.name for layer in network.layers if isinstance(layer, RECURRENT)]
    first = [
        layer.name
        for layer in network.layers
        if isinstance(layer, CONVOLUTIONS) and not follows_convolution(layer)
    ]
    found = [("convolutions", first, first)]
    if len(first) > 1:
        found += [(name, first, [name]) for name in first]
    if recurrent:
        found.append(("recurrent layer", recurrent, recurrent))
    return found


def follows_convolution(layer: layers.Layer) -> bool:
    """Test whether a convolution precedes a layer on any path from the input."""
    waiting = list(layer._inbound_nodes[0].input_tensors)
    seen: set[int] = set()
    while waiting:
        tensor = waiting.pop()
        before, node, _ = tensor._keras_history
        if isinstance(before, CONVOLUTIONS):
            return True
        if id(tensor) not in seen:
            seen.add(id(tensor))
            waiting += before._inbound_nodes[node].input_tensors
    return False


def without(
    network: keras.Model, cut: Sequence[str], replaced: Sequence[str], inputs: np.ndarray
) -> np.ndarray:
    """Predict with the output of some layers replaced by its mean.

    Parameters
    ----------
    network : keras.Model
        Network.
    cut : sequence of str
        Layers at which the network is cut in two.
    replaced : sequence of str
        Layers among them whose output is replaced by its mean over segments and positions.
    inputs : np.ndarray [shape=(n, segment_frames, n_mfcc, 1)]
        Standardised MFCCs.

    Returns
    -------
    np.ndarray [shape=(n, 10), range=[0, 1]]
        Probabilities.
    """
    tensors = [network.get_layer(name).output for name in cut]
    outputs = in_batches(keras.Model(network.input, tensors), [inputs])
    for index, name in enumerate(cut):
        if name in replaced:
            axes = tuple(range(outputs[index].ndim - 1))
            outputs[index] = np.broadcast_to(
                outputs[index].mean(axis=axes, dtype=np.float64).astype(np.float32),
                outputs[index].shape,
            )
    try:
        upper = keras.Model(tensors if len(tensors) > 1 else tensors[0], network.output)
    except ValueError:  # the network has a path around these layers
        upper = keras.Model([*tensors, network.input], network.output)
        outputs.append(inputs)
    return in_batches(upper, outputs)[0]


def in_batches(network: keras.Model, inputs: Sequence[np.ndarray]) -> list[np.ndarray]:
    """Compute all outputs of a network, batch by batch."""
    found = []
    for start in range(0, len(inputs[0]), BATCH):
        batch = [np.ascontiguousarray(value[start : start + BATCH]) for value in inputs]
        outputs = network(batch if len(batch) > 1 else batch[0], training=False)
        outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
        found.append([np.asarray(output) for output in outputs])
    return [np.concatenate(column) for column in zip(*found, strict=True)]


def row(
    probabilities: np.ndarray, original: np.ndarray, labels: np.ndarray, songs: np.ndarray
) -> dict[str, Any]:
    """Compute the song accuracy with its interval, and the share of unchanged predictions."""
    votes, truth = song_votes(probabilities, labels, songs)
    right = votes.argmax(axis=1) == truth
    return {
        "song": float(right.mean()),
        "interval": proportion_interval(int(right.sum()), len(right)),
        "same": float((probabilities.argmax(axis=1) == original.argmax(axis=1)).mean()),
    }


if __name__ == "__main__":
    main()
