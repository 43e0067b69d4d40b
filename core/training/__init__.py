"""Training: fit, calibrate, measure and store models.

In: `core.data` and hyperparameters. Out: model cards, weights, scores and stored predictions in
``models/``.

May import: everything in `core` except `core.cli`. Only ``train.py``, ``benchmarks/`` and tests
import it.
"""
