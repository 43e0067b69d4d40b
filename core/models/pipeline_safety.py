"""Checks of a scikit-learn pipeline that was read from a file, before it predicts.

skops restores no type that is not trusted. But scikit-learn walks trees and support vectors in
compiled code without looking at bounds, so arrays that do not fit together would crash the process.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

LEAF = -1  # child of a leaf


def check_pipeline(pipeline: Any, n_genres: int) -> None:
    """Check that the arrays of a pipeline fit together.

    Parameters
    ----------
    pipeline : Any
        What a file contains.
    n_genres : int
        Number of genres on the model's card.

    Raises
    ------
    Exception
        Of any kind, if it is not a fitted pipeline from `core.networks.classical`.
    """
    if not isinstance(pipeline, Pipeline):
        raise ValueError("it contains no pipeline")
    classifier = pipeline[-1]
    if not isinstance(classifier, RandomForestClassifier | SVC):
        raise ValueError(f"it ends with a {type(classifier).__name__}")
    if list(classifier.classes_) != list(range(n_genres)):
        raise ValueError("its classes are not the genres on the card")
    for step in pipeline[:-1]:
        if isinstance(step, StandardScaler):
            _finite(step.mean_, (step.n_features_in_,))
            _finite(step.scale_, (step.n_features_in_,))
            if not (np.abs(step.scale_) >= 1e-9).all() or np.abs(step.mean_).max() > 1e12:
                raise ValueError("its scales would give infinite features")
    if isinstance(classifier, SVC):
        _check_machine(classifier, n_genres)
    else:
        for each in classifier.estimators_:
            _check_tree(each.tree_, each.n_features_in_, n_genres)
    pipeline.predict(np.zeros((1, pipeline.n_features_in_)))


def _finite(array: Any, shape: tuple[int, ...]) -> None:
    values = np.asarray(array, dtype=np.float64)
    if values.shape != shape or not np.isfinite(values).all():
        raise ValueError(f"an array does not have {shape} finite numbers")


def _check_tree(tree: Any, n_features: int, n_genres: int) -> None:
    """Check that a tree's nodes refer to later nodes and to features that exist."""
    count = tree.node_count
    if count < 1 or tree.n_features != n_features or tree.value.shape != (count, 1, n_genres):
        raise ValueError("a tree has the wrong shape")
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    inner = left != LEAF
    own = np.arange(count)
    for children in (left[inner], right[inner]):
        # Children come after their parent, so that no walk through the tree is endless.
        if ((children <= own[inner]) | (children >= count)).any():
            raise ValueError("a tree refers to a node that does not exist")
    if (right[~inner] != LEAF).any():
        raise ValueError("a leaf of a tree has a child")
    if ((feature[inner] < 0) | (feature[inner] >= n_features)).any():
        raise ValueError("a tree refers to a feature that does not exist")


def _check_machine(machine: SVC, n_genres: int) -> None:
    """Check that a support vector machine's arrays have the shapes that libsvm expects."""
    vectors = len(machine.support_)
    pairs = n_genres * (n_genres - 1) // 2
    _finite(machine.support_vectors_, (vectors, machine.n_features_in_))
    _finite(machine.dual_coef_, (n_genres - 1, vectors))
    _finite(machine._dual_coef_, (n_genres - 1, vectors))
    _finite(machine.intercept_, (pairs,))
    _finite(machine._intercept_, (pairs,))
    counts = np.asarray(machine._n_support)
    if counts.shape != (n_genres,) or (counts < 0).any() or counts.sum() != vectors:
        raise ValueError("its support vectors are not those of the genres")
    if machine.kernel != "rbf" or not np.isfinite(machine._gamma):
        raise ValueError("its kernel is not Gaussian")
