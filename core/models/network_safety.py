"""Checks of a network's file before Keras opens it: known classes only, and moderate sizes.

Keras itself refuses Lambda layers, pickled functions, weights in other files and archives that
unpack to a thousand times their size. Other classes have let a file read local files, fetch
addresses or import modules in some versions of Keras. Here a file may therefore only name classes
that an architecture in `core.networks` could use.
"""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from core.models.archives import check_archive

MAX_CONFIG_BYTES = 4_000_000
MAX_DEPTH = 60  # of nested values in the configuration; bundled networks have 14
MAX_NUMBER = 100_000  # largest integer in the configuration; bundled networks have 4608
MAX_UNITS = {"units": 4096, "filters": 4096, "kernel_size": 1024}  # bundled: 512, 768, 128
MEMBERS = frozenset(("metadata.json", "config.json", "model.weights.h5"))
LAYERS = frozenset(
    (
        *("Activation", "Add", "AveragePooling1D", "AveragePooling2D", "BatchNormalization"),
        *("Bidirectional", "Concatenate", "Conv1D", "Conv2D", "Dense", "DepthwiseConv1D"),
        *("DepthwiseConv2D", "Dot", "Dropout", "ELU", "Flatten", "GRU", "GaussianNoise"),
        *("GlobalAveragePooling1D", "GlobalAveragePooling2D", "GlobalMaxPooling1D"),
        *("GlobalMaxPooling2D", "InputLayer", "LSTM", "LayerNormalization", "LeakyReLU"),
        *("MaxPooling1D", "MaxPooling2D", "Multiply", "Normalization", "Permute", "ReLU"),
        *("Rescaling", "Reshape", "SeparableConv1D", "SeparableConv2D", "SimpleRNN", "Softmax"),
        *("SpatialDropout1D", "SpatialDropout2D", "Subtract", "ZeroPadding1D", "ZeroPadding2D"),
    )
)
CLASSES = {  # by module; of the modules without classes, every one is harmless
    "keras": frozenset(("DTypePolicy",)),
    "keras.layers": LAYERS,
    "keras.models": frozenset(("Functional", "Sequential")),
    "keras.src.models.functional": frozenset(("Functional",)),
    "keras.constraints": None,
    "keras.initializers": None,
    "keras.optimizers": None,
    "keras.regularizers": None,
    # Operations on tensors.
    "keras.src.ops.core": None,
    "keras.src.ops.nn": None,
    "keras.src.ops.numpy": None,
}
CONSTANTS = frozenset(  # values that JSON lacks; "__lambda__" and "__typespec__" are left out
    ("__tensor__", "__numpy__", "__keras_tensor__", "__ellipsis__", "__slice__", "__bytes__")
)
OWN = "groove_guide>"  # package of the layers that `core.networks` registers


def check_network_file(path: Path) -> None:
    """Check a file before Keras opens it.

    Parameters
    ----------
    path : Path
        File with the suffix ``.keras``.

    Raises
    ------
    Exception
        Of any kind, if the file is not a network that this project could have saved.
    """
    check_archive(path)
    with zipfile.ZipFile(path) as archive:
        if strange := sorted(set(archive.namelist()) - MEMBERS):
            raise ValueError(f"it contains {strange[0]!r}")
        if archive.getinfo("config.json").file_size > MAX_CONFIG_BYTES:
            raise ValueError("its configuration is too large")
        config = json.loads(archive.read("config.json"))
    for key, value in values_of(config):
        if isinstance(value, dict):
            if {"class_name", "module", "registered_name"} & value.keys() and not is_known(value):
                raise ValueError(
                    f"it contains a {value.get('class_name')!r} of {value.get('module')!r}, which "
                    "is not among the trusted layers"
                )
        elif (
            isinstance(value, int)
            and key != "shared_object_id"
            and abs(value) > MAX_UNITS.get(key, MAX_NUMBER)
        ):
            raise ValueError(f"{key!r} is {value}")


def values_of(config: Any) -> Iterator[tuple[str, Any]]:
    """List all values in a configuration.

    Parameters
    ----------
    config : Any
        Content of ``config.json``.

    Yields
    ------
    key : str
        Key of the nearest dictionary that contains the value; empty at the top.
    value : Any
        Dictionary or other value; lists are left out, but not what they contain.

    Raises
    ------
    ValueError
        If they are nested too deeply.
    """
    pending: list[tuple[str, Any, int]] = [("", config, 0)]
    while pending:
        key, value, depth = pending.pop()
        if depth > MAX_DEPTH:
            raise ValueError("its configuration is nested too deeply")
        if isinstance(value, list):
            pending.extend((key, each, depth + 1) for each in value)
            continue
        yield key, value
        if isinstance(value, dict):
            pending.extend((name, each, depth + 1) for name, each in value.items())


def is_known(entry: dict[str, Any]) -> bool:
    """Whether an object in a configuration is of a class that the project's networks use.

    Parameters
    ----------
    entry : dict
        What Keras writes for an object: `class_name`, `module` and `registered_name`.

    Returns
    -------
    bool
        False also if the entry is not what Keras writes.
    """
    name, module = entry.get("class_name"), entry.get("module")
    registered = entry.get("registered_name")
    if not isinstance(name, str) or not isinstance(module, str | None):
        return False
    if isinstance(registered, str) and registered.startswith(OWN):
        import keras

        return keras.saving.get_registered_object(registered) is not None
    if registered not in (None, name):
        return False
    if module is None:
        return name in CONSTANTS
    if module not in CLASSES:
        return False
    classes = CLASSES[module]
    return classes is None or name in classes
