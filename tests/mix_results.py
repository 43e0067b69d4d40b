"""Made-up results of mixes, in the form of models/mixes.json, and a made-up explained mix."""

from __future__ import annotations

from typing import Any

import numpy as np

from core.audio.io import Audio
from core.constants import LOCALISATION_METHODS
from core.features.spectrogram import FeatureParameters
from core.listening.explained_mix import ExplainedMix
from core.listening.mixing import Gate, Mix


def result(mean: float, difference: float, advantage: float, width: float = 0.02) -> dict[str, Any]:
    """Result of a method with symmetric intervals."""
    return {
        "mean": mean,
        "interval": [mean - width, mean + width],
        "difference": difference,
        "difference_interval": [difference - width, difference + width],
        "advantage": advantage,
        "advantage_interval": [advantage - width, advantage + width],
    }


def part(default: float = 0.4, chance: float = 0.3, **others: float) -> dict[str, Any]:
    """Results of one kind of mix: every method at chance, but for the default and the others.

    Parameters
    ----------
    default, chance : float
        Share of the default method, and share of the target's cells.
    **others : float
        Shares of other methods, by name.

    Returns
    -------
    dict
        An entry of `kinds`.
    """
    shares = dict.fromkeys(LOCALISATION_METHODS, chance) | {"shap": default} | others
    methods = {
        method: dict.fromkeys(
            ("kept", "mass", "gate_kept", "gate_mass"),
            result(share, share - shares["random"], default - share),
        )
        for method, share in shares.items()
    }
    for name in ("mass", "gate_mass"):
        methods["extremal"] = {
            key: value for key, value in methods["extremal"].items() if key != name
        }
    return {
        "mixes": 120,
        "songs": 50,
        "genres": {"blues": 60, "rock": 60},
        "chance": chance,
        "gate_chance": 0.5,
        "ceiling": 0.95,
        "probability": 0.3,
        "methods": methods,
    }


def results(**shares: float) -> dict[str, Any]:
    """Results of one model, ``"cnn"``.

    Parameters
    ----------
    **shares : float
        As in `part`, for all kinds.

    Returns
    -------
    dict
        As the content of the file.
    """
    every = part(**shares)
    few = {"mixes": 0, "songs": 0, "genres": {}}
    return {
        "seed": 0,
        "keep": 0.2,
        "min_probability": 0.1,
        "min_share": 0.05,
        "most_per_song": 4,
        "models": {
            "cnn": {
                "weights": "0" * 64,
                "pieces": 574,
                "correct": 351,
                "dropped": {"improbable": 162, "small": 3, "silent": 1},
                "kinds": {"all": every, "seconds": every, "bands": every, "predicted": few},
                "levels": {"-6": every | {"mixes": 1, "equal": part(0.45, 0.3)}, "+6": few},
            }
        },
    }


def example(gate: Gate) -> ExplainedMix:
    """An explained mix with a quarter of its cells kept, half of them on the target."""
    shape = (10, 128)
    kept, truth = np.zeros(shape, bool), np.zeros(shape, bool)
    kept[:, :32] = truth[:, 16:64] = True
    one, two = Audio(np.zeros(9, np.float32), name="A*"), Audio(np.zeros(9, np.float32), name="B")
    return ExplainedMix(
        mix=Mix(one, one, two, gate),
        target_genre="hiphop",
        other_genre="jazz",
        probability=0.42,
        parameters=FeatureParameters(),
        level=np.zeros(shape),
        truth=truth,
        kept=kept,
        important=one,
    )
