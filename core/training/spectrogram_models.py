"""Training of the spectrogram models.

Every model is trained in the same order: the network is fitted on `train` and stopped early on
`valid`; its temperature is fitted on `valid`, or together with offsets by cross-validation on
`refit`; a second network is fitted on `refit`, which includes `valid`, for the number of epochs
that the first fit chose. Only then is the second network measured on `test`, once: no choice
depends on the test set.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.constants import GENRES
from core.data.gtzan import TrackSet
from core.data.segments import standardisation
from core.data.splits import Segments, Split, folds_within
from core.evaluation.calibration import apply_temperature, fit_offsets, fit_temperature
from core.evaluation.metrics import evaluate
from core.models.registry import SPECTROGRAM_MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.networks.compression import compress
from core.networks.spectrogram_networks import (
    build_network,
    serving_network,
    set_standardisation,
    shift_logits,
)
from core.storage import write_json
from core.training.augmentation import BatchMaker
from core.training.background import PER_GENRE, choose_background
from core.training.distillation import soft_labels
from core.training.fit import Fit, Settings, finished_epochs
from core.training.fitted_network import FittedNetwork, network_inputs, predict
from core.training.novelty import calibrated, groups_of
from core.training.novelty_networks import Fold, held_out_of_networks, song_set, song_tags
from core.training.progress import EpochBars
from core.training.records import Result, model_card
from core.training.run_folder import array_digest, begin, check, describe, has_begun, remove_fits

CALIBRATION_FOLDS = 3
FIT_LABELS = {"train": "training", "refit": "final fit"}  # of the sets, on progress bars


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
            Model, see `core.models.registry.SPECTROGRAM_MODELS`.

        Returns
        -------
        result : Result
            With predictions for validation and test set.
        final : FittedNetwork
            Network fitted on `refit`.
        """
        settings = self.settings[name]
        if not self.resume:
            remove_fits(self.folder, name)
        first = self.fit(name, "train", self.split.train, settings, self.split.valid)
        uncalibrated = first.predict(self.tracks, self.split.valid)
        labels = self.tracks.labels[self.split.valid.track]
        if settings.offset_penalty:
            temperature, offsets = self.cross_calibrate(name, first.best_epoch)
        else:
            temperature, offsets = fit_temperature(uncalibrated, labels), np.zeros(len(GENRES))
        calibrated = apply_temperature(uncalibrated, temperature, offsets)
        final = self.refit(name, first.best_epoch)
        shift_logits(final.network, temperature * offsets)
        probabilities, test = self.measure(final, temperature)
        seconds = sum(row.get("seconds", 0.0) for row in (*first.history, *final.history))
        scores = {
            "epochs": first.best_epoch,
            "temperature": temperature,
            "offsets": offsets.tolist(),
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

    def cross_calibrate(self, name: str, epochs: int) -> tuple[float, np.ndarray]:
        """Fit temperature and offsets on held-out predictions: folds of `refit` by artist.

        Which genres a network predicts too rarely depends on the artists, and the validation set
        alone has too few of them. The result is stored for a run that is resumed.

        Parameters
        ----------
        name : str
            Model.
        epochs : int
            Number of epochs of each fit.

        Returns
        -------
        temperature : float
            Divisor of the logits.
        offsets : np.ndarray [shape=(10,)]
            Added to the logits after the division.
        """
        file = self.folder / f"{name}-calibration.json"
        settings = replace(self.settings[name], epochs=epochs)
        description = self.describe(self.split.refit, settings)
        if self.resume and (stored := _stored_calibration(file, description)):
            return stored
        probabilities, labels = [], []
        for part, fitted, held_out in self.calibration_folds(name):
            network = self.fit(name, part, fitted, settings, None)
            probabilities.append(network.predict(self.tracks, held_out))
            labels.append(self.tracks.labels[held_out.track])
        temperature, offsets = fit_offsets(
            np.concatenate(probabilities), np.concatenate(labels), settings.offset_penalty
        )
        found = {"temperature": temperature, "offsets": offsets.tolist()}
        write_json(file, {**found, "run": description})
        return temperature, offsets

    def calibration_folds(self, name: str) -> list[tuple[str, Segments, Segments]]:
        """List the fits that hold out artists: name, segments fitted on, segments held out."""
        if not self.settings[name].offset_penalty:
            return [("train", self.split.train, self.split.valid)]
        folds = folds_within(self.tracks, self.split.refit, CALIBRATION_FOLDS)
        return [(f"fold{number}", *fold) for number, fold in enumerate(folds, start=1)]

    def fit(
        self,
        name: str,
        part: str,
        segments: Segments,
        settings: Settings,
        valid: Segments | None,
        *,
        resume: bool | None = None,
    ) -> FittedNetwork:
        """Fit a network.

        Parameters
        ----------
        name : str
            Model.
        part : {"train", "refit", "fold1", …}
            Name of the set to fit on; part of the name of the checkpoint folder.
        segments : Segments
            Set to fit on.
        settings : Settings
            Settings of the fit.
        valid : Segments, optional
            Validation set that tells the best epoch; without it the last epoch counts.
        resume : bool, optional
            Whether to resume an interrupted fit; by default as the trainer does. True loads a
            finished fit, too, if it had more epochs.

        Returns
        -------
        FittedNetwork
            With the averaged weights of the best epoch; compressed, if the model is.

        Raises
        ------
        TrainingError
            If a fit with other settings or data was interrupted, see `core.training.run_folder`.
        """
        statistics = standardisation(self.tracks, segments)
        keras.utils.set_random_seed(self.seed)
        n_tags = 0 if self.taggrams is None else self.taggrams.shape[2]
        network = build_network(name, self.tracks.parameters, n_tags, settings.dropout)
        set_standardisation(network, statistics.mean, statistics.scale, self.tracks.parameters)
        folder = self.folder / f"{name}-{part}"
        loaded = resume is True  # a fit of this run, whose number of epochs was larger perhaps
        resume = (self.resume if resume is None else resume) and has_begun(folder)
        description = self.describe(segments, settings)
        if resume:
            check(folder, description, any_epochs=loaded)
        else:
            begin(folder, description)
        # Soft labels take long, and a finished fit needs none.
        finished = resume and finished_epochs(folder) >= settings.epochs
        labels = None
        if self.taggrams is not None and not finished:
            labels = soft_labels(self.taggrams, self.tracks, segments, self.seed)
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
        fit = Fit(network, batches, settings, folder)
        if resume:
            fit.resume()
        validate = None
        if valid is not None:
            inputs = network_inputs(self.tracks, valid, statistics)
            truth = self.tracks.labels[valid.track]

            def validate() -> tuple[np.ndarray, np.ndarray]:
                return predict(network, inputs), truth

        label = f"{name}, {FIT_LABELS.get(part, part)}"
        fit.run(validate, lambda row: self.progress(label, row["epoch"], settings.epochs, row))
        if settings.compressed:
            large, network = (
                network,
                build_network(name, self.tracks.parameters, n_tags, compressed=True),
            )
            compress(large, network, network_inputs(self.tracks, segments, statistics))
        return FittedNetwork(network, statistics, fit.best_epoch, fit.history)

    def describe(self, segments: Segments, settings: Settings) -> dict[str, Any]:
        """Describe a fit: everything that its result depends on."""
        return describe(
            asdict(settings),
            seed=self.seed,
            tracks=array_digest(self.tracks.frames, self.tracks.labels),
            segments=array_digest(segments.track, segments.start),
            taggrams=array_digest(self.taggrams),
        )

    def refit(self, name: str, epochs: int) -> FittedNetwork:
        """Fit a network on `refit` for a given number of epochs."""
        settings = replace(self.settings[name], epochs=epochs)
        return self.fit(name, "refit", self.split.refit, settings, None)

    def measure(
        self, fitted: FittedNetwork, temperature: float = 1.0
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
        temperature = result.scores["temperature"]
        # The offsets are part of the final network's weights.
        known = song_set(final, self.tracks, self.split.refit, temperature)
        tags = song_tags(self.taggrams)
        folds = self.held_out(name, result.scores["epochs"])
        held_out = held_out_of_networks(folds, result.scores, tags)
        score, card["genre_sets"] = calibrated(known, held_out, groups_of(name), tags)
        network = serving_network(final.network, temperature)
        return SpectrogramModel(network, card, background, score)

    def held_out(self, name: str, epochs: int) -> Iterator[Fold]:
        """Load or fit the networks of the calibration folds.

        Parameters
        ----------
        name : str
            Model.
        epochs : int
            Number of epochs of the final network.

        Yields
        ------
        Fold
            Network with the segments that it was fitted on and those held out.
        """
        settings = replace(self.settings[name], epochs=epochs)
        for part, fitted, rest in self.calibration_folds(name):
            network = self.fit(name, part, fitted, settings, None, resume=True)
            yield Fold(network, self.tracks, fitted, rest)


def _stored_calibration(file: Path, description: dict[str, Any]) -> tuple[float, np.ndarray] | None:
    """Read a stored calibration; None if there is none of the same run."""
    try:
        stored = json.loads(file.read_text(encoding="utf-8"))
        if stored["run"] != description:
            return None
        return float(stored["temperature"]), np.array(stored["offsets"], dtype=np.float64)
    except (OSError, ValueError, TypeError, LookupError):
        return None
