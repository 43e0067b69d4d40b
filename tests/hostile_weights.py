"""Weights, backgrounds and novelty scores that would run code, fill memory, or read other files.

Each function writes one file over an intact one. `Payload` creates a file when it is unpickled or
called, so a test can tell whether anything ran.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import h5py
import numpy as np

CANARY = "GROOVE_GUIDE_CANARY"  # environment variable with the file that a payload creates
COMMAND = f'touch "${CANARY}"'
Edit = Callable[[dict[str, Any]], None]


class Payload:
    """Runs a command when it is unpickled."""

    def __reduce__(self) -> tuple[Any, ...]:
        """Call `os.system`."""
        return os.system, (COMMAND,)


def pickled(path: Path) -> None:
    """A pickle under the name of another format."""
    path.write_bytes(pickle.dumps(Payload()))


def pickle_in_a_zip(path: Path) -> None:
    """An archive whose members are pickles under all names that a loader might look for."""
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("schema.json", "config.json", "metadata.json", "model.weights.h5", "data.pkl"):
            archive.writestr(name, pickle.dumps(Payload()))


def rewritten(path: Path, member: str, edit: Callable[[bytes], bytes | None]) -> None:
    """Replace one member of an archive; None removes it."""
    with zipfile.ZipFile(path) as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in contents.items():
            changed = edit(content) if name == member else content
            if changed is not None:
                archive.writestr(name, changed)


def with_config(edit: Edit) -> Callable[[Path], None]:
    """Change the configuration of a network."""

    def write(path: Path) -> None:
        def change(content: bytes) -> bytes:
            config = json.loads(content)
            edit(config)
            return json.dumps(config).encode()

        rewritten(path, "config.json", change)

    return write


def with_layer(module: str | None, name: str, /, **config: Any) -> Callable[[Path], None]:
    """Put a strange object in the place of the first layer after the input."""

    def edit(whole: dict[str, Any]) -> None:
        layer = whole["config"]["layers"][1]
        layer |= {"module": module, "class_name": name, "registered_name": name}
        layer["config"] = {"name": layer["config"]["name"], **config}

    return with_config(edit)


def with_initializer(value: Any) -> Callable[[Path], None]:
    """Put a strange object in the place of an initializer."""

    def edit(whole: dict[str, Any]) -> None:
        whole["config"]["layers"][1]["config"]["kernel_initializer"] = value

    return with_config(edit)


def with_number(key: str, value: int) -> Callable[[Path], None]:
    """Change a number of the first convolution."""

    def edit(whole: dict[str, Any]) -> None:
        whole["config"]["layers"][1]["config"][key] = value

    return with_config(edit)


def deep(whole: dict[str, Any]) -> None:
    """Nest the configuration deeply, yet not too deeply for JSON."""
    value: Any = 1
    for _ in range(400):
        value = [value]
    whole["config"]["layers"][1]["config"]["extra"] = value


def with_member(name: str, content: bytes = b"x") -> Callable[[Path], None]:
    """Add a member to an archive."""

    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr(name, content)

    return write


def bomb(path: Path) -> None:
    """An archive of under a megabyte that unpacks to 600 MB."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("config.json", "metadata.json", "schema.json"):
            archive.writestr(name, "{}")
        with archive.open("model.weights.h5", "w", force_zip64=True) as stream:
            for _ in range(60):
                stream.write(bytes(10_000_000))


def weights_of(edit: Callable[[h5py.File], None]) -> Callable[[Path], None]:
    """Change the HDF5 file of a network."""

    def write(path: Path) -> None:
        def change(content: bytes) -> bytes:
            stream = io.BytesIO(content)
            with h5py.File(stream, "r+") as file:
                edit(file)
            return stream.getvalue()

        rewritten(path, "model.weights.h5", change)

    return write


def _first_dataset(file: h5py.File) -> str:
    names: list[str] = []
    file.visititems(lambda name, node: names.append(name) if hasattr(node, "shape") else None)
    return names[0]


def external_link(file: h5py.File) -> None:
    """Let an array be that of another file."""
    name = _first_dataset(file)
    del file[name]
    file[name] = h5py.ExternalLink("/etc/passwd", "/")


def external_data(file: h5py.File) -> None:
    """Let an array's numbers be the bytes of another file."""
    name = _first_dataset(file)
    shape = file[name].shape
    del file[name]
    size = 4 * int(np.prod(shape))
    file.create_dataset(name, shape, "f4", external=[("/etc/passwd", 0, size)])


