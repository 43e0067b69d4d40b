"""Why a model of numbers answered as it did: SHAP values of its features, or of its moments.

Forests are explained by the tree algorithm (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"), other models of features by permutations with
a budget, models of moments by exact Shapley values: which stretch of the segment counted. Numbers
are no picture, and nothing of the song can be filtered by them, so there is no sound to it.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from core.constants import GENRES
from core.explanation.shapley import shapley_values
from core.models.feature_models import FeatureModel

EVALUATIONS = 12  # for each feature, by permutation


@dataclass(frozen=True)
class FeatureExplanation:
    """SHAP values of the numbers that a segment was read as.

    Parameters
    ----------
    unit : {"feature", "moment"}
        What the values are of.
    names : tuple of str
        Features, or the seconds of the moments.
    values : np.ndarray [shape=(names,)]
        SHAP values, in units of the explained output.
    base_value, prediction : float
        They add up from the first to the second.
    output : str
        What is explained.
    """

    unit: str
    names: tuple[str, ...]
    values: np.ndarray
    base_value: float
    prediction: float
    output: str


def explain_features(
    model: FeatureModel, inputs: np.ndarray, genre: str, seed: int = 0
) -> FeatureExplanation:
    """Explain a model's answer to one segment.

    Parameters
    ----------
    model : FeatureModel
        The model.
    inputs : np.ndarray [shape=(features,) or (moments, features)]
        The segment as the model reads it.
    genre : str
        Genre to explain.
    seed : int
        Seed of the permutations.

    Returns
    -------
    FeatureExplanation
        Of the forest's share of votes, or of a probability.
    """
    index = GENRES.index(genre)
    if inputs.ndim == 2:
        return _of_moments(model, inputs, index)
    if isinstance(model.classifier, Pipeline) and len(model.classifier) == 1:
        return _of_trees(model, inputs, index)
    return _of_features(model, inputs, index, seed)


def _of_trees(model: FeatureModel, inputs: np.ndarray, index: int) -> FeatureExplanation:
    import shap

    forest = model.classifier[-1]
    assert isinstance(forest, RandomForestClassifier)
    explainer = shap.TreeExplainer(forest)
    return FeatureExplanation(
        unit="feature",
        names=model.extractor.feature_names,
        values=np.asarray(explainer.shap_values(inputs[np.newaxis]))[0, :, index],
        base_value=float(np.asarray(explainer.expected_value)[index]),
        prediction=float(forest.predict_proba(inputs[np.newaxis])[0, index]),
        output="share of the trees' votes",
    )


def _of_features(
    model: FeatureModel, inputs: np.ndarray, index: int, seed: int
) -> FeatureExplanation:
    import shap

    permutation = shap.PermutationExplainer(
        lambda rows: model.predict(rows)[:, index], model.background.inputs, seed=seed
    )
    found = permutation(inputs[np.newaxis], max_evals=EVALUATIONS * len(inputs), silent=True)
    return FeatureExplanation(
        unit="feature",
        names=model.extractor.feature_names,
        values=found.values[0],
        base_value=float(np.ravel(found.base_values)[0]),
        prediction=float(model.predict(inputs[np.newaxis])[0, index]),
        output="probability",
    )


def _of_moments(model: FeatureModel, inputs: np.ndarray, index: int) -> FeatureExplanation:
    background = model.background.inputs
    shares = model.background.shares

    def worth(present: np.ndarray) -> np.ndarray:
        mixed = np.where(present[:, np.newaxis, :, np.newaxis], inputs, background)
        answers = model.predict(mixed.reshape(-1, *inputs.shape))[:, index]
        return answers.reshape(len(present), -1) @ shares

    values, base, prediction = shapley_values(worth, len(inputs))
    length = model.parameters.segment_s / len(inputs)
    edges = [f"{number * length:.1f}" for number in range(len(inputs) + 1)]
    return FeatureExplanation(
        unit="moment",
        names=tuple(f"{a}–{b} s" for a, b in itertools.pairwise(edges)),
        values=values,
        base_value=base,
        prediction=prediction,
        output="probability",
    )
