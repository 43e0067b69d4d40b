"""Soft genre labels for training segments, from the tags of a pretrained teacher network.

The teacher is MSD-musicnn (Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks
for music audio tagging"), pretrained on about 200 000 songs; it predicts fifty tags for every
second. A small classifier learns the genres from the tags of the training tracks. Its genre
probabilities for tracks *by other artists* than those that it was fitted on are the soft labels. A
student network generalises better from soft labels than from hard ones (Hinton et al. 2015,
"Distilling the knowledge in a neural network"). The student's input consists of MFCCs alone, in
training as in use.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import FOLDS, Segments, artist_groups
from core.training.small_data import enough_data

INVERSE_REGULARISATION = 0.003  # `C` of the logistic regression
LOWEST_PROBABILITY = 1e-3  # added to tag probabilities before the logarithm


def soft_labels(
    taggrams: np.ndarray, tracks: TrackSet, segments: Segments, seed: int = 0
) -> np.ndarray:
    """Compute soft genre labels by cross-validation over the tracks of a training set.

    Parameters
    ----------
    taggrams : np.ndarray [shape=(tracks, windows, tags), range=[0, 1]]
        Tags of the tracks, see `core.data.taggrams.read_taggrams`.
    tracks : TrackSet
        Tracks.
    segments : Segments
        Training set; tracks without a segment in it are not used.
    seed : int
        Seed of the cross-validation.

    Returns
    -------
    np.ndarray [shape=(tracks, windows, 10), dtype=float32, range=[0, 1]]
        Genre probabilities of each window, from a classifier fitted on other artists. NaN for the
        other tracks, and for all tracks if no genre has as many tracks as there are folds.
    """
    labels = np.full((*taggrams.shape[:2], len(GENRES)), np.nan, dtype=np.float32)
    trained = np.unique(segments.track)
    known = trained[~np.isnan(taggrams[trained, 0, 0])]
    n_windows = taggrams.shape[1]
    if np.bincount(tracks.labels[known], minlength=1).max() < FOLDS:
        return labels
    tags = np.log(taggrams[known] + LOWEST_PROBABILITY)
    track_mean = np.broadcast_to(tags.mean(axis=1, keepdims=True), tags.shape)
    features = np.concatenate([tags, track_mean], axis=2)
    n_features = features.shape[2]
    genres = tracks.labels[known]
    splitter = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for fitted, predicted in splitter.split(known, genres, artist_groups(tracks)[known]):
        classifier = make_pipeline(
            StandardScaler(), LogisticRegression(C=INVERSE_REGULARISATION, max_iter=300)
        )
        with enough_data("The classifier of the tags"):
            classifier.fit(
                features[fitted].reshape(-1, n_features), genres[fitted].repeat(n_windows)
            )
        found = classifier.predict_proba(features[predicted].reshape(-1, n_features))
        probabilities = np.zeros((len(found), len(GENRES)), dtype=np.float32)
        probabilities[:, classifier.classes_] = found
        labels[known[predicted]] = probabilities.reshape(len(predicted), n_windows, len(GENRES))
    return labels
