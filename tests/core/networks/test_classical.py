"""Forests and support vector machines learn, and their logits rank genres as they do."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline

from core.networks.classical import build_estimator, decision_scores

LABELS = np.repeat(np.arange(10), 12)
FEATURES = np.random.default_rng(0).normal(size=(10, 8))[LABELS] + np.random.default_rng(1).normal(
    scale=0.3, size=(120, 8)
)


def fitted(kind: str, **options: float) -> Pipeline:
    return build_estimator(kind, "segment", 0, **options).fit(FEATURES, LABELS)


@pytest.mark.parametrize("kind", ["random_forest", "svm"])
def test_logits_rank_genres_as_the_estimator_does(kind: str) -> None:
    estimator = fitted(kind)
    logits = decision_scores(estimator, FEATURES)
    assert logits.shape == (120, 10)
    np.testing.assert_array_equal(logits.argmax(axis=1), estimator.predict(FEATURES))
    assert (logits.argmax(axis=1) == LABELS).mean() > 0.95


def test_the_softmax_of_a_forests_logits_is_its_share_of_votes() -> None:
    forest = fitted("random_forest")
    shares = scipy.special.softmax(decision_scores(forest, FEATURES), axis=1)
    np.testing.assert_allclose(shares, forest.predict_proba(FEATURES), atol=1e-4)


def test_an_svms_logits_are_sums_over_pairs_of_genres() -> None:
    machine = fitted("svm")
    logits = decision_scores(machine, FEATURES[:1])[0]
    margins = machine.decision_function(FEATURES[:1])[0]
    # The first nine margins are those of genre 0 against its rivals.
    expected = np.log(scipy.special.expit(2.0 * margins[:9])).sum()
    assert logits[0] == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["random_forest", "svm"])
def test_unseen_songs_get_the_more_regularised_classifier(kind: str) -> None:
    known = build_estimator(kind, "segment", 0)[-1]
    unseen = build_estimator(kind, "artist", 0)[-1]
    if kind == "random_forest":
        assert unseen.min_samples_leaf > known.min_samples_leaf
    else:
        assert unseen.C < known.C
    assert build_estimator(kind, "track", 0)[-1].get_params() == unseen.get_params()


@pytest.mark.parametrize("kind", ["random_forest", "svm"])
def test_principal_components_are_optional(kind: str) -> None:
    assert not any(isinstance(step, PCA) for step in fitted(kind))
    components = next(step for step in fitted(kind, pca=0.9) if isinstance(step, PCA))
    assert components.explained_variance_ratio_.sum() >= 0.9
