"""Temperature scaling: make predicted probabilities match observed accuracy (Guo et al. 2017)."""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.special

from core.evaluation.metrics import cross_entropy


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Return the temperature that makes probabilities honest.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Probabilities at temperature one, of data the network was not fitted on.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.

    Returns
    -------
    float [range=[0.2, 5]]
        Divisor of the logits with the least log loss (Guo et al. 2017).
    """
    logits = np.log(np.clip(probabilities.astype(np.float64), 1e-12, 1))

    def loss(log_temperature: float) -> float:
        scaled = logits / np.exp(log_temperature)
        scaled -= scaled.max(axis=1, keepdims=True)
        scores = np.exp(scaled)
        return cross_entropy(scores / scores.sum(axis=1, keepdims=True), labels)

    bounds = (np.log(0.2), np.log(5.0))
    return float(np.exp(scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Return probabilities whose logits are divided by `temperature`."""
    logits = np.log(np.clip(probabilities, 1e-12, 1)) / temperature
    return scipy.special.softmax(logits, axis=1)
