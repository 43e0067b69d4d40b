"""Temperature scaling of predicted probabilities.

Conventions
-----------
`probabilities` has shape ``(n, classes)`` with rows that sum to one; `labels` has shape ``(n,)``
with integers below `classes`. A temperature divides the logits, the logarithms of the
probabilities: above one it makes predictions less confident, below one more.

References
----------
Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks".
"""

from __future__ import annotations

import numpy as np
import scipy.optimize
import scipy.special

from core.evaluation.metrics import cross_entropy, validate

TEMPERATURES = (0.2, 5.0)  # range of the search
MIN_PROBABILITY = 1e-12  # avoids log(0)


def fit_temperature(probabilities: np.ndarray, labels: np.ndarray) -> float:
    """Find the temperature with the smallest log loss.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities of data that the classifier was not fitted on, at temperature one.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.

    Returns
    -------
    float [range=[0.2, 5]]
        Temperature for `apply_temperature`.

    Raises
    ------
    ValueError
        If the arrays do not belong together.
    """
    validate(probabilities, labels)
    probabilities = probabilities.astype(np.float64)

    def loss(log_temperature: float) -> float:
        return cross_entropy(apply_temperature(probabilities, np.exp(log_temperature)), labels)

    bounds = np.log(TEMPERATURES)
    return float(np.exp(scipy.optimize.minimize_scalar(loss, bounds=bounds, method="bounded").x))


def apply_temperature(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Divide the logits of predicted probabilities by a temperature.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities at temperature one.
    temperature : float > 0
        Divisor of the logits.

    Returns
    -------
    np.ndarray [shape=(n, classes), range=[0, 1]]
        Probabilities; rows sum to one.
    """
    logits = np.log(np.clip(probabilities, MIN_PROBABILITY, 1)) / temperature
    return scipy.special.softmax(logits, axis=1)
