"""The 57 numbers about half a minute of music that a public table gives for every GTZAN track.

The table (``features_30_sec.csv``, published with the collection's most used copy) holds means and
variances of what librosa measures. `song_features` measures the same of any recording, so that a
model fitted on the table can be asked about any song.
"""

from __future__ import annotations

import csv
from pathlib import Path

import librosa
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
    *(f"{name}_{what}" for name in MEASURED for what in ("mean", "var")),
    "tempo",
    *(f"mfcc{number}_{what}" for number in range(1, N_MFCC + 1) for what in ("mean", "var")),
)
SPOKEN = {
    "chroma_stft": "chroma",
    "rms": "level",
    "spectral_centroid": "centroid",
    "spectral_bandwidth": "bandwidth",
    "rolloff": "roll-off",
    "zero_crossing_rate": "zero crossings",
    "harmony": "tones",
    "perceptr": "beats",
}  # as people say it
# What today's librosa measures as the table's did: all but the tempo.
STABLE = tuple(column for column in COLUMNS if column != "tempo")


def readable_name(column: str) -> str:
    """Return a column's name as people say it: ``"MFCC 4, mean"``, ``"chroma, variance"``."""
    what, _, statistic = column.rpartition("_")
    name = SPOKEN.get(what, what.replace("mfcc", "MFCC "))
    return f"{name}, {'mean' if statistic == 'mean' else 'variance'}"


def stable_features(features: np.ndarray) -> np.ndarray:
    """Return the columns `STABLE` of features ``(..., 57)``."""
    return np.delete(features, COLUMNS.index("tempo"), axis=-1)


def song_features(samples: np.ndarray) -> np.ndarray:
    """Return the numbers of a recording.

    Parameters
    ----------
    samples : np.ndarray [shape=(n,), dtype=float32]
        At 22 050 Hz; the table's are half a minute long.

    Returns
    -------
    np.ndarray [shape=(57,), dtype=float64]
        In the order of `COLUMNS`.
    """
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
    numbers = [figure for rows in measured for figure in (rows.mean(), rows.var())]
    numbers.append(float(np.ravel(tempo)[0]))
    numbers += [figure for row in mfcc for figure in (row.mean(), row.var())]
    return np.array(numbers, dtype=np.float64)


def read_table(file: Path) -> tuple[tuple[str, ...], np.ndarray, np.ndarray]:
    """Read the public table.

    Parameters
    ----------
    file : Path
        CSV with a header; columns that are not known here are passed over.

    Returns
    -------
    names : tuple of str
        Tracks, ``genre.number``.
    features : np.ndarray [shape=(tracks, 57), dtype=float64]
        In the order of `COLUMNS`.
    labels : np.ndarray [shape=(tracks,), dtype=int]
        Indices of the genres.

    Raises
    ------
    DatasetError
        If the file is no such table.
    """
    try:
        with open(file, encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
        names = tuple(row["filename"].removesuffix(".wav") for row in rows)
        features = np.array([[float(row[column]) for column in COLUMNS] for row in rows])
        labels = np.array([GENRES.index(row["label"]) for row in rows])
    except (OSError, KeyError, ValueError) as error:
        raise DatasetError(
            f"{file.name} is not the table of 57 features ({error}). Give features_30_sec.csv."
        ) from error
    return names, features, labels
