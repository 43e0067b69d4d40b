"""Results of the novelty benchmark, made up for tests."""

from __future__ import annotations

from typing import Any

from core.constants import GENRES

RATES = [0.0, 0.05, 1.0]


def model_entry(weights: str = "abc", missed: float = 1.0) -> dict[str, Any]:
    """Entry of one model; `missed` is the detected share of rain."""
    areas = {genre: 0.6 + 0.03 * index for index, genre in enumerate(GENRES)}
    baseline = {"auroc": 0.55, "interval": [0.5, 0.6], "genres": dict.fromkeys(GENRES, 0.55)}
    roc = {"turned_away": RATES, "detected": [0.7, 0.96, 1.0]}
    return {
        "weights": weights,
        "non_music": {
            "auroc": 0.982,
            "interval": [0.97, 0.99],
            "detected": {"share": 0.95, "interval": [0.9, 0.98], "n": 163},
            "turned_away": {"share": 0.028, "interval": [0.01, 0.05], "n": 290},
            "by_kind": {"silence": 1.0, "rain": missed},
            "roc": roc,
            "largest_probability": {"auroc": 0.62, "interval": [0.5, 0.7], "roc": roc},
        },
        "used": "sound + hidden + doubt",
        "left_out": {
            "auroc": 0.707,
            "interval": [0.67, 0.74],
            "genres": areas,
            "largest_probability": baseline,
        },
    }


def content() -> dict[str, Any]:
    """Content of models/novelty.json with two models."""
    return {
        "seed": 0,
        "speech": True,
        "models": {"cnn": model_entry(), "musicnn": model_entry(missed=0.5)},
        "sets": {
            "cnn": {
                "n": 282,
                "coverage": 0.922,
                "interval": [0.885, 0.948],
                "mean_size": 2.17,
                "sizes": [0, 98, 89, 47, 44, 4, 0, 0, 0, 0, 0],
                "threshold": 0.66,
                "calibrated_on": "other artists than the test set's",
            },
            "svm": {
                "n": 290,
                "coverage": 0.9,
                "interval": [0.86, 0.93],
                "mean_size": 3.4,
                "sizes": [0, 29, 58, 87, 116, 0, 0, 0, 0, 0, 0],
                "calibrated_on": "four fifths of the test artists",
            },
        },
    }
