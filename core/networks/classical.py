"""Random forests and support vector machines on descriptors, and their logits."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import scipy.special
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.constants import GENRES

MARGIN_SLOPE = 2.0  # of the sigmoid of a pairwise margin; chosen on validation sets
MIN_SHARE = 1e-6  # of a forest's votes; avoids log(0)


def build_estimator(kind: str, protocol: str, seed: int, pca: float | None = None) -> Pipeline:
    """Build an unfitted random forest or support vector machine.

    Parameters
    ----------
    kind : {"random_forest", "svm"}
        Random forest, or support vector machine with a Gaussian kernel.
    protocol : str
        How the classifier will be tested. Memorising known songs helps with unseen segments of
        them, but not with unseen songs or artists: there, trees and margins are regularised more
        (chosen on validation sets).
    seed : int
        Seed of the forest.
    pca : float, range=(0, 1), optional
        Share of the variance that the principal components of the features explain; without it
        the features stay as they are.

    Returns
    -------
    Pipeline
        Unfitted; its last step is the classifier.
    """
    known_songs = protocol == "segment"
    components = [PCA(pca, svd_solver="full")] if pca else []
    if kind == "random_forest":
        forest = RandomForestClassifier(
            400 if known_songs else 80,
            min_samples_leaf=1 if known_songs else 6,
            bootstrap=False,
            random_state=seed,
            n_jobs=-1,
        )
        # Trees do not depend on the scale of the features; principal components do.
        return make_pipeline(*([StandardScaler()] if pca else []), *components, forest)
    machine = SVC(C=10.0 if known_songs else 1.0, decision_function_shape="ovo")
    return make_pipeline(StandardScaler(), *components, machine)


def decision_scores(estimator: Pipeline, features: np.ndarray) -> np.ndarray:
    """Compute the logits of a classifier at temperature one.

    Parameters
    ----------
    estimator : Pipeline
        Fitted pipeline from `build_estimator`.
    features : np.ndarray [shape=(n, features)]
        Descriptors of segments.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64]
        Random forest: logarithms of the shares of votes. Support vector machine: sums, over a
        genre's rivals, of the logarithms of pairwise probabilities, which are sigmoids of the
        pairwise margins.
    """
    if isinstance(estimator[-1], RandomForestClassifier):
        return np.log(np.maximum(estimator.predict_proba(features), MIN_SHARE))
    margins = estimator.decision_function(features)
    logits = np.zeros((len(features), len(GENRES)))
    for pair, (first, second) in enumerate(combinations(range(len(GENRES)), 2)):
        logits[:, first] += scipy.special.log_expit(MARGIN_SLOPE * margins[:, pair])
        logits[:, second] += scipy.special.log_expit(-MARGIN_SLOPE * margins[:, pair])
    return logits
