"""SHAP values of models that classify descriptors or embeddings instead of a spectrogram.

Forests are explained by the tree algorithm (Lundberg et al. 2020, "From local explanations to
global understanding with explainable AI for trees"), other models of descriptors by permutations
with a limited number of evaluations. Models of a sequence of time steps are explained by the
exact Shapley values of these steps (Shapley 1953, "A value for n-person games"; Lundberg & Lee
2017, "A unified approach to interpreting model predictions"). Features have no place in the
spectrogram, so their explanations cannot be played; time steps can
(`core.listening.gating`).
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import Pipeline

from core.constants import GENRES
from core.models.feature_models import FeatureModel

EVALUATIONS = 12  # for each feature, by permutation


@dataclass(frozen=True)
class FeatureExplanation:
    """SHAP values of the features or of the time steps of a segment.

    Parameters
    ----------
    unit : {"feature", "time step"}
        Whether the values belong to features or to time steps of the segment.
    names : tuple of str
        Names of the features, or times of the time steps in seconds.
    values : np.ndarray [shape=(names,)]
        SHAP values, in units of the explained output.
    base_value, prediction : float
        Mean output over the background, and output for the segment. The values add up to their
        difference.
    output : str
        Name of the explained output.
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
    """Explain a model's prediction for one segment.

    Parameters
    ----------
    model : FeatureModel
        The model.
    inputs : np.ndarray [shape=(features,) or (steps, features)]
        The model's input for the segment, as its `extract` computes it.
    genre : str
        Genre to explain.
    seed : int
        Seed of the permutations.

    Returns
    -------
    FeatureExplanation
        For a forest of the share of its votes, otherwise of the probability.
    """
    index = GENRES.index(genre)
    if inputs.ndim == 2:
        return _of_time_steps(model, inputs, index)
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


def _of_time_steps(model: FeatureModel, inputs: np.ndarray, index: int) -> FeatureExplanation:
    import shap

    background = model.background.inputs
    shares = model.background.shares

    def expectation(present: np.ndarray) -> np.ndarray:
        """Mean probability over the background, which replaces the absent time steps: ``(m,)``."""
        mixed = np.where(present[:, np.newaxis, :, np.newaxis] > 0, inputs, background)
        probabilities = model.predict(mixed.reshape(-1, *inputs.shape))[:, index]
        return probabilities.reshape(len(present), -1) @ shares

    count = len(inputs)
    # The players are the time steps: 1 if present, 0 if replaced by the background.
    explainer = shap.explainers.Exact(expectation, np.zeros((1, count)))
    found = explainer(np.ones((1, count)), silent=True)
    length = model.parameters.segment_s / count
    edges = [f"{number * length:.1f}" for number in range(count + 1)]
    return FeatureExplanation(
        unit="time step",
        names=tuple(f"{a}–{b} s" for a, b in itertools.pairwise(edges)),
        values=found.values[0],
        base_value=float(np.ravel(found.base_values)[0]),
        prediction=float(model.predict(inputs[np.newaxis])[0, index]),
        output="probability",
    )
