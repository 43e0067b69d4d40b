"""What the player is given: a header, and the blobs that it names by their digests.

As bytes, a pack begins with the length of the header (32 bits, little endian), then comes the
header as JSON, then blobs. The header's `blobs` tells offset, after the header, and size of each
blob that is there; others travel in packs of their own, so that what stays the same is not sent
again. Numbers of spectrograms are 16-bit integers, to be multiplied by a step.
"""

from __future__ import annotations

import hashlib
import json
import struct
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

LARGEST = 32_767  # of a 16-bit integer


@dataclass(frozen=True)
class Track:
    """Something to hear.

    Parameters
    ----------
    name : str
        What identifies it.
    label, note : str
        What it is called, and a figure beside it.
    file : bytes
        Compressed audio.
    leave : {"keep", "remove"} or None
        Which cells of the picture it plays: those of the mask, the others, or all.
    start_s : float
        Where in the song it begins; there is silence before it, and after it.
    """

    name: str
    label: str
    note: str
    file: bytes
    leave: str | None = None
    start_s: float = 0.0


@dataclass(frozen=True)
class View:
    """A spectrogram with evidence.

    Parameters
    ----------
    name, label : str
        What identifies it, and what it is called.
    values : np.ndarray [shape=(frames, rows)]
        What is drawn in grey and read out.
    shap : np.ndarray [shape=(frames, rows)]
        SHAP values; zero where there are none.
    limit : float > 0
        SHAP value of the strongest colour.
    centre, spread : np.ndarray [shape=(rows,)]
        Value of the middle grey of each row, and range from the darkest to the brightest.
    names : sequence of str
        Names of the rows.
    ticks : dict of int to str
        Rows with a label on the axis.
    value : str
        Name and unit of a value, as in ``"level {} dB"``.
    mask : np.ndarray [shape=(frames, rows), dtype=bool], optional
        The cells that count as important.
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


@dataclass(frozen=True)
class Pack:
    """Everything that the player shows and plays.

    Parameters
    ----------
    header : dict
        What is no blob; tracks and views name their blobs by digest.
    blobs : dict of bytes
        By digest.
    """

    header: dict[str, Any]
    blobs: dict[str, bytes]

    def to_bytes(self, digests: Collection[str] | None = None) -> bytes:
        """Return the header with these blobs, by default with all of them."""
        inside = {
            digest: blob
            for digest, blob in self.blobs.items()
            if digests is None or digest in digests
        }
        places, offset = {}, 0
        for digest, blob in inside.items():
            places[digest] = [offset, len(blob)]
            offset += len(blob)
        text = json.dumps({**self.header, "blobs": places}, allow_nan=False).encode()
        return b"".join([struct.pack("<I", len(text)), text, *inside.values()])


def pack(header: dict[str, Any], tracks: Sequence[Track], views: Sequence[View]) -> Pack:
    """Return everything that the player shows and plays.

    Parameters
    ----------
    header : dict
        Entries of the header that are no blobs.
    tracks : sequence of Track
        What can be heard, at least one.
    views : sequence of View
        Pictures to choose from, at least one.

    Returns
    -------
    Pack
        The pack.
    """
    blobs: dict[str, bytes] = {}

    def blob(content: bytes) -> str:
        digest = hashlib.sha256(content).hexdigest()
        blobs[digest] = content
        return digest

    def numbers(values: np.ndarray) -> dict[str, Any]:
        step = float(np.abs(values).max(initial=0)) / LARGEST or 1.0
        return {"step": step, "blob": blob(np.rint(values / step).astype("<i2").tobytes())}

    packed_tracks = [
        {
            "name": track.name,
            "label": track.label,
            "note": track.note,
            "leave": track.leave,
            "start_s": track.start_s,
            "blob": blob(track.file),
        }
        for track in tracks
    ]
    packed_views = [
        {
            "name": view.name,
            "label": view.label,
            "frames": view.values.shape[0],
            "rows": view.values.shape[1],
            "values": numbers(view.values),
            "shap": numbers(view.shap),
            "limit": view.limit,
            "centre": view.centre.tolist(),
            "spread": view.spread.tolist(),
            "names": list(view.names),
            "ticks": list(view.ticks.items()),
            "value": view.value,
            "mask": None if view.mask is None else blob(np.packbits(view.mask).tobytes()),
        }
        for view in views
    ]
    return Pack({**header, "tracks": packed_tracks, "views": packed_views}, blobs)
