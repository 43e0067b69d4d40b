"""The published GTZAN feature table: 57 features of 30 seconds of each track.

The table (``features_30_sec.csv``, distributed with the most used copy of the collection) contains
means and variances of features computed with librosa. `song_features` computes the same features
for any recording, so that models trained on the table can classify any song.
"""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from core.constants import GENRES, SAMPLE_RATE
from core.errors import DatasetError

N_MFCC = 20
MEASURED = (
    "chroma_stft",
    "rms",
    "spectral_centroid",
    "spectral_bandwidth",
    "rolloff",
    "zero_crossing_rate",
    "harmony",
    "perceptr",
)
COLUMNS = (
    *(f"{name}_{statistic}" for name in MEASURED for statistic in ("mean", "var")),
    "tempo",
    *(
        f"mfcc{number}_{statistic}"
        for number in range(1, N_MFCC + 1)
        for statistic in ("mean", "var")
    ),
)
READABLE = {
    "chroma_stft": "chroma",
    "rms": "level",
    "spectral_centroid": "centroid",
    "spectral_bandwidth": "bandwidth",
    "rolloff": "roll-off",
    "zero_crossing_rate": "zero crossings",
    "harmony": "harmonic part",
    "perceptr": "percussive part",
}
# Features that the current librosa computes like the table's version: all except the tempo.
STABLE = tuple(column for column in COLUMNS if column != "tempo")


def readable_name(column: str) -> str:
    """Format a column's name for display, such as ``"MFCC 4, mean"`` or ``"chroma, variance"``."""
    quantity, _, statistic = column.rpartition("_")
    name = READABLE.get(quantity, quantity.replace("mfcc", "MFCC "))
    return f"{name}, {'mean' if statistic == 'mean' else 'variance'}"


def stable_features(features: np.ndarray) -> np.ndarray:
    """Select the columns `STABLE` of features ``(..., 57)``, which gives ``(..., 56)``."""
    return np.delete(features, COLUMNS.index("tempo"), axis=-1)


def song_features(samples: np.ndarray) -> np.ndarray:
    """Compute the 57 features of the table for a recording.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        Mono samples at 22 050 Hz; the recordings of the table are 30 s long.

    Returns
    -------
    np.ndarray [shape=(57,), dtype=float64]
        Features in the order of `COLUMNS`.
    """
    import librosa

    spectrum = np.abs(librosa.stft(samples))
    power = spectrum**2
    measured = [
        librosa.feature.chroma_stft(S=power, sr=SAMPLE_RATE),
        librosa.feature.rms(y=samples),
        librosa.feature.spectral_centroid(S=spectrum, sr=SAMPLE_RATE),
        librosa.feature.spectral_bandwidth(S=spectrum, sr=SAMPLE_RATE),
        librosa.feature.spectral_rolloff(S=spectrum, sr=SAMPLE_RATE),
        librosa.feature.zero_crossing_rate(samples),
        *librosa.effects.hpss(samples),
    ]
    onsets = librosa.onset.onset_strength(y=samples, sr=SAMPLE_RATE)
    tempo, _ = librosa.beat.beat_track(onset_envelope=onsets, sr=SAMPLE_RATE)
    mfcc = librosa.feature.mfcc(y=samples, sr=SAMPLE_RATE, n_mfcc=N_MFCC)
    features = [value for rows in measured for value in (rows.mean(), rows.var())]
    features.append(float(np.ravel(tempo)[0]))
    features += [value for row in mfcc for value in (row.mean(), row.var())]
    return np.array(features, dtype=np.float64)


def read_table(file: Path) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Read the published GTZAN feature table.

    Parameters
    ----------
    file : Path
        CSV file with a header; further columns are ignored.

    Returns
    -------
    names : tuple of str
        Names of the tracks, ``genre.number``.
    features : np.ndarray [shape=(tracks, 57), dtype=float64]
        Features in the order of `COLUMNS`.
    labels : np.ndarray [shape=(tracks,), dtype=int]
        Index of each track's genre in `core.constants.GENRES`.

    Raises
    ------
    DatasetError
        If the file cannot be read, lacks a column, or contains an unknown genre.
    """
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = tuple(row["filename"].removesuffix(".wav") for row in rows)
        features = np.array([[float(row[column]) for column in COLUMNS] for row in rows])
        labels = np.array([GENRES.index(row["label"]) for row in rows])
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{file.name} is not the published GTZAN feature table ({error}). "
            "Use features_30_sec.csv."
        ) from error
    return names, features, labels
