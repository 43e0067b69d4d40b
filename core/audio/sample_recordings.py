"""Sample recordings: free music from librosa's collection, downloaded on request.

The installed librosa pins their digests. Pooch verifies each download and stores it in the user's
cache folder.
"""

from __future__ import annotations

from pathlib import Path

from core.errors import AudioError

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
    """Download a recording, or find it in the cache.

    Parameters
    ----------
    name : str
        One of `RECORDINGS`.

    Returns
    -------
    Path
        Audio file, verified by its digest.

    Raises
    ------
    AudioError
        If the name is unknown or the download fails.
    """
    if name not in RECORDINGS:
        raise AudioError(f"Unknown recording {name!r}. Choose one of: {', '.join(RECORDINGS)}.")
    import librosa

    try:
        return Path(librosa.ex(name, hq=True))
    except (OSError, ValueError) as error:  # no connection, or a file with another digest
        raise AudioError(
            f"{RECORDINGS[name]} could not be downloaded. Check the internet connection, or choose "
            "another song."
        ) from error
