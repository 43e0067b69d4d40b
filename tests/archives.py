"""Small synthetic training data: an archive of log-mel spectrograms and a folder of recordings."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import soundfile

from core.constants import GENRES, N_MELS, SAMPLE_RATE
from core.data.gtzan import TrackSet, gtzan_index, read_archive


def archive(file: Path, track_ids: list[str], n_frames: int = 150, seed: int = 0) -> Path:
    """Write an archive whose genres have their energy in different mel bands."""
    generator = np.random.default_rng(seed)
    bands = np.arange(N_MELS)
    quanta = []
    for name in track_ids:
        centre = 6 + 12 * GENRES.index(name.split(".")[0])
        tone = 150 * np.exp(-(((bands - centre) / 12) ** 2))
        noise = generator.integers(0, 60, size=(N_MELS, n_frames))
        quanta.append((tone[:, np.newaxis] + noise).astype(np.uint8))
    np.savez(
        file,
        q=np.stack(quanta),
        track_id=np.array(track_ids),
        vmin_db=np.full(len(track_ids), -80, dtype=np.float32),
    )
    return file


def some_track_ids(per_subset: int = 2) -> list[str]:
    """List GTZAN names of every genre from every set of the artist split."""
    taken: dict[tuple[str, str], int] = {}
    names = []
    for name, entry in gtzan_index().items():
        key = (name.split(".")[0], entry.artist_split)
        if taken.setdefault(key, 0) < per_subset:
            taken[key] += 1
            names.append(name)
    return names


def track_set(folder: Path, per_subset: int = 2) -> TrackSet:
    """Build a track set from the archive of `some_track_ids`."""
    return read_archive(archive(folder / "logmel.npz", some_track_ids(per_subset)))


def audio_folder(folder: Path, per_genre: int = 2, duration_s: float = 4.0) -> Path:
    """Write recordings ``genre/track.wav``: a noisy tone, of another frequency for each genre."""
    generator = np.random.default_rng(0)
    time = np.arange(int(duration_s * SAMPLE_RATE)) / SAMPLE_RATE
    for label, genre in enumerate(GENRES):
        (folder / genre).mkdir(parents=True)
        for number in range(per_genre):
            samples = 0.3 * np.sin(2 * np.pi * (200 + 300 * label) * time)
            samples += 0.01 * generator.normal(size=len(time))
            soundfile.write(folder / genre / f"{genre}.{number:05}.wav", samples, SAMPLE_RATE)
    return folder
