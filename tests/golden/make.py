"""Compute the golden features again, after an intended change: ``python -m tests.golden.make``."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.features.spectrogram import FeatureParameters, logmel, mfcc_from_logmel, split_segments
from tests.synthetic import song_samples

GOLDEN = Path(__file__).parent / "little_song.npz"
DURATION_S = 5.0  # one full segment and one padded with silence


def features() -> dict[str, np.ndarray]:
    """Compute the features of the golden song.

    Returns
    -------
    dict of np.ndarray
        `logmel`, ``shape=(2, 72, 128)``, and `mfcc`, ``shape=(2, 72, 13)``.
    """
    parameters = FeatureParameters()
    spectrogram = logmel(song_samples(DURATION_S), parameters)
    segments = split_segments(spectrogram, parameters)
    return {"logmel": segments, "mfcc": mfcc_from_logmel(segments)}


if __name__ == "__main__":
    arrays = features()
    np.savez_compressed(GOLDEN, logmel=arrays["logmel"], mfcc=arrays["mfcc"])
