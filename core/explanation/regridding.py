"""Evidence of one network on another's grid of frames and bands, so that the two can be compared.

Each cell of the target receives the share of every source cell that lies in it, in time and in
frequency. What is inside both grids keeps its sum, so SHAP values still add up to what they add up
to there.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from core.features.spectrogram import FeatureParameters, band_frequencies


class Grid(NamedTuple):
    """Frames and bands of one segment.

    Parameters
    ----------
    parameters : FeatureParameters
        How the features are computed.
    start_s : float
        When the segment begins, in seconds of the song.
    """

    parameters: FeatureParameters
    start_s: float


def _band_edges(parameters: FeatureParameters) -> np.ndarray:
    """Return where one band ends and the next begins, in Hz, ``(n_mels + 1,)``."""
    centres = band_frequencies(parameters)
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[0.0], between, [parameters.sample_rate / 2]])


def _shares(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return which share of each source cell lies in each target cell, ``(target, source)``.

    Cells are given by their ascending edges.
    """
    low = np.maximum(target[:-1, np.newaxis], source[np.newaxis, :-1])
    high = np.minimum(target[1:, np.newaxis], source[np.newaxis, 1:])
    return np.maximum(high - low, 0) / np.diff(source)


def _frame_edges(grid: Grid) -> np.ndarray:
    parameters = grid.parameters
    frame_s = parameters.hop_length / parameters.sample_rate
    return grid.start_s + frame_s * (np.arange(parameters.segment_frames + 1) - 0.5)


def regridded(values: np.ndarray, source: Grid, target: Grid) -> np.ndarray:
    """Return a segment's values on the grid of another network's segment.

    Parameters
    ----------
    values : np.ndarray [shape=(segment_frames, n_mels)]
        SHAP values, on the grid of `source`.
    source, target : Grid
        The grids.

    Returns
    -------
    np.ndarray [shape=(segment_frames, n_mels), dtype=float32]
        On the grid of `target`; zero where `source` heard nothing.
    """
    time = _shares(_frame_edges(source), _frame_edges(target))
    bands = _shares(_band_edges(source.parameters), _band_edges(target.parameters))
    return (time @ values @ bands.T).astype(np.float32)


def overlapping_frames(filled: int, source: Grid, target: Grid) -> np.ndarray:
    """Return in which frames of a grid the song is heard on another, too.

    Parameters
    ----------
    filled : int
        Frames of the source's segment that the song fills.
    source, target : Grid
        The grids.

    Returns
    -------
    np.ndarray [shape=(segment_frames,), dtype=bool]
        Of the target's frames, those that lie in the source's for the most part.
    """
    edges = _frame_edges(source)[[0, filled]]
    frames = _frame_edges(target)
    inside = np.minimum(frames[1:], edges[1]) - np.maximum(frames[:-1], edges[0])
    return inside > np.diff(frames) / 2


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Return Pearson's correlation of the values of two pictures; zero if one is level."""
    one, other = (np.ravel(each).astype(np.float64) for each in (first, second))
    if not len(one) or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
