"""SHAP values: agreement with the estimator of the shap library, and its plots."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import shap

from core.audio.io import Audio
from core.explanation.attribution import Output, gradients_of
from core.explanation.explain import Explanation, explain
from core.features.spectrogram import mfcc_from_logmel
from core.models.spectrogram_models import SpectrogramModel

NODES = 100  # on each path, for practically exact values
SAMPLES = (64, 256, 1024)
SEEDS = range(3)
OUR_ERROR = 0.1  # relative to the norm of the values, for these random networks
PARTS = 21  # the background's weights are 1 / 21 to 6 / 21

# shap passes networks a list of one tensor.
pytestmark = pytest.mark.filterwarnings("ignore:The structure of `inputs`:UserWarning")


@pytest.fixture(scope="module")
def found(song: Audio, tiny: SpectrogramModel) -> Explanation:
    return explain(song, tiny, segments=[1])


def background_of(model: SpectrogramModel) -> np.ndarray:
    return model.standardise(mfcc_from_logmel(model.background.logmel, model.parameters.n_mfcc))


@pytest.fixture(scope="module")
def moments(tiny: SpectrogramModel, found: Explanation) -> tuple[np.ndarray, float]:
    """Mean and standard deviation of ``(x - x') * gradient`` on the paths to the segment."""
    evaluate = gradients_of(tiny, Output(tiny.genres.index(found.target)))
    positions = ((np.arange(NODES) + 0.5) / NODES)[:, np.newaxis, np.newaxis]
    target = tiny.standardise(found.mfcc_values[0])
    mean, square = np.zeros(target.shape), 0.0
    for origin, share in zip(background_of(tiny), tiny.background.shares, strict=True):
        products = (target - origin) * evaluate(origin + positions * (target - origin))[0]
        mean += share * products.mean(axis=0)
        square += share * np.sum(products**2) / NODES
    return mean, float(np.sqrt(square - np.sum(mean**2)))


@pytest.fixture(scope="module")
def distances(tiny: SpectrogramModel, found: Explanation) -> np.ndarray:
    """Distances of shap's values from ours: one row per number of samples, one column per seed."""
    repeats = np.rint(tiny.background.shares * PARTS).astype(int)
    rows = np.repeat(background_of(tiny), repeats, axis=0)[..., np.newaxis]
    explainer = shap.GradientExplainer(tiny.network, rows, batch_size=min(SAMPLES))
    target = tiny.standardise(found.mfcc_values)[..., np.newaxis]
    genre = np.array([[tiny.genres.index(found.target)]])

    def distance(samples: int, seed: int) -> float:
        values, _ = explainer.shap_values(
            target, samples, ranked_outputs=genre, output_rank_order="custom", rseed=seed
        )
        return float(np.linalg.norm(values[0, :, :, 0, 0] - found.mfcc[0]))

    return np.array([[distance(samples, seed) for seed in SEEDS] for samples in SAMPLES])


def test_values_agree_with_shap_within_its_sampling_error(
    distances: np.ndarray, moments: tuple[np.ndarray, float]
) -> None:
    mean, deviation = moments
    standard_errors = deviation / np.sqrt(SAMPLES)
    allowed = 3 * standard_errors + OUR_ERROR * np.linalg.norm(mean)
    assert (distances <= allowed[:, np.newaxis]).all()


def test_the_difference_to_shap_shrinks_with_the_root_of_its_samples(
    distances: np.ndarray, moments: tuple[np.ndarray, float], found: Explanation
) -> None:
    mean, deviation = moments
    our_distance = np.linalg.norm(found.mfcc[0] - mean)
    assert our_distance <= OUR_ERROR * np.linalg.norm(mean)
    measured = np.sqrt(np.mean(distances**2, axis=1))
    assert (np.diff(measured) < 0).all()
    expected = np.hypot(deviation / np.sqrt(SAMPLES), our_distance)
    np.testing.assert_allclose(measured, expected, rtol=0.25)


@pytest.fixture
def pyplot() -> Iterator[Any]:
    """Matplotlib with a backend that needs no display."""
    pytest.importorskip("matplotlib").use("Agg")
    plots = pytest.importorskip("matplotlib.pyplot")
    yield plots
    plots.close("all")


@pytest.fixture(scope="module")
def coefficients(song: Audio, tiny_cnn: SpectrogramModel) -> shap.Explanation:
    """A song's explanation for the plots of shap."""
    return explain(song, tiny_cnn).shap


def labels(axes: Any) -> list[str]:
    return [label.get_text() for label in axes.get_yticklabels()]


def test_the_bar_plot_ranks_the_coefficients(pyplot: Any, coefficients: shap.Explanation) -> None:
    shap.plots.bar(coefficients, max_display=13, show=False)
    strengths = np.abs(coefficients.values).mean(axis=0)
    order = np.argsort(-strengths)
    axes = pyplot.gca()
    assert labels(axes)[:13] == [f"MFCC {index + 1}" for index in order]
    widths = [bar.get_width() for bar in axes.patches[:13]]
    np.testing.assert_allclose(widths, strengths[order], rtol=1e-5)


def test_the_heatmap_has_one_column_per_segment(
    pyplot: Any, coefficients: shap.Explanation
) -> None:
    shap.plots.heatmap(coefficients, max_display=13, show=False)
    axes = pyplot.gcf().axes[0]
    assert axes.images[0].get_array().shape == (13, len(coefficients))
    assert {f"MFCC {index + 1}" for index in range(13)} <= set(labels(axes))


def test_the_waterfall_plot_leads_from_the_base_value_to_the_prediction(
    pyplot: Any, coefficients: shap.Explanation
) -> None:
    segment = coefficients[1]
    shap.plots.waterfall(segment, max_display=13, show=False)
    ticks = [tick.get_text() for axes in pyplot.gcf().axes for tick in axes.get_xticklabels()]
    shown = [float(text.split("=")[1].strip(" $")) for text in ticks if "=" in text]
    total = segment.base_values + segment.values.sum()
    np.testing.assert_allclose(shown, [segment.base_values, total], atol=6e-4)


@pytest.mark.parametrize("name", ["beeswarm", "violin"])
def test_plots_of_many_segments_name_the_coefficients(
    pyplot: Any, coefficients: shap.Explanation, name: str
) -> None:
    getattr(shap.plots, name)(coefficients, max_display=13, show=False)
    assert set(labels(pyplot.gcf().axes[0])) == {f"MFCC {index + 1}" for index in range(13)}
