"""Forest and support vector machine: models that read a segment as a vector, stored without pickle.

They answer like the networks and are explained by SHAP values too, of their features: the forest by
the tree algorithm (Lundberg et al. 2020, "From local explanations to global understanding with
explainable AI for trees"), the machine by permutations with a budget. Features are no picture, and
nothing of the song can be filtered by them, so there is no sound to such an explanation.
"""

from __future__ import annotations

import zipfile
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import scipy.special
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from core.constants import GENRES
from core.model_cards import ModelError
from core.models import Background, GenreModel
from core.vectors import names, segment_vectors

SUFFIX = ".skops"
TRUSTED = ("sklearn.tree._tree.Tree",)  # beyond what skops allows by itself
EVALUATIONS = 12  # of the machine for each feature, by permutation
SLOPE = 2.0  # of the sigmoid that makes a share of a margin (chosen on validation)
LEAST = 1e-6  # before a logarithm


def build(name: str, protocol: str, seed: int) -> Any:
    """Return an unfitted estimator.

    Parameters
    ----------
    name : {"random_forest", "svm"}
        The model.
    protocol : str
        How it will be tested. What is remembered of known songs misleads with unknown artists, so
        there trees and margins are held back (chosen on validation).
    seed : int
        Seed of the forest.

    Returns
    -------
    Pipeline or RandomForestClassifier
        With `fit`.
    """
    known = protocol == "segment"
    if name == "random_forest":
        return RandomForestClassifier(
            400 if known else 150,
            min_samples_leaf=1 if known else 6,
            bootstrap=False,
            random_state=seed,
            n_jobs=-1,
        )
    machine = SVC(C=10.0 if known else 1.0, decision_function_shape="ovo")
    return make_pipeline(StandardScaler(), machine)


def scores(estimator: Any, vectors: np.ndarray) -> np.ndarray:
    """Return what a softmax makes probabilities of, at temperature one.

    Parameters
    ----------
    estimator : Pipeline or RandomForestClassifier
        Fitted.
    vectors : np.ndarray [shape=(n, features)]
        Segments.

    Returns
    -------
    np.ndarray [shape=(n, 10)]
        Logarithms of the forest's shares of votes; the sums of the logarithms of the machine's
        pairwise shares: sigmoids of its margins, multiplied over a genre's rivals.
    """
    if isinstance(estimator, RandomForestClassifier):
        return np.log(np.maximum(estimator.predict_proba(vectors), LEAST))
    margins = estimator.decision_function(vectors)
    found = np.zeros((len(vectors), len(GENRES)))
    for pair, (one, other) in enumerate(combinations(range(len(GENRES)), 2)):
        found[:, one] += scipy.special.log_expit(SLOPE * margins[:, pair])
        found[:, other] += scipy.special.log_expit(-SLOPE * margins[:, pair])
    return found


class VectorModel(GenreModel):
    """A model that reads segments as vectors.

    Parameters
    ----------
    estimator : Pipeline or RandomForestClassifier
        Fitted.
    card : dict
        Model card.
    background : Background or Path
        Segments an explanation compares with, or their file.
    """

    suffix = SUFFIX
    hears_places = False

    def __init__(self, estimator: Any, card: dict[str, Any], background: Background | Path) -> None:
        super().__init__(None, card, background)
        self.estimator = estimator

    def predict(self, mfcc: np.ndarray) -> np.ndarray:
        """Refuse: MFCCs alone do not tell the features.

        Raises
        ------
        ModelError
            Always.
        """
        raise ModelError(f"{self.name} reads log-mel segments; use predict_logmel.")

    def predict_logmel(self, logmel_db: np.ndarray) -> np.ndarray:
        """Return the genre probabilities of log-mel segments, as `GenreModel` does."""
        if not len(logmel_db):
            return np.zeros((0, len(self.genres)), dtype=np.float32)
        return self.predict_vectors(segment_vectors(logmel_db, self.parameters))

    def predict_vectors(self, vectors: np.ndarray) -> np.ndarray:
        """Return the genre probabilities of vectors, ``(n, 10)``."""
        logits = scores(self.estimator, vectors) / self.card["temperature"]
        return scipy.special.softmax(logits, axis=1).astype(np.float32)

    def save_weights(self, path: Path) -> None:
        """Write the estimator."""
        import skops.io

        path.write_bytes(
            skops.io.dumps(self.estimator, compression=zipfile.ZIP_DEFLATED, compresslevel=9)
        )


def read_estimator(path: Path) -> Pipeline | RandomForestClassifier:
    """Read an estimator; nothing but the listed types is made of the file.

    Parameters
    ----------
    path : Path
        What `VectorModel.save_weights` wrote.

    Returns
    -------
    Pipeline or RandomForestClassifier
        Fitted.

    Raises
    ------
    ModelError
        If it holds other types.
    """
    import skops.io

    content = path.read_bytes()
    unknown = set(skops.io.get_untrusted_types(data=content)) - set(TRUSTED)
    if unknown:
        raise ModelError(
            f"{path.name} holds types that no model here needs ({', '.join(sorted(unknown))}). "
            "Train the model again."
        )
    return skops.io.loads(content, trusted=list(TRUSTED))


@dataclass(frozen=True)
class FeatureExplanation:
    """SHAP values of a segment's features.

    Parameters
    ----------
    names : tuple of str
        Features.
    values : np.ndarray [shape=(features,)]
        SHAP values, in units of the explained output.
    base_value, prediction : float
        They add up from the first to the second.
    output : str
        What is explained.
    """

    names: tuple[str, ...]
    values: np.ndarray
    base_value: float
    prediction: float
    output: str


def explain_features(
    model: VectorModel, logmel_db: np.ndarray, genre: str, seed: int = 0
) -> FeatureExplanation:
    """Explain a model's answer to one segment by its features.

    Parameters
    ----------
    model : VectorModel
        Forest or machine.
    logmel_db : np.ndarray [shape=(segment_frames, n_mels)]
        The segment.
    genre : str
        Genre to explain.
    seed : int
        Seed of the permutations.

    Returns
    -------
    FeatureExplanation
        Of the forest's share of votes, or of the machine's probability.
    """
    import shap

    index = GENRES.index(genre)
    vector = segment_vectors(logmel_db[np.newaxis], model.parameters)
    if isinstance(model.estimator, RandomForestClassifier):
        explainer = shap.TreeExplainer(model.estimator)
        values = np.asarray(explainer.shap_values(vector))[0, :, index]
        base = float(np.asarray(explainer.expected_value)[index])
        prediction = float(model.estimator.predict_proba(vector)[0, index])
        return FeatureExplanation(names(), values, base, prediction, "share of the trees' votes")
    background = segment_vectors(model.background.logmel, model.parameters)
    permutation = shap.PermutationExplainer(
        lambda rows: model.predict_vectors(rows)[:, index], background, seed=seed
    )
    found = permutation(vector, max_evals=EVALUATIONS * vector.shape[1], silent=True)
    return FeatureExplanation(
        names(),
        found.values[0],
        float(np.ravel(found.base_values)[0]),
        float(model.predict_vectors(vector)[0, index]),
        "probability",
    )
