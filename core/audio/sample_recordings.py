"""Free recordings of music that librosa offers: downloaded when asked for, checked, then kept.

The digests are pinned by the installed librosa; pooch compares them and keeps the files in the
user's cache folder.
"""

from __future__ import annotations

from pathlib import Path

RECORDINGS = {
    "brahms": "Brahms, Hungarian Dance No. 5",
    "choice": "Admiral Bob, Choice (drum and bass)",
    "fishin": "Karissa Hobbs, Let's Go Fishin'",
    "nutcracker": "Tchaikovsky, Dance of the Sugar Plum Fairy",
    "pistachio": "The Piano Lady, Pistachio Ice Cream Ragtime",
    "sweetwaltz": "Setuniman, Sweet Waltz",
    "trumpet": "Mihai Sorohan, Trumpet loop",
    "vibeace": "Kevin MacLeod, Vibe Ace",
}


def download_recording(name: str) -> Path:
    """Return the file of a recording, after its download if it is not there yet.

    Parameters
    ----------
    name : str
        One of `RECORDINGS`.

    Returns
    -------
    Path
        An audio file whose digest is the pinned one.

    Raises
    ------
    AudioError
        If there is no such recording, or it cannot be downloaded.
    """
    from core.audio.io import AudioError

    if name not in RECORDINGS:
        raise AudioError(f"There is no recording {name!r}; choose {', '.join(RECORDINGS)}.")
    import librosa

    try:
        return Path(librosa.ex(name, hq=True))
    except (OSError, ValueError) as error:  # no connection, or another file than the pinned one
        raise AudioError(
            f"{RECORDINGS[name]} could not be downloaded. Check the connection, or choose a song "
            "of your own."
        ) from error
