"""Trained models: cards, weights checked against their digests, and prediction.

In: the name or path of a model card. Out: `core.models.base.GenreModel`, from features to genre
probabilities.

May import: `core.data`, `core.networks` and what these may import.
"""
