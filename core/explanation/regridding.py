"""Regridding: evidence of one network on another's grid of frames and bands, for comparison.

Each target cell receives the share of every source cell that overlaps it, in time and in frequency.
The sum inside both grids is preserved, so SHAP values still add up.
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
        Parameters of the features.
    start_s : float
        Beginning of the segment, in seconds of the song.
    """

    parameters: FeatureParameters
    start_s: float


def _band_edges(parameters: FeatureParameters) -> np.ndarray:
    """Compute the borders between the mel bands in Hz, ``(n_mels + 1,)``."""
    centres = band_frequencies(parameters)
    between = (centres[1:] + centres[:-1]) / 2
    return np.concatenate([[0.0], between, [parameters.sample_rate / 2]])


def _shares(source: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Compute the share of each source cell in each target cell, ``(target, source)``.

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
    """Distribute the values of a segment over the grid of another network's segment.

    Parameters
    ----------
    values : np.ndarray [shape=(segment_frames, n_mels)]
        SHAP values, on the grid of `source`.
    source, target : Grid
        The grids.

    Returns
    -------
    np.ndarray [shape=(segment_frames, n_mels), dtype=float32]
        Values on the grid of `target`; zero outside `source`.
    """
    time = _shares(_frame_edges(source), _frame_edges(target))
    bands = _shares(_band_edges(source.parameters), _band_edges(target.parameters))
    return (time @ values @ bands.T).astype(np.float32)


def overlapping_frames(filled: int, source: Grid, target: Grid) -> np.ndarray:
    """Find the frames of a grid in which another grid covers the song as well.

    Parameters
    ----------
    filled : int
        Number of frames of the source's segment that lie within the song.
    source, target : Grid
        The grids.

    Returns
    -------
    np.ndarray [shape=(segment_frames,), dtype=bool]
        Whether most of each target frame lies within these frames of the source.
    """
    edges = _frame_edges(source)[[0, filled]]
    frames = _frame_edges(target)
    inside = np.minimum(frames[1:], edges[1]) - np.maximum(frames[:-1], edges[0])
    return inside > np.diff(frames) / 2


def correlation(first: np.ndarray, second: np.ndarray) -> float:
    """Compute Pearson's correlation of two arrays; zero if one is constant."""
    one, other = (np.ravel(each).astype(np.float64) for each in (first, second))
    if not len(one) or one.std() == 0 or other.std() == 0:
        return 0.0
    return float(np.corrcoef(one, other)[0, 1])
