"""Binary format of the data that the player's JavaScript receives.

A payload begins with the length of its header (32 bits, little endian), followed by the header as
JSON and by blobs: compressed audio, spectrograms and masks. Tracks and views in the header refer to
blobs by their SHA-256 digests. The header's `blobs` lists the offset (after the header) and the
size of each blob that is included. Large blobs travel in payloads of their own, so that unchanged
ones are not sent again. Spectrograms are 16-bit integers, to be multiplied by a step.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LARGEST_INT16 = 32_767


@dataclass(frozen=True)
class Track:
    """Audio that the player can switch to.

    Parameters
    ----------
    name : str
        Identifier.
    label, note : str
        Text on its button, and the probability below it.
    file : bytes
        Compressed audio.
    part : {"keep", "remove"} or None
        Cells of the spectrogram that it plays: those of the mask, all others, or all.
    start_s : float
        Beginning in the song; the player is silent before it and after its end.
    """

    name: str
    label: str
    note: str
    file: bytes
    part: str | None = None
    start_s: float = 0.0


@dataclass(frozen=True)
class View:
    """A spectrogram with SHAP values over it.

    Parameters
    ----------
    name, label : str
        Identifier, and text on its button.
    values : np.ndarray [shape=(frames, rows)]
        Values drawn in grey and shown under the pointer.
    shap : np.ndarray [shape=(frames, rows)]
        SHAP values; zero where nothing is explained yet.
    limit : float > 0
        SHAP value of the strongest colour.
    centre, spread : np.ndarray [shape=(rows,)]
        Value of the middle grey of each row, and range from the darkest to the brightest grey.
    names : sequence of str
        Names of the rows.
    ticks : dict of int to str
        Rows with a label on the axis.
    value : str
        Name and unit of a value, as in ``"level {} dB"``.
    mask : np.ndarray [shape=(frames, rows), dtype=bool], optional
        Important cells.
    origins : np.ndarray [shape=(frames,), range=[0, 1]], optional
        If given, the view is a waveform: frames are its columns, `values` its smallest and largest
        samples, `shap` the masses of two models (drawn below it unless all are zero, to the scale
        `spread`), and `origins` the places in time from which the columns come.
    """

    name: str
    label: str
    values: np.ndarray
    shap: np.ndarray
    limit: float
    centre: np.ndarray
    spread: np.ndarray
    names: Sequence[str]
    ticks: dict[int, str]
    value: str
    mask: np.ndarray | None = None
    origins: np.ndarray | None = None


@dataclass(frozen=True)
class Payload:
    """A header and its blobs.

    Parameters
    ----------
    header : dict
        JSON-ready; tracks and views refer to their blobs by digest.
    blobs : dict of bytes
        By digest.
    """

    header: dict[str, Any]
    blobs: dict[str, bytes]

    def to_bytes(self, digests: Collection[str] | None = None) -> bytes:
        """Encode the header with some of the blobs.

        Parameters
        ----------
        digests : collection of str, optional
            Blobs to include, all by default.

        Returns
        -------
        bytes
            Length of the header, header, blobs.

        Raises
        ------
        ValueError
            If the header contains a number that JSON cannot represent.
        """
        included = {
            digest: blob
            for digest, blob in self.blobs.items()
            if digests is None or digest in digests
        }
        places, offset = {}, 0
        for digest, blob in included.items():
            places[digest] = [offset, len(blob)]
            offset += len(blob)
        text = json.dumps({**self.header, "blobs": places}, allow_nan=False).encode()
        return b"".join([struct.pack("<I", len(text)), text, *included.values()])


def encode(header: dict[str, Any], tracks: Sequence[Track], views: Sequence[View]) -> Payload:
    """Separate tracks and views into entries of the header and blobs.

    Parameters
    ----------
    header : dict
        All other entries of the header.
    tracks : sequence of Track
        At least one.
    views : sequence of View
        At least one.

    Returns
    -------
    Payload
        The header with `tracks` and `views`, and the blobs.
    """
    blobs: dict[str, bytes] = {}

    def blob(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return digest

    def quantised(values: np.ndarray) -> dict[str, Any]:
        step = float(np.abs(values).max(initial=0)) / LARGEST_INT16 or 1.0
        return {"step": step, "blob": blob(np.rint(values / step).astype("<i2").tobytes())}

    encoded_tracks = [
        {
            "name": track.name,
            "label": track.label,
            "note": track.note,
            "part": track.part,
            "start_s": track.start_s,
            "blob": blob(track.file),
        }
        for track in tracks
    ]
    encoded_views = [
        {
            "name": view.name,
            "label": view.label,
            "frames": view.values.shape[0],
            "rows": view.values.shape[1],
            "values": quantised(view.values),
            "shap": quantised(view.shap),
            "limit": view.limit,
            "centre": view.centre.tolist(),
            "spread": view.spread.tolist(),
            "names": list(view.names),
            "ticks": list(view.ticks.items()),
            "value": view.value,
            "mask": None if view.mask is None else blob(np.packbits(view.mask).tobytes()),
            "origins": None if view.origins is None else view.origins.round(3).tolist(),
        }
        for view in views
    ]
    return Payload({**header, "tracks": encoded_tracks, "views": encoded_views}, blobs)
