"""A song as it travels between the processes."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True)
class Song:
    """A chosen song, not yet decoded.

    Parameters
    ----------
    digest : str
        SHA-256 of the file's bytes.
    name : str
        Name of the file as its sender gave it; untrusted in file names and markup.
    content : bytes
        The file.
    title : str
        Title of an example or a recording; empty for an upload.
    """

    digest: str
    name: str
    content: bytes = field(repr=False, compare=False)
    title: str = ""
