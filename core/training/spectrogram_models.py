"""Training of the spectrogram models.

Every model is trained in the same order: the network is fitted on `train` and stopped early on
`valid`; its temperature is fitted on `valid`; a second network is fitted on `refit`, which includes
`valid`, for the number of epochs that the first fit chose. Only then is the second network measured
on `test`, once: no choice depends on the test set.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import scipy.special

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
from core.training.progress import EpochBars
from core.training.records import Result, model_card

EVALUATION_BATCH = 256  # segments at a time


@dataclass(frozen=True, eq=False)
class FittedNetwork:
    """A network fitted on one set of segments.

    Parameters
    ----------
    network : keras.Model
        With the chosen weights.
    standardisation : Standardisation
        Of the MFCCs, over the same segments.
    best_epoch : int
        Epoch with the lowest validation loss; the last one without validation.
    history : list of dict
        One row per epoch, see `core.training.fit.Fit.run`.
    """

    network: keras.Model
    standardisation: Standardisation
    best_epoch: int
    history: list[dict[str, Any]]

    def predict(self, tracks: TrackSet, segments: Segments) -> np.ndarray:
        """Compute genre probabilities of segments, ``(n, 10)``, before calibration."""
        return predict(self.network, network_inputs(tracks, segments, self.standardisation))


class SpectrogramTrainer:
    """Trains networks on one split.

    Parameters
    ----------
    tracks : TrackSet
        Tracks.
    split : Split
        Training, validation and test set.
    settings : mapping of str to Settings
        Settings of the fit of each model.
    folder : Path
        Folder of checkpoints, histories and logs.
    seed : int
        Seed of weights and batches.
    taggrams : np.ndarray, optional
        Tags of the tracks, see `core.data.taggrams.read_taggrams`.
    resume : bool
        Whether to resume an interrupted run.
    progress : EpochBars
        Progress bars.
    """

    def __init__(
        self,
        tracks: TrackSet,
        split: Split,
        settings: Mapping[str, Settings],
        folder: Path,
        *,
        seed: int,
        taggrams: np.ndarray | None,
        resume: bool,
        progress: EpochBars,
    ) -> None:
        self.tracks = tracks
        self.split = split
        self.settings = settings
        self.folder = folder
        self.seed = seed
        self.taggrams = taggrams
        self.resume = resume
        self.progress = progress

    def train(self, name: str) -> tuple[Result, FittedNetwork]:
        """Train a model and measure it on the test set.

        Parameters
        ----------
        name : str
            Model, see `core.models.registry.SPECTROGRAM_MODELS`. The model that it starts from
            must have been trained before.

        Returns
        -------
        result : Result
            With predictions for validation and test set.
        final : FittedNetwork
            Network fitted on `refit`.
        """
        first = self.fit(name, "train", self.settings[name], self.split.valid)
        uncalibrated = first.predict(self.tracks, self.split.valid)
        labels = self.tracks.labels[self.split.valid.track]
        temperature = fit_temperature(uncalibrated, labels)
        calibrated = apply_temperature(uncalibrated, temperature)
        final = self.refit(name, first.best_epoch)
        probabilities, test = self.measure(final, temperature)
        seconds = sum(row.get("seconds", 0.0) for row in (*first.history, *final.history))
        scores = {
            "epochs": first.best_epoch,
            "temperature": temperature,
            "valid": evaluate(calibrated, labels, self.split.valid.track),
            "test": test,
            "parameters": int(final.network.count_params()),
            "training_s": round(seconds),
        }
        result = Result(
            name=name,
            tracks=self.tracks,
            split=self.split,
            seed=self.seed,
            segments=self.split.test,
            probabilities=probabilities,
            scores=scores,
            history={"train": first.history, "refit": final.history},
            validation=(calibrated, self.split.valid),
        )
        return result, final

    def fit(
        self, name: str, subset: str, settings: Settings, valid: Segments | None
    ) -> FittedNetwork:
        """Fit a network on one set of the split.

        Parameters
        ----------
        name : str
            Model.
        subset : {"train", "refit"}
            Set to fit on, and part of the name of the checkpoint folder. A model that starts from
            another one takes the weights that this had after the fit on the same set.
        settings : Settings
            Settings of the fit.
        valid : Segments, optional
            Validation set that tells the best epoch; without it the last epoch counts.

        Returns
        -------
        FittedNetwork
            With the averaged weights of the best epoch.
        """
        segments: Segments = getattr(self.split, subset)
        statistics = standardisation(self.tracks, segments)
        keras.utils.set_random_seed(self.seed)
        n_tags = 0 if self.taggrams is None else self.taggrams.shape[2]
        network = build_network(name, self.tracks.parameters, n_tags, settings.dropout)
        set_standardisation(network, statistics.mean, statistics.scale, self.tracks.parameters)
        labels = (
            None
            if self.taggrams is None
            else soft_labels(self.taggrams, self.tracks, segments, self.seed)
        )
        batches = BatchMaker(
            self.tracks,
            segments,
            statistics.mean,
            statistics.scale,
            settings.augmentation,
            settings.batch_size,
            self.seed,
            self.taggrams,
            labels,
        )
        fit = Fit(network, batches, settings, self.folder / f"{name}-{subset}")
        done = fit.resume() if self.resume else 0
        if not done and (source_name := SPECTROGRAM_MODELS[name].starts_from):
            source = build_network(source_name, self.tracks.parameters, n_tags)
            source.load_weights(self.folder / f"{source_name}-{subset}" / "final.weights.h5")
            transfer_weights(source, network)
            fit.start_averages()
        validate = None
        if valid is not None:
            inputs = network_inputs(self.tracks, valid, statistics)
            truth = self.tracks.labels[valid.track]

            def validate() -> tuple[np.ndarray, np.ndarray]:
                return predict(network, inputs), truth

        label = f"{name}, {'training' if subset == 'train' else 'final fit'}"
        fit.run(validate, lambda row: self.progress(label, row["epoch"], settings.epochs, row))
        network.save_weights(fit.folder / "final.weights.h5")
        return FittedNetwork(network, statistics, fit.best_epoch, fit.history)

    def refit(self, name: str, epochs: int) -> FittedNetwork:
        """Fit a network on `refit` for a given number of epochs."""
        return self.fit(name, "refit", replace(self.settings[name], epochs=epochs), None)

    def measure(
        self, fitted: FittedNetwork, temperature: float
    ) -> tuple[np.ndarray, dict[str, Any]]:
        """Measure a network on the test set.

        Parameters
        ----------
        fitted : FittedNetwork
            Network.
        temperature : float
            Divisor of its logits.

        Returns
        -------
        probabilities : np.ndarray [shape=(n, 10), range=[0, 1]]
            Calibrated predictions for the segments of the test set.
        metrics : dict
            Output of `core.evaluation.metrics.evaluate`.
        """
        segments = self.split.test
        probabilities = apply_temperature(fitted.predict(self.tracks, segments), temperature)
        return probabilities, evaluate(
            probabilities, self.tracks.labels[segments.track], segments.track
        )

    def package(
        self, result: Result, final: FittedNetwork, data: dict[str, Any]
    ) -> SpectrogramModel:
        """Build the model to be saved.

        Parameters
        ----------
        result, final
            Output of `train`.
        data : dict
            Description of the training data, see `core.training.records.describe_data`.

        Returns
        -------
        SpectrogramModel
            With calibrated output and a background from `refit`.
        """
        name = result.name
        card = model_card(
            result,
            self.tracks.parameters,
            data,
            standardisation=final.standardisation.to_json(),
            parameters=result.scores["parameters"],
            training={
                **asdict(self.settings[name]),
                "epochs": result.scores["epochs"],
                "history": result.history,
            },
        )
        # A clip holds ten times as much as a segment, and its gradients take ten times as long.
        count = 1 if SPECTROGRAM_MODELS[name].whole_clip else PER_GENRE
        background = choose_background(
            self.tracks, self.split.refit, final.standardisation.scale, self.seed, count
        )
        network = serving_network(final.network, result.scores["temperature"])
        return SpectrogramModel(network, card, background)


def network_inputs(tracks: TrackSet, segments: Segments, statistics: Standardisation) -> np.ndarray:
    """Compute the standardised MFCCs of segments, ``(n, segment_frames, n_mfcc, 1)``, float32."""
    mfcc = segment_mfcc(tracks, segments)
    return ((mfcc - statistics.mean) / statistics.scale).astype(np.float32)[..., np.newaxis]


def predict(network: keras.Model, inputs: np.ndarray) -> np.ndarray:
    """Compute genre probabilities with a training network, before calibration.

    Parameters
    ----------
    network : keras.Model
        Network with two outputs, genre logits and tag logits.
    inputs : np.ndarray [shape=(n, segment_frames, n_mfcc, 1)]
        Standardised MFCCs.

    Returns
    -------
    np.ndarray [shape=(n, 10), dtype=float64, range=[0, 1]]
        Rows sum to one.
    """
    logits, _ = network.predict(inputs, batch_size=EVALUATION_BATCH, verbose=0)
    return scipy.special.softmax(logits.astype(np.float64), axis=1)
