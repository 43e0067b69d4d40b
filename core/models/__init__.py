"""Trained models: the registry, model cards, verified loading, and prediction.

In: the name of a model or the path of its card. Out: a `core.models.base.GenreModel`, which
extracts features from segments and predicts genre probabilities.

May import: `core.data`, `core.networks` and what these may import.
"""
