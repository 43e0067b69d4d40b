"""Payload of the versions: a track and a view of the same name for each order."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.player.versions import payload_of_versions, title_of
from dashboard.services.experiments import BACKWARDS, ORIGINAL, EvidenceInTime, Version
from dashboard.services.songs import song_from_bytes

FRAMES = 6
FRAME_S = 0.0415


def version(name: str) -> Version:
    """A version without sound."""
    columns = 8 * FRAMES
    return Version(
        name,
        name.encode(),
        {"cnn": np.array([0.1, 0.9]), "cnn_lstm": np.array([0.8, 0.2])},
        np.tile(np.array([-0.5, 0.5]), (columns, 1)),
        np.linspace(0, 1, columns),
    )


def timing(frames: int) -> EvidenceInTime:
    """Evidence that rises from frame to frame."""
    return EvidenceInTime(np.arange(1.0, frames + 1), 0.3, 0.2, FRAME_S, True, (0.0,), 0.5, 0.01)


@pytest.mark.parametrize("dark", [False, True])
def test_only_the_original_order_has_masses_below_its_waveform(dark: bool) -> None:
    payload = payload_of_versions(
        song_from_bytes(b"song", "my song.wav"),
        2,
        [version(ORIGINAL), version("4"), version(BACKWARDS)],
        {"cnn": timing(FRAMES), "cnn_lstm": timing(2 * FRAMES)},
        "cnn",
        "hiphop",
        1,
        22_050,
        dark=dark,
    )
    header = payload.header
    names = [ORIGINAL, "4", BACKWARDS]
    assert [track["name"] for track in header["tracks"]] == names
    assert [view["name"] for view in header["views"]] == names
    assert [track["label"] for track in header["tracks"]] == ["In order", "166 ms", "Reversed"]
    assert header["tracks"][0]["note"] == "90\u202f% / 20\u202f%"
    assert header["duration_s"] == pytest.approx(FRAMES * FRAME_S)
    assert header["segment"] == [0.0, header["duration_s"]]
    assert "hip-hop" in header["scope"]
    shap = [
        np.frombuffer(payload.blobs[view["shap"]["blob"]], dtype="<i2") * view["shap"]["step"]
        for view in header["views"]
    ]
    original = shap[0].reshape(8 * FRAMES, 2)
    np.testing.assert_allclose(original[::8, 0], np.arange(1, FRAMES + 1), atol=1e-3)
    np.testing.assert_allclose(original[::4, 1], np.arange(1, 2 * FRAMES + 1), atol=1e-3)
    assert header["views"][0]["spread"] == [FRAMES, 2 * FRAMES]
    assert not shap[1].any()
    assert len(header["views"][1]["origins"]) == 8 * FRAMES


def test_titles_of_versions_are_lengths() -> None:
    assert title_of("36", FRAME_S) == "1.5 s"
    assert title_of("1", FRAME_S) == "42 ms"