def huge_array(file: h5py.File) -> None:
    """Declare an array of 40 GB that takes no space in the file."""
    name = _first_dataset(file)
    del file[name]
    file.create_dataset(name, (100_000, 100_000), "f4", chunks=(1000, 1000), compression="gzip")


def cut_to(size: int) -> Callable[[Path], None]:
    """Keep only the first bytes of a file."""

    def write(path: Path) -> None:
        path.write_bytes(path.read_bytes()[:size])

    return write


NETWORKS: dict[str, Callable[[Path], None]] = {
    "a pickle": pickled,
    "pickles in an archive": pickle_in_a_zip,
    "nothing": cut_to(0),
    "half of the file": cut_to(3000),
    "no configuration": lambda path: rewritten(path, "config.json", lambda _: None),
    "no weights": lambda path: rewritten(path, "model.weights.h5", lambda _: None),
    "a member that leaves the folder": with_member("../../escaped.txt"),
    "a member with an absolute path": with_member("/tmp/escaped.txt"),
    "an asset": with_member("assets/vocabulary.txt", b"/etc/passwd"),
    "600 MB of zeros": bomb,
    "a Lambda layer": with_layer(
        "keras.layers", "Lambda", function={"class_name": "__lambda__", "config": {"value": "x"}}
    ),
    "a Lambda layer that names a function": with_layer(
        "keras.layers",
        "Lambda",
        function={"class_name": "function", "config": "system", "module": "os"},
        arguments={"command": COMMAND},
    ),
    "a function of os": with_layer("os", "system", command=COMMAND),
    "eval": with_layer("builtins", "eval", expression="1"),
    "subprocess": with_layer("subprocess", "Popen", args=["touch", "x"]),
    "a wrapped Torch module": with_layer("keras.layers", "TorchModuleWrapper", module=COMMAND),
    "a TensorFlow SavedModel": with_layer("keras.layers", "TFSMLayer", filepath="/tmp"),
    "a vocabulary in a local file": with_layer(
        "keras.layers", "StringLookup", vocabulary="/etc/passwd"
    ),
    "a vocabulary on another host": with_layer(
        "keras.layers", "TextVectorization", vocabulary="http://127.0.0.1:9/words"
    ),
    "a download": with_layer("keras.utils", "get_file", origin="http://127.0.0.1:9/x", fname="x"),
    "a layer of another package": with_layer("strange.package", "Layer"),
    "a registered name of its own": with_config(
        lambda whole: whole["config"]["layers"][1].update(registered_name="strange>Layer")
    ),
    "a lambda as an initializer": with_initializer(
        {"class_name": "__lambda__", "config": {"value": "x"}, "module": "builtins"}
    ),
    "a type of TensorFlow as an initializer": with_initializer(
        {"class_name": "__typespec__", "spec_name": "system", "module": "os", "config": []}
    ),
    "four billion filters": with_number("filters", 4_000_000_000),
    "a kernel of a million": with_number("kernel_size", 1_000_000),
    "deep nesting": with_config(deep),
    "an array of another file": weights_of(external_link),
    "numbers of another file": weights_of(external_data),
    "an array of 40 GB": weights_of(huge_array),
}


def npz(**arrays: Any) -> Callable[[Path], None]:
    """Write arrays, pickled if they contain objects."""

    def write(path: Path) -> None:
        with path.open("wb") as stream:
            np.savez(stream, allow_pickle=True, **arrays)

    return write


def _single_array(path: Path) -> None:
    with path.open("wb") as stream:
        np.save(stream, np.zeros(3))


def _declared(path: Path) -> None:
    """An array of 8 TB according to its header."""
    header = str({"descr": "<f8", "fortran_order": False, "shape": (10**12,)}).ljust(117) + "\n"
    content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode()
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("logmel.npy", content)
        archive.writestr("weights.npy", content)


GOOD = np.zeros((2, 72, 128), np.float32)
BACKGROUNDS: dict[str, Callable[[Path], None]] = {
    "a pickle": pickled,
    "pickled arrays": npz(logmel=np.array([Payload()]), weights=np.ones(1)),
    "a single array": _single_array,
    "an array of 8 TB": _declared,
    "600 MB of zeros": bomb,
    "no segments": npz(logmel=GOOD[:0], weights=np.ones(0)),
    "weights that are not numbers": npz(logmel=GOOD, weights=np.array([np.nan, 1])),
    "negative weights": npz(logmel=GOOD, weights=np.array([-1.0, 2.0])),
    "other arrays": npz(other=np.ones(2)),
    "texts": npz(logmel=np.array(["a"]), weights=np.array(["b"])),
}
