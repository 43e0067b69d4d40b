"""Calibration of predicted probabilities: temperature scaling, with or without offsets.

Conventions
-----------
`probabilities` has shape ``(n, classes)`` with rows that sum to one; `labels` has shape ``(n,)``
with integers below `classes`. A temperature divides the logits, the logarithms of the
probabilities: above one it makes predictions less confident, below one more. An offset is added to
the logit of one class after that division.

References
----------
Guo, Pleiss, Sun & Weinberger 2017, "On calibration of modern neural networks".

Alexandari, Kundaje & Shrikumar 2020, "Maximum likelihood with bias-corrected calibration is
hard-to-beat at label shift adaptation".
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


def fit_offsets(
    probabilities: np.ndarray, labels: np.ndarray, penalty: float
) -> tuple[float, np.ndarray]:
    """Find the temperature and the offsets with the smallest log loss.

    A network predicts some genres too rarely for artists that it was not trained on, and offsets
    correct that (bias-corrected temperature scaling, Alexandari et al. 2020).

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities of data that the classifier was not fitted on, at temperature one.
    labels : np.ndarray [shape=(n,), dtype=int]
        True classes.
    penalty : float > 0
        Weight of the offsets' sum of squares, added to the log loss. It should be larger the fewer
        artists there are.

    Returns
    -------
    temperature : float [range=[0.2, 5]]
        Temperature for `apply_temperature`.
    offsets : np.ndarray [shape=(classes,)]
        Offsets for `apply_temperature`.

    Raises
    ------
    ValueError
        If the arrays do not belong together.
    """
    validate(probabilities, labels)
    n_classes = probabilities.shape[1]
    logits = np.log(np.clip(probabilities.astype(np.float64), MIN_PROBABILITY, 1))
    truth = np.eye(n_classes)[labels]

    def loss(values: np.ndarray) -> tuple[float, np.ndarray]:
        sharpness, offsets = np.exp(values[0]), values[1:]
        scores = scipy.special.log_softmax(logits * sharpness + offsets, axis=1)
        errors = np.exp(scores) - truth
        gradient = errors.mean(axis=0) + 2 * penalty * offsets
        by_sharpness = (errors * logits).sum(axis=1).mean() * sharpness
        value = penalty * np.square(offsets).sum() - (truth * scores).sum(axis=1).mean()
        return float(value), np.concatenate([[by_sharpness], gradient])

    lowest, highest = np.log(TEMPERATURES)
    fitted = scipy.optimize.minimize(
        loss,
        np.zeros(1 + n_classes),
        jac=True,
        method="L-BFGS-B",
        bounds=[(-highest, -lowest), *[(None, None)] * n_classes],
    )
    return float(np.exp(-fitted.x[0])), fitted.x[1:]


def apply_temperature(
    probabilities: np.ndarray, temperature: float, offsets: np.ndarray | float = 0.0
) -> np.ndarray:
    """Divide the logits of predicted probabilities by a temperature, and add offsets.

    Parameters
    ----------
    probabilities : np.ndarray [shape=(n, classes)]
        Predicted probabilities at temperature one.
    temperature : float > 0
        Divisor of the logits.
    offsets : np.ndarray [shape=(classes,)] or float
        Added to the logits after the division.

    Returns
    -------
    np.ndarray [shape=(n, classes), range=[0, 1]]
        Probabilities; rows sum to one.
    """
    logits = np.log(np.clip(probabilities, MIN_PROBABILITY, 1)) / temperature + offsets
    return scipy.special.softmax(logits, axis=1)
