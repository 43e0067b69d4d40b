"""Files of trained networks: saved by Keras, then compressed without loss.

Keras stores weights uncompressed. The bytes of 32-bit floats compress little as they stand, but
signs and exponents vary little between weights. So the bytes of each array are sorted by their
position in the number before they are compressed (HDF5's shuffle filter), which saves about 20 %.
Keras reads such files as it reads its own.
"""

from __future__ import annotations

import io
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

from core.models.archives import explained
from core.models.network_safety import check_network_file

if TYPE_CHECKING:
    import h5py
    import keras

MIN_SIZE = 100  # numbers; compressing smaller arrays does not pay


def save_network(network: keras.Model, path: Path) -> None:
    """Write a network in the format of Keras, compressed.

    Parameters
    ----------
    network : keras.Model
        Network; the state of its optimiser is saved too, if it has one.
    path : Path
        File to write, with the suffix ``.keras``.
    """
    network.save(path)
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, _compressed(content) if name.endswith(".h5") else content)


def load_network(path: Path) -> keras.Model:
    """Read a network without executing any code from the file.

    Parameters
    ----------
    path : Path
        File written by `save_network` or by Keras.

    Returns
    -------
    keras.Model
        Not compiled.

    Raises
    ------
    ModelError
        If this version of Keras cannot open the file, or it contains anything but layers that the
        project's networks use.
    """
    import keras

    import core.networks.single_channel_conv  # noqa: F401  # registers the custom layer for loading

    with explained(path, "a network that this version of Keras can open"):
        check_network_file(path)
        network = keras.models.load_model(path, compile=False, safe_mode=True)
        if len(network.inputs) != 1 or len(network.outputs) != 1:
            raise ValueError("it does not have one input and one output")
    return network


def _compressed(content: bytes) -> bytes:
    """Copy an HDF5 file with its large arrays shuffled and compressed."""
    import h5py

    result = io.BytesIO()
    with h5py.File(io.BytesIO(content)) as original, h5py.File(result, "w") as copy:
        copy.attrs.update(original.attrs)

        def add(name: str, node: h5py.Group | h5py.Dataset) -> None:
            if isinstance(node, h5py.Group):
                made = copy.create_group(name)
            elif node.size < MIN_SIZE:
                made = copy.create_dataset(name, data=node[()])
            else:
                made = copy.create_dataset(
                    name,
                    data=node[()],
                    chunks=node.shape,
                    shuffle=True,
                    compression="gzip",
                    compression_opts=9,
                )
            made.attrs.update(node.attrs)

        original.visititems(add)
    return result.getvalue()
