"""Architectures: functions that build untrained Keras networks and scikit-learn pipelines.

In: feature parameters and hyperparameters. Out: `keras.Model` or `sklearn.pipeline.Pipeline`.

May import: `core.features` and what that may import.
"""
