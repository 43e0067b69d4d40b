"""Training data that are too small end in a sentence."""

from __future__ import annotations

import numpy as np
import pytest

from core.errors import DatasetError
from core.training.musicnn_head import fit_head
from core.training.small_data import enough_data


@pytest.mark.parametrize("count", [1, 2, 4, 10])
def test_a_layer_cannot_be_fitted_to_a_handful_of_windows(count: int) -> None:
    random = np.random.default_rng(0)
    logits, labels = random.normal(size=(count, 50)), np.arange(count) % 10
    with pytest.raises(DatasetError, match=r"layer from tags to genres .* so few tracks"):
        fit_head(logits, labels, np.arange(count))


def test_one_genre_is_too_few() -> None:
    logits = np.random.default_rng(0).normal(size=(40, 50))
    with pytest.raises(DatasetError, match="more tracks of each genre, by several artists"):
        fit_head(logits, np.zeros(40, int), np.arange(40))


def test_enough_data_pass() -> None:
    random = np.random.default_rng(0)
    head = fit_head(random.normal(size=(200, 50)), np.arange(200) % 10, np.arange(200))
    assert head.kernel.shape == (50, 10)
    assert head.temperature > 0


def test_only_errors_of_the_data_are_explained() -> None:
    with pytest.raises(TypeError), enough_data("A model"):
        raise TypeError("a mistake in the program")
