"""YAMNet: 1024 numbers for each second of sound, from a network that has heard two million clips.

The network is Plakal & Ellis's (2020, "YAMNet"; Apache 2.0), learnt from AudioSet, in the form of
TensorFlow Lite. Its file is not part of this project: it is downloaded once, when asked for, and
opened only if its digest is the pinned one. What is read is the layer before its own answers.
"""

from __future__ import annotations

import os
import threading
import warnings
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import soxr

from core.errors import ModelError
from core.storage import replacing, sha256

SHA256 = "469be6a3421cbc52cf97e9f2f966cba984198e8e7af9854d68b3e3ebb1e04194"
ADDRESS = (
    "https://storage.googleapis.com/tfhub-lite-models/google/lite-model/yamnet/classification/"
    "tflite/1.tflite"
)
FILE_NAME = "yamnet.tflite"
LAYER = "global_average_pooling2d/Mean"
SAMPLE_RATE = 16_000  # Hz
PATCH = 15_600  # samples that it hears at a time
STEP = 7_680  # samples from one patch to the next
PATCHES = 6  # in three seconds; the last reaches beyond them, into silence
EMBEDDING = 1_024
LEVEL = 0.1  # root mean square that a song is brought to: how loud it is does not count

_lock = threading.Lock()


def file_path() -> Path:
    """Return where the network's file is, or would be.

    Returns
    -------
    Path
        In the user's cache folder, or in the folder that ``GROOVE_GUIDE_CACHE`` names.
    """
    import pooch

    return Path(os.environ.get("GROOVE_GUIDE_CACHE") or pooch.os_cache("groove-guide")) / FILE_NAME


def is_available() -> bool:
    """Return whether the network can be asked."""
    return file_path().is_file()


def fetch(given: Path | None = None) -> Path:
    """Put the network's file where it is looked for: download it, or copy one that is given.

    Parameters
    ----------
    given : Path, optional
        A file that is at hand already.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    ModelError
        If it cannot be had, or is another file than the pinned one.
    """
    import pooch

    path = file_path()
    try:
        if given is None:
            pooch.retrieve(ADDRESS, f"sha256:{SHA256}", fname=path.name, path=path.parent)
        elif sha256(given) != SHA256:
            raise ModelError(f"{given.name} is another file than the YAMNet that is known here.")
        else:
            with replacing(path) as temporary:
                temporary.write_bytes(given.read_bytes())
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(
            f"What {ADDRESS} serves now is another file than the YAMNet that is known here. Get "
            f"the one with SHA-256 {SHA256} and say: python -m core yamnet FILE"
        ) from error
    except OSError as error:
        if error.strerror:  # of the file system, not of the network
            raise ModelError(
                f"YAMNet could not be put into {path.parent}: {error.filename}: {error.strerror}."
            ) from error
        raise ModelError(
            "YAMNet could not be downloaded. Check the connection, or get it elsewhere from "
            f"{ADDRESS} (SHA-256 {SHA256}) and say: python -m core yamnet FILE"
        ) from error
    _interpreter.cache_clear()
    return path


@lru_cache(maxsize=1)
def _interpreter() -> tuple[Any, int, int]:
    """Return the network, and the numbers of its input and of the layer that is read."""
    path = file_path()
    if not path.is_file():
        raise ModelError(
            "This model hears through YAMNet, which is not on this machine yet. Fetch it once "
            "(4 MB): python -m core yamnet"
        )
    if sha256(path) != SHA256:
        raise ModelError(f"{path} is damaged. Fetch it again: python -m core yamnet")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # XNNPACK computes this quantised network otherwise (correlation 0.91), and differently from
    # machine to machine; the reference kernels and these agree to five digits.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = Interpreter(
            str(path),
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    found.allocate_tensors()
    (layer,) = (d["index"] for d in found.get_tensor_details() if d["name"].endswith(LAYER))
    return found, found.get_input_details()[0]["index"], layer


def embeddings(
    samples: np.ndarray, sample_rate: int, starts: np.ndarray, length: int
) -> np.ndarray:
    """Return what YAMNet makes of stretches of a song.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        The whole song.
    sample_rate : int
        Its sampling rate in Hz.
    starts : np.ndarray [shape=(stretches,), dtype=int]
        First sample of each stretch.
    length : int
        Samples in each stretch, about three seconds; what the song lacks of it is silence.

    Returns
    -------
    np.ndarray [shape=(stretches, PATCHES, EMBEDDING), dtype=float32]
        One row for each 0.48 s. The embedding of silence stands for what lies beyond the song.

    Raises
    ------
    ModelError
        If the network is not there.
    """
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    scale = LEVEL / level if level > 0 else 1.0
    found = np.empty((len(starts), PATCHES, EMBEDDING), dtype=np.float32)
    whole = (PATCHES - 1) * STEP + PATCH
    with _lock:
        network, entry, layer = _interpreter()
        for index, start in enumerate(starts):
            part = np.asarray(samples[start : start + length], dtype=np.float32) * scale
            part = soxr.resample(part, sample_rate, SAMPLE_RATE) if len(part) else part
            part = np.pad(part[:whole], (0, max(0, whole - len(part))))
            for patch in range(PATCHES):
                heard = part[patch * STEP : patch * STEP + PATCH]
                network.set_tensor(entry, heard[np.newaxis].astype(np.float32))
                network.invoke()
                found[index, patch] = network.get_tensor(layer)[0]
    return found
