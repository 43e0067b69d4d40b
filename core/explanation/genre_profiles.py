"""Genre profiles: mean SHAP values by coefficient, mel band and time, over many songs.

Each genre is explained on segments of songs of this genre. The profile therefore shows the
evidence for and against correct predictions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from core.explanation.attribution import Output, shap_values
from core.models.archives import load_arrays
from core.models.spectrogram_models import SpectrogramModel
from core.storage import replacing

SUFFIX = ".profiles.npz"  # beside the model's card


@dataclass(frozen=True, eq=False)
class GenreProfiles:
    """Mean SHAP values of segments, one row for each genre, in units of its probability.

    Parameters
    ----------
    signed_coefficients, signed_bands, signed_frames : np.ndarray, float32
        Shapes ``(genres, n_mfcc)``, ``(genres, n_mels)`` and ``(genres, segment_frames)``: the sum
        over the rest of the segment, evidence for the genre positive. Each has the same row sums.
    coefficients, bands, frames : np.ndarray, float32
        Sums of the absolute SHAP values: the importance of each row's parts, whatever the sign.
    segments : np.ndarray [shape=(genres,), dtype=int]
        Number of segments for each row.
    """

    signed_coefficients: np.ndarray
    signed_bands: np.ndarray
    signed_frames: np.ndarray
    coefficients: np.ndarray
    bands: np.ndarray
    frames: np.ndarray
    segments: np.ndarray


def genre_profiles(
    model: SpectrogramModel,
    logmel_db: np.ndarray,
    labels: np.ndarray,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> GenreProfiles:
    """Explain segments for their true genres, and average.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    logmel_db : np.ndarray [shape=(n, segment_frames, n_mels)]
        Segments in dB relative to their songs' maxima, of songs outside the training set.
    labels : np.ndarray [shape=(n,), dtype=int]
        Indices of their true genres.
    progress : callable
        Called as ``progress(done, total)`` after each segment.

    Returns
    -------
    GenreProfiles
        Rows of genres without a segment are zero.
    """
    parameters = model.parameters
    widths = {
        "coefficients": parameters.n_mfcc,
        "bands": parameters.n_mels,
        "frames": parameters.segment_frames,
    }
    sums = {
        sign + name: np.zeros((len(model.genres), width))
        for name, width in widths.items()
        for sign in ("", "signed_")
    }
    counts = np.zeros(len(model.genres), dtype=int)
    for genre in np.unique(labels):
        for mfcc, mel, _ in shap_values(model, Output(int(genre)), logmel_db[labels == genre]):
            views = {"coefficients": mfcc, "bands": mel, "frames": mfcc.T}
            for name, values in views.items():
                sums["signed_" + name][genre] += values.sum(axis=0)
                sums[name][genre] += np.abs(values).sum(axis=0)
            counts[genre] += 1
            progress(int(counts.sum()), len(labels))
    shares = 1 / np.maximum(counts, 1)[:, np.newaxis]
    return GenreProfiles(
        **{name: (values * shares).astype(np.float32) for name, values in sums.items()},
        segments=counts,
    )


def save_profiles(profiles: GenreProfiles, path: Path) -> None:
    """Write profiles to an npz file, atomically."""
    with replacing(path) as temporary:
        np.savez_compressed(temporary, **asdict(profiles))


def load_profiles(path: Path) -> GenreProfiles:
    """Load the profiles that `save_profiles` wrote.

    Parameters
    ----------
    path : Path
        The file.

    Returns
    -------
    GenreProfiles
        The profiles.

    Raises
    ------
    ModelError
        If the file is missing or damaged.
    """
    return GenreProfiles(**load_arrays(path, tuple(GenreProfiles.__annotations__), "a profile"))
