"""A payload contains its input as the player reads it: little endian, blobs by place and size."""

from __future__ import annotations

import json
import struct
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from dashboard.player.wire_format import Track, View, encode

VALUES = hnp.arrays(np.float32, (4, 3), elements=st.floats(-1e4, 1e4, width=32))


def view(values: np.ndarray, shap: np.ndarray, mask: np.ndarray | None = None) -> View:
    rows = values.shape[1]
    return View(
        name="mel",
        label="Mel",
        values=values,
        shap=shap,
        limit=0.5,
        centre=np.zeros(rows),
        spread=np.ones(rows),
        names=[f"{row} Hz" for row in range(rows)],
        ticks={0: "low"},
        value="level {} dB",
        mask=mask,
    )


def unpack(data: bytes) -> tuple[dict[str, Any], bytes]:
    (length,) = struct.unpack("<I", data[:4])
    return json.loads(data[4 : 4 + length]), data[4 + length :]


@given(VALUES, VALUES, hnp.arrays(bool, (4, 3)))
def test_values_are_quantised_to_a_fraction_of_their_range(
    values: np.ndarray, shap: np.ndarray, mask: np.ndarray
) -> None:
    header, blobs = unpack(encode({}, [], [view(values, shap, mask)]).to_bytes())
    (encoded,) = header["views"]
    for name, expected in (("values", values), ("shap", shap)):
        place, size = header["blobs"][encoded[name]["blob"]]
        numbers = np.frombuffer(blobs[place : place + size], "<i2") * encoded[name]["step"]
        tolerance = np.abs(expected).max() / 60_000 + 1e-12
        np.testing.assert_allclose(numbers.reshape(4, 3), expected, atol=tolerance)
    place, size = header["blobs"][encoded["mask"]]
    bits = np.unpackbits(np.frombuffer(blobs[place : place + size], np.uint8))[:12]
    np.testing.assert_array_equal(bits.reshape(4, 3), mask)


def test_a_waveform_has_the_origins_of_its_columns() -> None:
    wave = replace(view(np.ones((3, 2)), np.zeros((3, 2))), origins=np.array([0.0, 1 / 3, 1.0]))
    views = encode({}, [], [wave, view(np.ones((3, 2)), np.zeros((3, 2)))]).header["views"]
    assert [each["origins"] for each in views] == [[0.0, 0.333, 1.0], None]


def test_tracks_with_equal_files_share_a_blob() -> None:
    tracks = [Track("a", "A", "1 %", b"abc"), Track("b", "B", "2 %", b"abc", "keep")]
    header, blobs = unpack(encode({"song": "x"}, tracks, []).to_bytes())
    assert header["song"] == "x"
    for track in header["tracks"]:
        place, size = header["blobs"][track["blob"]]
        assert blobs[place : place + size] == b"abc"
    assert len({track["blob"] for track in header["tracks"]}) == 1
    assert [track["part"] for track in header["tracks"]] == [None, "keep"]


def test_a_header_with_nan_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        encode({"duration_s": float("nan")}, [], []).to_bytes()


def test_blobs_of_other_payloads_are_named_but_not_included() -> None:
    payload = encode({}, [Track("a", "A", "", b"abc"), Track("b", "B", "", b"defg")], [])
    first, second = (track["blob"] for track in payload.header["tracks"])
    header, blobs = unpack(payload.to_bytes({second}))
    assert header["blobs"] == {second: [0, 4]}
    assert blobs == b"defg"
    assert [track["blob"] for track in header["tracks"]] == [first, second]
