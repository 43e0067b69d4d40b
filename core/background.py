"""A small, weighted background: the few training segments that an explanation compares with.

The segments are the medoids of clusters, found genre by genre in the space of each segment's MFCC
means and deviations, and weighted by the share of the training data that each cluster holds.
"""

from __future__ import annotations

import numpy as np
from sklearn.cluster import KMeans

from core.constants import GENRES
from core.datasets import TrackSet
from core.features import mfcc_from_logmel
from core.models import Background
from core.splits import Segments

PER_GENRE = 3  # medoids a genre


def choose_background(
    tracks: TrackSet,
    segments: Segments,
    scale: np.ndarray,
    seed: int = 0,
    per_genre: int = PER_GENRE,
) -> Background:
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
    Background
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
        clusters = KMeans(min(per_genre, len(points)), n_init=4, random_state=seed).fit(points)
        for centre, centroid in enumerate(clusters.cluster_centers_):
            inside = np.flatnonzero(clusters.labels_ == centre)
            nearest = np.linalg.norm(points[inside] - centroid, axis=1).argmin()
            chosen.append(cuts[inside[nearest]])
            weights.append(len(inside) / len(segments))
    return Background(np.stack(chosen), np.array(weights, dtype=np.float32))


def choose_inputs(inputs: np.ndarray, labels: np.ndarray, seed: int = 0) -> Background:
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
    Background
        Up to three segments a genre, medoids of clusters; every genre weighs the same.
    """
    points = inputs if inputs.ndim == 2 else inputs.mean(axis=1)
    points = (points - points.mean(axis=0)) / (points.std(axis=0) + 1e-6)
    chosen: list[int] = []
    weights: list[float] = []
    present = np.unique(labels)
    for label in present:
        members = np.flatnonzero(labels == label)
        count = min(PER_GENRE, len(members))
        clusters = KMeans(count, n_init=4, random_state=seed).fit(points[members])
        for centre, centroid in enumerate(clusters.cluster_centers_):
            inside = members[clusters.labels_ == centre]
            chosen.append(int(inside[np.linalg.norm(points[inside] - centroid, axis=1).argmin()]))
            weights.append(len(inside) / len(members) / len(present))
    none = np.zeros((0, 0, 0), dtype=np.float32)
    return Background(none, np.array(weights, dtype=np.float32), inputs[chosen].astype(np.float32))
