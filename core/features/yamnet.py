"""YAMNet embeddings: 1024 features for each 0.98 s of audio, from a pretrained network.

YAMNet (Plakal & Ellis 2020; Apache 2.0) is pretrained on the two million clips of AudioSet and used
here in its TensorFlow Lite version. The embedding is the layer before its classifier. The file of
the network is not part of this project. It is downloaded once, on request, and only opened if its
digest matches the pinned one.
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
PATCH = 15_600  # samples in one input of the network
STEP = 7_680  # samples from one patch to the next
PATCHES = 6  # in three seconds; the last one extends beyond them and is padded with silence
EMBEDDING = 1_024  # features of a patch
LEVEL = 0.1  # RMS to which songs are normalised, so that their level has no effect

_lock = threading.Lock()


def file_path() -> Path:
    """Locate the file of the network, whether or not it exists.

    Returns
    -------
    Path
        Path in the user's cache folder, or in the folder given by ``GROOVE_GUIDE_CACHE``.
    """
    import pooch

    return Path(os.environ.get("GROOVE_GUIDE_CACHE") or pooch.os_cache("groove-guide")) / FILE_NAME


def is_available() -> bool:
    """Test whether the network has been downloaded."""
    return file_path().is_file()


def fetch(given: Path | None = None) -> Path:
    """Download the network, or install a copy of its file.

    Parameters
    ----------
    given : Path, optional
        Copy of the file; by default it is downloaded.

    Returns
    -------
    Path
        Installed file, see `file_path`.

    Raises
    ------
    ModelError
        If the download fails, the file cannot be read or written, or its digest is not the pinned
        one.
    """
    import pooch

    path = file_path()
    try:
        if given is None:
            pooch.retrieve(ADDRESS, f"sha256:{SHA256}", fname=path.name, path=path.parent)
        elif sha256(given) != SHA256:
            raise ModelError(
                f"{given.name} is not the supported version of YAMNet. Use the file with SHA-256 "
                f"{SHA256}."
            )
        else:
            with replacing(path) as temporary:
                temporary.write_bytes(given.read_bytes())
    except ModelError:
        raise
    except ValueError as error:
        raise ModelError(
            f"The file at {ADDRESS} is no longer the supported version of YAMNet. Obtain the file "
            f"with SHA-256 {SHA256} and run: python -m core yamnet FILE"
        ) from error
    except OSError as error:
        if error.strerror:  # from the file system rather than the network
            raise ModelError(
                f"YAMNet could not be stored in {path.parent}: {error.filename}: {error.strerror}."
            ) from error
        raise ModelError(
            "YAMNet could not be downloaded. Check the internet connection, or download "
            f"{ADDRESS} (SHA-256 {SHA256}) on another computer and run: python -m core yamnet FILE"
        ) from error
    _interpreter.cache_clear()
    return path


@lru_cache(maxsize=1)
def _interpreter() -> tuple[Any, int, int]:
    """Load the network, with the indices of its input and of its embedding layer."""
    path = file_path()
    if not path.is_file():
        raise ModelError(
            "This model needs YAMNet, which is not installed yet. Download it once (4 MB): "
            "python -m core yamnet"
        )
    if sha256(path) != SHA256:
        raise ModelError(f"{path} is damaged. Download it again: python -m core yamnet")
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    # With XNNPACK the results of this quantised network differ (correlation 0.91), and depend on
    # the machine. The built-in kernels agree with the reference kernels to five digits.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        interpreter = Interpreter(
            str(path),
            num_threads=1,
            experimental_preserve_all_tensors=True,
            experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
        )
    interpreter.allocate_tensors()
    (layer,) = (d["index"] for d in interpreter.get_tensor_details() if d["name"].endswith(LAYER))
    return interpreter, interpreter.get_input_details()[0]["index"], layer


def embeddings(
    samples: np.ndarray, sample_rate: int, starts: np.ndarray, length: int
) -> np.ndarray:
    """Compute YAMNet's embeddings of segments of a song.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,)]
        Mono samples of the whole song.
    sample_rate : int
        Sampling rate in Hz.
    starts : np.ndarray [shape=(segments,), dtype=int]
        First sample of each segment.
    length : int
        Samples in a segment, about three seconds. Beyond the end of the song it is padded with
        silence.

    Returns
    -------
    np.ndarray [shape=(segments, PATCHES, EMBEDDING), dtype=float32]
        One embedding for every 0.48 s.

    Raises
    ------
    ModelError
        If the network has not been downloaded, or its file is damaged.
    """
    level = float(np.sqrt(np.mean(np.square(samples, dtype=np.float64))))
    scale = LEVEL / level if level > 0 else 1.0
    embedded = np.empty((len(starts), PATCHES, EMBEDDING), dtype=np.float32)
    whole = (PATCHES - 1) * STEP + PATCH
    with _lock:
        interpreter, entry, layer = _interpreter()
        for index, start in enumerate(starts):
            segment = np.asarray(samples[start : start + length], dtype=np.float32) * scale
            if len(segment):
                segment = soxr.resample(segment, sample_rate, SAMPLE_RATE)
            segment = np.pad(segment[:whole], (0, max(0, whole - len(segment))))
            for number in range(PATCHES):
                patch = segment[number * STEP : number * STEP + PATCH]
                interpreter.set_tensor(entry, patch[np.newaxis].astype(np.float32))
                interpreter.invoke()
                embedded[index, number] = interpreter.get_tensor(layer)[0]
    return embedded
