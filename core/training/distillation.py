"""A teacher's opinion of each training second: soft genre labels from tags a large model heard.

MSD-musicnn (Pons & Serra 2019, "musicnn: pre-trained convolutional neural networks for music audio
tagging") has heard some 200 000 songs and gives fifty tags for every second. A small classifier
learns the ten genres from the tags of the training tracks, and says how likely each genre is in
tracks *by other artists* than those it was fitted on. A student that learns these shades instead of
one bare word generalises better (Hinton et al. 2015, "Distilling the knowledge in a neural
network"). The student itself hears thirteen MFCCs and nothing else, in training as in use.
"""

from __future__ import annotations

import numpy as np
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.splits import Segments

FOLDS = 5
STRENGTH = 0.003  # inverse regularisation of the logistic regression
FLOOR = 1e-3  # added to tag probabilities before the logarithm


def soft_labels(
    taggrams: np.ndarray, tracks: TrackSet, segments: Segments, seed: int = 0
) -> np.ndarray:
    """Return the teacher's genre probabilities for the tracks of a training side.

    Parameters
    ----------
    taggrams : np.ndarray [shape=(tracks, windows, tags)]
        As `read_taggrams` returns them.
    tracks : TrackSet
        The tracks.
    segments : Segments
        Training side of the split: only its tracks are looked at.
    seed : int
        Seed of the folds.

    Returns
    -------
    np.ndarray [shape=(tracks, windows, 10), dtype=float32]
        Every track judged by a classifier that was fitted on other artists; NaN elsewhere, and
        everywhere if no genre has five tracks.
    """
    labels = np.full((*taggrams.shape[:2], len(GENRES)), np.nan, dtype=np.float32)
    trained = np.unique(segments.track)
    known = trained[~np.isnan(taggrams[trained, 0, 0])]
    windows = taggrams.shape[1]
    if np.bincount(tracks.labels[known], minlength=1).max() < FOLDS:
        return labels
    tags = np.log(taggrams[known] + FLOOR)
    whole = np.broadcast_to(tags.mean(axis=1, keepdims=True), tags.shape)
    features = np.concatenate([tags, whole], axis=2)
    # A track without a known artist stands for itself.
    artists = [tracks.entry(track).artist or tracks.track_ids[track] for track in known]
    truth = tracks.labels[known]
    dealer = StratifiedGroupKFold(FOLDS, shuffle=True, random_state=seed)
    for fitted, judged in dealer.split(known, truth, artists):
        teacher = make_pipeline(StandardScaler(), LogisticRegression(C=STRENGTH, max_iter=300))
        teacher.fit(features[fitted].reshape(-1, features.shape[2]), truth[fitted].repeat(windows))
        rows = teacher.predict_proba(features[judged].reshape(-1, features.shape[2]))
        full = np.zeros((len(rows), len(GENRES)), dtype=np.float32)
        full[:, teacher.classes_] = rows
        labels[known[judged]] = full.reshape(len(judged), windows, len(GENRES))
    return labels
