"""Backgrounds: few, weighted training segments, the baseline of explanations.

The segments are the medoids of clusters that are found genre by genre. Each is weighted by the
share of the training set that its cluster contains.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel
from core.data.splits import Segments
from core.features.spectrogram import mfcc_from_logmel
from core.models.feature_models import FeatureBackground
from core.models.spectrogram_models import SpectrogramBackground

PER_GENRE = 3  # medoids


def medoids(points: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Find the points nearest to the centres of clusters.

    Parameters
    ----------
    points : np.ndarray [shape=(n, dimensions)]
        Points.
    count : int
        Maximum number of clusters.
    seed : int
        Seed of the clustering.

    Returns
    -------
    indices : np.ndarray [shape=(clusters,), dtype=int]
        Indices of the medoids.
    shares : np.ndarray [shape=(clusters,), range=[0, 1]]
        Share of the points in each cluster; they sum to one.
    """
    clusters = KMeans(min(count, len(points)), n_init=4, random_state=seed).fit(points)
    indices, shares = [], []
    for cluster, centre in enumerate(clusters.cluster_centers_):
        members = np.flatnonzero(clusters.labels_ == cluster)
        indices.append(members[np.linalg.norm(points[members] - centre, axis=1).argmin()])
        shares.append(len(members) / len(points))
    return np.array(indices), np.array(shares)


def choose_background(
    tracks: TrackSet,
    segments: Segments,
    scale: np.ndarray,
    seed: int = 0,
    per_genre: int = PER_GENRE,
) -> SpectrogramBackground:
    """Choose the background of a spectrogram model from its training set.

    Segments are clustered by means and deviations of their MFCCs.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    segments : Segments
        Training set.
    scale : np.ndarray [shape=(n_mfcc,)]
        Scale of the standardisation of each coefficient.
    seed : int
        Seed of the clustering.
    per_genre : int
        Maximum number of segments per genre.

    Returns
    -------
    SpectrogramBackground
        Medoids of each genre's clusters; weights sum to one.
    """
    chosen: list[np.ndarray] = []
    weights: list[float] = []
    for label in range(len(GENRES)):
        members = segments.where(tracks.labels[segments.track] == label)
        if not len(members):
            continue
        logmel = segment_logmel(tracks, members)
        mfcc = mfcc_from_logmel(logmel, len(scale)) / scale
        points = np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)], axis=1)
        indices, shares = medoids(points, per_genre, seed)
        chosen += [logmel[index] for index in indices]
        weights += (shares * len(points) / len(segments)).tolist()
    return SpectrogramBackground(np.array(weights, dtype=np.float32), np.stack(chosen))


def choose_feature_background(
    inputs: np.ndarray, labels: np.ndarray, seed: int = 0
) -> FeatureBackground:
    """Choose the background of a feature model from its training set.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, features) or (n, steps, features)]
        Features of the training set.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    seed : int
        Seed of the clustering.

    Returns
    -------
    FeatureBackground
        Up to three segments per genre, the medoids of clusters; all genres have the same weight.
    """
    points = inputs if inputs.ndim == 2 else inputs.mean(axis=1)
    points = (points - points.mean(axis=0)) / (points.std(axis=0) + 1e-6)
    chosen: list[int] = []
    weights: list[float] = []
    genres = np.unique(labels)
    for genre in genres:
        members = np.flatnonzero(labels == genre)
        indices, shares = medoids(points[members], PER_GENRE, seed)
        chosen += members[indices].tolist()
        weights += (shares / len(genres)).tolist()
    return FeatureBackground(np.array(weights, dtype=np.float32), inputs[chosen].astype(np.float32))
