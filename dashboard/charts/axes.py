"""Labels and ticks of spectrogram rows, and the range of the evidence colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dashboard.text.formatting import grouped

CLIPPED_SHARE = 0.005  # share of cells beyond the strongest colour, so outliers fade nothing

TICK_FREQUENCIES = {
    100: "100 Hz",
    500: "500 Hz",
    1000: "1 kHz",
    2000: "2 kHz",
    4000: "4 kHz",
    8000: "8 kHz",
    16000: "16 kHz",
}


@dataclass(frozen=True)
class Rows:
    """Names of the rows of a spectrogram.

    Parameters
    ----------
    labels : tuple of str
        Name of each row in hover texts: ``"MFCC 3"``, ``"440 Hz"``.
    ticks : dict of int to str
        Rows with a label on the axis.
    value : str
        Name and unit of the value, as in ``"level {} dB"``.
    """

    labels: tuple[str, ...]
    ticks: dict[int, str]
    value: str


def coefficient_rows(n_mfcc: int) -> Rows:
    """Name the rows of MFCCs, which are counted from 1."""
    labels = tuple(f"MFCC {index + 1}" for index in range(n_mfcc))
    ticks = {index: labels[index] for index in range(0, n_mfcc, 2)}
    return Rows(labels, ticks, "value {}")


def band_rows(frequencies: np.ndarray) -> Rows:
    """Name the rows of mel bands.

    Parameters
    ----------
    frequencies : np.ndarray [shape=(n_mels,)]
        Centre of each band in Hz, ascending.

    Returns
    -------
    Rows
        Ticks at the bands nearest to round frequencies.
    """
    labels = tuple(f"{grouped(frequency)} Hz" for frequency in frequencies)
    ticks = {
        int(np.argmin(np.abs(frequencies - hertz))): text
        for hertz, text in TICK_FREQUENCIES.items()
        if hertz <= frequencies[-1]
    }
    return Rows(labels, ticks, "level {} dB")


def evidence_limit(shap_values: np.ndarray) -> float:
    """Compute the SHAP value that is drawn in the strongest colour.

    Parameters
    ----------
    shap_values : np.ndarray [shape=(frames, rows)]
        SHAP values.

    Returns
    -------
    float
        Positive, even if all values are zero.
    """
    limit = float(np.quantile(np.abs(shap_values), 1 - CLIPPED_SHARE))
    return limit if limit > 0 else float(np.abs(shap_values).max()) or 1e-6
