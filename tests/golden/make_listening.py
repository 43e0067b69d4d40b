"""Compute the golden masked song again: ``python -m tests.golden.make_listening``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.audio.io import Audio
from core.listening.filtering import listen
from tests.synthetic import song_samples
from tests.synthetic_explanation import synthetic_explanation

GOLDEN = Path(__file__).parent / "masked_song.npz"
EVERY = 97  # samples: enough to reveal any change of level, delay or spectrum


def masked_songs() -> dict[str, np.ndarray]:
    """Filter the golden song down to its important regions, and to the others.

    Returns
    -------
    dict of np.ndarray
        `kept` and `removed`, every 97th sample of five seconds.
    """
    song = Audio(song_samples(5.0))
    bands, frames = np.arange(128), np.arange(72)[:, np.newaxis]
    evidence = np.sin(bands / 9 + frames / 12)  # smooth, so that rounding cannot reorder the cells
    explanation = synthetic_explanation(song, evidence=np.stack([evidence, -evidence]))
    return {
        "kept": listen(song, explanation, keep=0.3, mode="keep").samples[::EVERY],
        "removed": listen(song, explanation, keep=0.3, mode="remove").samples[::EVERY],
    }


if __name__ == "__main__":
    songs = masked_songs()
    np.savez_compressed(GOLDEN, kept=songs["kept"], removed=songs["removed"])
