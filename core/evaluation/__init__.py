"""Evaluation of predictions: metrics, calibration, curves, confidence intervals and tests.

In: arrays of probabilities and labels. Out: numbers, dictionaries ready for JSON, and files.

May import: `core.errors`, `core.constants`, `core.storage` only.
"""
