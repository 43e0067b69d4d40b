"""A small, weighted background: the few training segments that an explanation compares with.

The segments are the medoids of clusters, found genre by genre in the space of each segment's MFCC
means and deviations, and weighted by the share of the training data that each cluster holds.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments
from core.features.spectrogram import mfcc_from_logmel
from core.models.feature_models import FeatureBackground
from core.models.spectrogram_models import SpectrogramBackground

PER_GENRE = 3  # medoids a genre


def medoids(points: np.ndarray, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the points nearest to the centres of clusters, and what part of all each stands for.

    Parameters
    ----------
    points : np.ndarray [shape=(n, dimensions)]
        What is clustered.
    count : int
        Most clusters.
    seed : int
        Seed of the clustering.

    Returns
    -------
    places : np.ndarray [shape=(clusters,), dtype=int]
        Indices of the medoids.
    shares : np.ndarray [shape=(clusters,)]
        Share of the points in each cluster; they sum to one.
    """
    clusters = KMeans(min(count, len(points)), n_init=4, random_state=seed).fit(points)
    places, shares = [], []
    for centre, centroid in enumerate(clusters.cluster_centers_):
        inside = np.flatnonzero(clusters.labels_ == centre)
        places.append(inside[np.linalg.norm(points[inside] - centroid, axis=1).argmin()])
        shares.append(len(inside) / len(points))
    return np.array(places), np.array(shares)


def choose_background(
    tracks: TrackSet,
    segments: Segments,
    scale: np.ndarray,
    seed: int = 0,
    per_genre: int = PER_GENRE,
) -> SpectrogramBackground:
    """Choose the background of a model from its training side.

    Parameters
    ----------
    tracks : TrackSet
        The tracks.
    segments : Segments
        Training side of the split.
    scale : np.ndarray [shape=(n_mfcc,)]
        Standardisation's scale per coefficient.
    seed : int
        Seed of the clustering.
    per_genre : int
        Most segments a genre.

    Returns
    -------
    SpectrogramBackground
        Medoids of each genre's clusters; weights sum to one.
    """
    length = tracks.parameters.segment_frames
    chosen: list[np.ndarray] = []
    weights: list[float] = []
    for label in range(len(GENRES)):
        members = segments.where(tracks.labels[segments.track] == label)
        if not len(members):
            continue
        cuts = np.stack(
            [
                tracks.logmel(track)[start : start + length]
                for track, start in zip(members.track, members.start, strict=True)
            ]
        )
        mfcc = mfcc_from_logmel(cuts, len(scale)) / scale
        points = np.concatenate([mfcc.mean(axis=1), mfcc.std(axis=1)], axis=1)
        places, shares = medoids(points, per_genre, seed)
        chosen += [cuts[place] for place in places]
        weights += (shares * len(points) / len(segments)).tolist()
    return SpectrogramBackground(np.array(weights, dtype=np.float32), np.stack(chosen))


def choose_inputs(inputs: np.ndarray, labels: np.ndarray, seed: int = 0) -> FeatureBackground:
    """Choose the background of a model that reads numbers.

    Parameters
    ----------
    inputs : np.ndarray [shape=(n, …)]
        The training side.
    labels : np.ndarray [shape=(n,), dtype=int]
        Genres.
    seed : int
        Seed of the clustering.

    Returns
    -------
    FeatureBackground
        Up to three segments a genre, medoids of clusters; every genre weighs the same.
    """
    points = inputs if inputs.ndim == 2 else inputs.mean(axis=1)
    points = (points - points.mean(axis=0)) / (points.std(axis=0) + 1e-6)
    chosen: list[int] = []
    weights: list[float] = []
    present = np.unique(labels)
    for label in present:
        members = np.flatnonzero(labels == label)
        places, shares = medoids(points[members], PER_GENRE, seed)
        chosen += members[places].tolist()
        weights += (shares / len(present)).tolist()
    return FeatureBackground(np.array(weights, dtype=np.float32), inputs[chosen].astype(np.float32))
