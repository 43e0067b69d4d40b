"""Random forests and support vector machines from scikit-learn, and the scores they give."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING

import numpy as np
import scipy.special
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.constants import GENRES

if TYPE_CHECKING:
    pass


SLOPE = 2.0  # of the sigmoid that makes a share of a margin (chosen on validation)

LEAST = 1e-6  # before a logarithm


def build_estimator(kind: str, protocol: str, seed: int, pca: float | None = None) -> Pipeline:
    """Return an unfitted estimator.

    Parameters
    ----------
    kind : {"random_forest", "svm"}
        Random forest, or support vector machine with a Gaussian kernel.
    protocol : str
        How it will be tested. What is remembered of known songs misleads with unknown artists, so
        there trees and margins are held back (chosen on validation).
    seed : int
        Seed of the forest.
    pca : float, optional
        Share of the variance that principal components keep; without it numbers stay as they are.

    Returns
    -------
    Pipeline
        With `fit`; its last step is the estimator.
    """
    known = protocol == "segment"
    components = [PCA(pca, svd_solver="full")] if pca else []
    if kind == "random_forest":
        forest = RandomForestClassifier(
            400 if known else 80,
            min_samples_leaf=1 if known else 6,
            bootstrap=False,
            random_state=seed,
            n_jobs=-1,
        )
        # Trees do not care about scales; components do.
        return make_pipeline(*([StandardScaler()] if pca else []), *components, forest)
    machine = SVC(C=10.0 if known else 1.0, decision_function_shape="ovo")
    return make_pipeline(StandardScaler(), *components, machine)


def decision_scores(estimator: Pipeline, vectors: np.ndarray) -> np.ndarray:
    """Return what a softmax makes probabilities of, at temperature one.

    Parameters
    ----------
    estimator : Pipeline
        Fitted.
    vectors : np.ndarray [shape=(n, features)]
        Segments.

    Returns
    -------
    np.ndarray [shape=(n, 10)]
        Logarithms of the forest's shares of votes; the sums of the logarithms of the machine's
        pairwise shares: sigmoids of its margins, multiplied over a genre's rivals.
    """
    if isinstance(estimator[-1], RandomForestClassifier):
        return np.log(np.maximum(estimator.predict_proba(vectors), LEAST))
    margins = estimator.decision_function(vectors)
    found = np.zeros((len(vectors), len(GENRES)))
    for pair, (one, other) in enumerate(combinations(range(len(GENRES)), 2)):
        found[:, one] += scipy.special.log_expit(SLOPE * margins[:, pair])
        found[:, other] += scipy.special.log_expit(-SLOPE * margins[:, pair])
    return found
