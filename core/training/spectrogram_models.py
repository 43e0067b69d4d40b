"""Whole training runs: fit on one side, choose on the second, fit again, measure on the third.

The order of a run, for each model: the network is fitted on `train` and stopped by `valid`; the
temperature is fitted on `valid`; it is fitted again on `refit` (which includes `valid`) for the
epochs that the first fit chose; then, once, it is measured on `test`.
Nothing that is chosen ever sees `test`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.special

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.segments import Standardisation, segment_mfcc, standardisation
from core.data.splits import Segments, Split
from core.evaluation.calibration import apply_temperature, fit_temperature
from core.evaluation.metrics import evaluate
from core.models.registry import SPECTROGRAM_MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.networks.spectrogram_networks import (
    build_network,
    serving_network,
    set_standardisation,
    transfer_weights,
)
from core.training.augmentation import BatchMaker
from core.training.background import PER_GENRE, choose_background
from core.training.distillation import soft_labels
from core.training.fit import Fit, Settings

EVALUATION_BATCH = 256  # segments at a time

Progress = Callable[[str, int, int, dict[str, Any]], None]


class Run:
    """The training of some models on one split.

    Parameters
    ----------
    tracks : TrackSet
        The tracks.
    split : Split
        Their sides.
    settings : dict of str to Settings
        How to fit each model.
    folder : Path
        Where checkpoints, histories and logs go.
    seed : int
        Seed of the weights and batches.
    taggrams : np.ndarray, optional
        As `core.data.taggrams.read_taggrams` returns them.
    resume : bool
        Go on where a killed run stopped.
    progress : callable
        Told the fit's name, epochs done, epochs in all and the epoch's row.
    """

    def __init__(
        self,
        tracks: TrackSet,
        split: Split,
        settings: dict[str, Settings],
        folder: Path,
        *,
        seed: int,
        taggrams: np.ndarray | None,
        resume: bool,
        progress: Progress,
    ) -> None:
        self.tracks = tracks
        self.split = split
        self.settings = settings
        self.folder = folder
        self.seed = seed
        self.taggrams = taggrams
        self.resume = resume
        self.progress = progress

    def _fit(
        self, name: str, part: str, segments: Segments, settings: Settings, valid: Segments | None
    ) -> tuple[keras.Model, Fit, Standardisation]:
        """Fit a network on `segments`; a CNN-LSTM first gets the CNN of the same part."""
        statistics = standardisation(self.tracks, segments)
        keras.utils.set_random_seed(self.seed)
        n_tags = 0 if self.taggrams is None else self.taggrams.shape[2]
        network = build_network(name, self.tracks.parameters, n_tags, settings.dropout)
        set_standardisation(network, statistics.mean, statistics.scale, self.tracks.parameters)
        batches = BatchMaker(
            self.tracks,
            segments,
            statistics.mean,
            statistics.scale,
            settings.augmentation,
            settings.batch_size,
            self.seed,
            self.taggrams,
            None
            if self.taggrams is None
            else soft_labels(self.taggrams, self.tracks, segments, self.seed),
        )
        fit = Fit(network, batches, settings, self.folder / f"{name}-{part}")
        done = fit.resume() if self.resume else 0
        if not done and (needed := SPECTROGRAM_MODELS[name].starts_from):
            source = build_network(needed, self.tracks.parameters, n_tags)
            source.load_weights(self.folder / f"{needed}-{part}" / "final.weights.h5")
            transfer_weights(source, network)
            fit.start_averages()
        check = None
        if valid is not None:
            inputs = self._inputs(valid, statistics)
            labels = self.tracks.labels[valid.track]

            def check() -> tuple[np.ndarray, np.ndarray]:
                return predict(network, inputs), labels

        label = f"{name} {part}"
        fit.run(check, lambda row: self.progress(label, row["epoch"], settings.epochs, row))
        network.save_weights(fit.folder / "final.weights.h5")
        return network, fit, statistics

    def _inputs(self, segments: Segments, statistics: Standardisation) -> np.ndarray:
        mfcc = segment_mfcc(self.tracks, segments)
        return ((mfcc - statistics.mean) / statistics.scale).astype(np.float32)[..., np.newaxis]

    def choose(self, name: str) -> dict[str, Any]:
        """Fit on `train`, stop and calibrate on `valid`.

        Parameters
        ----------
        name : str
            The model.

        Returns
        -------
        dict
            `epochs`, `temperature`, `history`, `valid` metrics, and the calibrated `answers`
            ``(n, 10)`` to that side.
        """
        settings = self.settings[name]
        network, fit, statistics = self._fit(
            name, "train", self.split.train, settings, self.split.valid
        )
        rows = predict(network, self._inputs(self.split.valid, statistics))
        labels = self.tracks.labels[self.split.valid.track]
        temperature = fit_temperature(rows, labels)
        calibrated = apply_temperature(rows, temperature)
        return {
            "epochs": fit.best_epoch,
            "temperature": temperature,
            "history": fit.history,
            "valid": evaluate(calibrated, labels, self.split.valid.track),
            "answers": calibrated,
        }

    def fit_again(
        self, name: str, epochs: int
    ) -> tuple[keras.Model, Standardisation, list[dict[str, Any]]]:
        """Fit on `refit` for as many epochs as were chosen.

        Parameters
        ----------
        name : str
            The model.
        epochs : int
            Epochs, of the same number of batches.

        Returns
        -------
        network : keras.Model
            The fitted network.
        statistics : Standardisation
            Of the larger training side.
        history : list of dict
            One row an epoch.
        """
        settings = replace(self.settings[name], epochs=epochs)
        network, fit, statistics = self._fit(name, "refit", self.split.refit, settings, None)
        return network, statistics, fit.history

    def measure(
        self, network: keras.Model, statistics: Standardisation, temperature: float
    ) -> tuple[dict[str, Any], np.ndarray]:
        """Measure a network on `test`.

        Parameters
        ----------
        network : keras.Model
            Fitted network.
        statistics : Standardisation
            What its inputs are standardised with.
        temperature : float
            Divisor of its logits.

        Returns
        -------
        metrics : dict
            As `core.evaluation.metrics.evaluate` returns them.
        probabilities : np.ndarray [shape=(n, 10)]
            Of the test side's segments.
        """
        segments = self.split.test
        rows = apply_temperature(predict(network, self._inputs(segments, statistics)), temperature)
        return evaluate(rows, self.tracks.labels[segments.track], segments.track), rows

    def describe(self, name: str) -> dict[str, Any]:
        """Return what a card says of a model's training."""
        return asdict(self.settings[name])

    def package(
        self,
        name: str,
        network: keras.Model,
        statistics: Standardisation,
        temperature: float,
        description: dict[str, Any],
    ) -> SpectrogramModel:
        """Make a model that can be saved.

        Parameters
        ----------
        name : str
            The model.
        network : keras.Model
            Fitted network.
        statistics : Standardisation
            What its inputs are standardised with.
        temperature : float
            Divisor of its logits.
        description : dict
            `data`, `training` and `metrics` of the card.

        Returns
        -------
        SpectrogramModel
            With calibrated output and a background from `refit`.
        """
        card = {
            "name": name,
            "title": SPECTROGRAM_MODELS[name].title,
            "reported": SPECTROGRAM_MODELS[name].reported,
            "differs": SPECTROGRAM_MODELS[name].differs,
            "genres": list(GENRES),
            "created": time.strftime("%Y-%m-%d"),
            "parameters": int(network.count_params()),
            "features": self.tracks.parameters.to_json(),
            "standardisation": {
                "mean": [float(value) for value in statistics.mean],
                "scale": [float(value) for value in statistics.scale],
            },
            "temperature": temperature,
            **description,
        }
        # Half a minute says ten times as much, and a gradient of it takes as much longer.
        count = 1 if SPECTROGRAM_MODELS[name].whole_clip else PER_GENRE
        background = choose_background(
            self.tracks, self.split.refit, statistics.scale, self.seed, count
        )
        return SpectrogramModel(serving_network(network, temperature), card, background)


def predict(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Return a training network's genre probabilities, shape ``(n, 10)``, temperature one."""
    logits, _ = network.predict(inputs, batch_size=EVALUATION_BATCH, verbose=0)
    return scipy.special.softmax(logits.astype(np.float64), axis=1)
