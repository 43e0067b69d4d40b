"""Model cards that are not what they should be: each entry changes an intact card."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Change = Callable[[dict[str, Any]], None]
DEEP = 200_000  # levels; Python's parser gives up at a thousand


def entry(*path: str, value: Any) -> Change:
    """Set one entry of a card, whose keys from the outermost to the innermost are given."""

    def change(card: dict[str, Any]) -> None:
        for key in path[:-1]:
            card = card[key]
        card[path[-1]] = value

    return change


def without(*path: str) -> Change:
    """Remove one entry."""

    def change(card: dict[str, Any]) -> None:
        for key in path[:-1]:
            card = card[key]
        del card[path[-1]]

    return change


# Cards that are JSON.
CHANGES: dict[str, Change] = {
    "null standardisation": entry("standardisation", value=None),
    "standardisation as a list": entry("standardisation", value=[0.0] * 13),
    "one mean instead of thirteen": entry("standardisation", "mean", value=[0.0]),
    "means as texts": entry("standardisation", "mean", value=["0"] * 13),
    "a nested list of means": entry("standardisation", "mean", value=[[[0.0]]] * 13),
    "a scale of zero": entry("standardisation", "scale", value=[0.0] * 13),
    "negative scales": entry("standardisation", "scale", value=[-1.0] * 13),
    "enormous scales": entry("standardisation", "scale", value=[1e300] * 13),
    "no standardisation": without("standardisation"),
    "null features": entry("features", value=None),
    "features as a number": entry("features", value=7),
    "a hop length of zero": entry("features", "hop_length", value=0),
    "a negative window": entry("features", "n_fft", value=-2048),
    "a hop length of 10^40": entry("features", "hop_length", value=10**40),
    "a billion mel bands": entry("features", "n_mels", value=10**9),
    "a billion frames": entry("features", "segment_frames", value=10**9),
    "a sampling rate as text": entry("features", "sample_rate", value="22050"),
    "true as a number": entry("features", "n_mfcc", value=True),
    "frames as a fraction": entry("features", "segment_frames", value=72.0),
    "a range of -80 dB": entry("features", "top_db", value=-80.0),
    "more MFCCs than mel bands": entry("features", "n_mfcc", value=200),
    "an unknown feature": entry("features", "window", value="hann"),
    "no name": without("name"),
    "a name that leaves the folder": entry("name", value="../../etc/cron.d/x"),
    "a name with a line break": entry("name", value="cnn\n\x1b[2J"),
    "a name as a list": entry("name", value=["cnn"]),
    "an empty name": entry("name", value=""),
    "null genres": entry("genres", value=None),
    "genres as one text": entry("genres", value="blues classical"),
    "one genre": entry("genres", value=["blues"]),
    "a genre twice": entry("genres", value=["blues"] * 10),
    "genres with markup": entry("genres", value=["<img src=x onerror=alert(1)>", "rock"]),
    "too many genres": entry("genres", value=[f"genre {index}" for index in range(20_000)]),
    "null weights": entry("weights", value=None),
    "weights in a parent folder": entry("weights", "file", value="../../secret.keras"),
    "weights at an absolute path": entry("weights", "file", value="/etc/passwd"),
    "weights with a null character": entry("weights", "file", value="cnn\0.keras"),
    "weights as a device of Windows": entry("weights", "file", value="C:cnn.keras"),
    "weights on another host": entry("weights", "file", value="hf://somebody/model.keras"),
    "digest as a list": entry("weights", "sha256", value=[]),
    "background in a parent folder": entry("background", "file", value="..\\background.npz"),
    "background as a number": entry("background", value=3.0),
    "novelty as text": entry("novelty", value="../x"),
    "a temperature of zero": entry("temperature", value=0),
    "a temperature as an object": entry("temperature", value={"$ref": "#"}),
    "scores as a list": entry("metrics", value=[1, 2]),
    "an accuracy as text": entry("metrics", "test", "song", "accuracy", value="1.0"),
    "an accuracy of 900 %": entry("metrics", "test", "song", "accuracy", value=9.0),
    "an interval of one number": entry("metrics", "test", "song", "interval", value=[0.5]),
    "a history of texts": entry("training", value={"history": {"train": ["<script>"]}}),
    "genre sets as a number": entry("genre_sets", value=0.5),
    "features that are unknown": entry("reads", value="__import__('os').system('id')"),
    "features as a list": entry("reads", value=["vectors"]),
    "a title as an object": entry("title", value={"__class__": "os"}),
}

# Cards that are not even JSON, or not a dictionary.
CONTENTS: dict[str, bytes] = {
    "an empty file": b"",
    "half a card": b'{"name": "cnn", "genres": [',
    "a list": b"[]",
    "null": b"null",
    "a number": b"1e999",
    "lists in lists": b"[" * DEEP,
    "lists in lists, closed": b'{"genres": ' + b"[" * DEEP + b"]" * DEEP + b"}",
    "objects in objects": b'{"genres":' * DEEP + b"1" + b"}" * DEEP,
    "a number of 5000 digits": b'{"genres": ' + b"9" * 5000 + b"}",
    "infinity": b'{"genres": [], "name": Infinity}',
    "not a number": b'{"genres": [], "temperature": NaN}',
    "invalid UTF-8": b'{"name": "\xff\xfe"}',
    "UTF-16": '{"name": "cnn"}'.encode("utf-16"),
    "a pickle": b"\x80\x04\x95\x1d\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system\x94",
    "seven megabytes": b'{"genres": [' + b"0," * 3_500_000 + b"0]}",
    "a null character": b'{"genres": []}\0',
}
