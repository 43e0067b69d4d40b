"""Fit of a network: AdamW with a cosine schedule, averaged weights, early stopping, checkpoints.

A fit has a folder. ``checkpoints/`` holds everything that an interrupted fit needs to continue as
if it had not been interrupted: weights, their moving averages, the best weights so far, optimiser
and random generators. ``history.json`` has one row per epoch, ``logs/`` the same for TensorBoard.
The moving average of the weights (Polyak) is used as in Tarvainen & Valpola (2017).

Keras' callbacks `BackupAndRestore`, `EarlyStopping` and `SwapEMAWeights` cannot replace this code:
the first does not save random generators nor the state of the other two, so a resumed fit would
differ from an uninterrupted one.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from core.errors import TrainingError
from core.evaluation.metrics import cross_entropy
from core.storage import write_json
from core.training.augmentation import Augmentation, BatchMaker
from core.training.run_folder import HISTORY, read_history

Report = Callable[[dict[str, Any]], None]


@dataclass(frozen=True)
class Settings:
    """Hyperparameters of a fit; the names of the fields are stored on model cards.

    Parameters
    ----------
    epochs, steps : int
        Number of epochs, and of batches per epoch.
    batch_size : int
        Excerpts per batch.
    learning_rate : float
        Peak of the cosine schedule, which is reached after a warm-up of up to two epochs.
    weight_decay : float
        Decoupled weight decay (AdamW).
    dropout : float
        Share of units that are dropped, see `core.networks.spectrogram_networks.build_network`.
    label_smoothing : float
        Share of the target that is spread over all genres.
    average : float
        Decay of the moving averages of the weights, which are the weights in use.
    taught : float
        Weight of the tag loss, relative to the genre loss.
    patience : int
        Epochs without a lower validation loss before the fit stops.
    offset_penalty : float
        See `core.evaluation.calibration.fit_offsets`; zero to fit a temperature without offsets.
    compressed : bool
        Whether the fitted network is compressed, see `core.networks.compression`.
    augmentation : Augmentation
        Strength of the data augmentation.
    """

    epochs: int = 40
    steps: int = 100
    batch_size: int = 64
    learning_rate: float = 2e-3
    weight_decay: float = 1e-3
    dropout: float = 0.6
    label_smoothing: float = 0.05
    average: float = 0.995
    taught: float = 1.0
    patience: int = 15
    offset_penalty: float = 0.0
    compressed: bool = False
    augmentation: Augmentation = field(default_factory=Augmentation)


def finished_epochs(folder: Path) -> int:
    """Count the epochs of a fit that are finished; zero without a history."""
    try:
        return len(json.loads((folder / HISTORY).read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return 0


class Fit:
    """A fit that can be interrupted and resumed.

    Parameters
    ----------
    network : keras.Model
        Network with two outputs, genre logits and tag logits.
    batches : BatchMaker
        Source of training batches.
    settings : Settings
        Hyperparameters.
    folder : Path
        Folder of checkpoints, history and logs.

    Attributes
    ----------
    history : list of dict
        One row per finished epoch, see `run`.
    """

    def __init__(
        self, network: keras.Model, batches: BatchMaker, settings: Settings, folder: Path
    ) -> None:
        self.network = network
        self.batches = batches
        self.settings = settings
        self.folder = folder
        self.history: list[dict[str, Any]] = []
        total = settings.epochs * settings.steps
        warmup = min(2 * settings.steps, max(total // 10, 1))
        schedule = keras.optimizers.schedules.CosineDecay(
            settings.learning_rate * 0.02,
            max(total - warmup, 1),
            alpha=0.005,
            warmup_target=settings.learning_rate,
            warmup_steps=warmup,
        )
        self.optimizer = keras.optimizers.AdamW(
            schedule, weight_decay=settings.weight_decay, clipnorm=1.0
        )
        self.optimizer.build(network.trainable_variables)
        self.averages = [tf.Variable(value) for value in network.trainable_variables]
        self.best = [tf.Variable(value) for value in network.variables]
        self.best_loss = tf.Variable(np.inf, dtype=tf.float64)
        self.epoch = tf.Variable(0, dtype=tf.int64)
        self.loss = tf.Variable(0, dtype=tf.float64)  # of this epoch, as in the history
        self._manager = tf.train.CheckpointManager(
            tf.train.Checkpoint(
                variables=list(network.variables),
                optimizer=list(self.optimizer.variables),
                averages=self.averages,
                best=self.best,
                best_loss=self.best_loss,
                epoch=self.epoch,
                loss=self.loss,
                generator=batches.generator,
            ),
            str(folder / "checkpoints"),
            max_to_keep=1,
        )
        self._loss = keras.losses.CategoricalCrossentropy(
            from_logits=True, label_smoothing=settings.label_smoothing
        )
        self._train = tf.function(self._steps)

    def resume(self) -> int:
        """Restore the state at the end of the last finished epoch.

        Returns
        -------
        int
            Number of finished epochs; zero without a checkpoint.

        Raises
        ------
        TrainingError
            If the checkpoint is damaged, or belongs to another history or network.
        """
        if self._manager.latest_checkpoint:
            try:
                self._manager.restore_or_initialize()
            except (ValueError, tf.errors.OpError) as error:
                raise TrainingError(
                    f"The checkpoint in {self.folder} cannot be read. Omit --resume to start anew."
                ) from error
            self.history = read_history(self.folder, int(self.epoch), float(self.loss))
        return int(self.epoch)

    def _steps(self, count: tf.Tensor) -> tf.Tensor:
        """Train on batches; the result is the mean genre loss."""
        total = tf.constant(0.0)
        decay = self.settings.average
        for _ in tf.range(count):
            mfcc, genres, tags, has_tags = self.batches.batch()
            with tf.GradientTape() as tape:
                logits, tag_logits = self.network(mfcc, training=True)
                loss = self._loss(genres, logits)
                by_tag = tf.nn.sigmoid_cross_entropy_with_logits(tags, tag_logits)
                tag_loss = tf.reduce_mean(tf.reduce_mean(by_tag, axis=1) * has_tags)
                # A factor of five brings the mean over 50 rare tags to the scale of `loss`.
                objective = loss + 5.0 * self.settings.taught * tag_loss
            variables = self.network.trainable_variables
            self.optimizer.apply(tape.gradient(objective, variables), variables)
            for average, variable in zip(self.averages, variables, strict=True):
                average.assign(decay * average + (1 - decay) * variable)
            total += loss
        return total / tf.cast(count, tf.float32)

    def _swap_averages(self) -> None:
        """Exchange the current weights and their averages."""
        for average, variable in zip(self.averages, self.network.trainable_variables, strict=True):
            current = variable.numpy()
            variable.assign(average)
            average.assign(current)

    def run(
        self, validate: Callable[[], tuple[np.ndarray, np.ndarray]] | None, report: Report
    ) -> None:
        """Train until the last epoch or early stopping, and load the averaged weights to be used.

        Parameters
        ----------
        validate : callable, optional
            Computes probabilities and labels of the validation set. The epoch with the lowest loss
            there is used; without validation, the last epoch is.
        report : callable
            Called with the row of each finished epoch: `epoch`, `loss`, `seconds`, and with
            validation `valid_loss`, `valid_accuracy`.
        """
        writer = tf.summary.create_file_writer(str(self.folder / "logs"))
        while int(self.epoch) < self.settings.epochs and not self._stops_early():
            epoch = int(self.epoch) + 1
            started = time.monotonic()
            row: dict[str, Any] = {
                "epoch": epoch,
                "loss": float(self._train(tf.constant(self.settings.steps))),
            }
            self._swap_averages()
            if validate:
                probabilities, labels = validate()
                row["valid_loss"] = cross_entropy(probabilities, labels)
                row["valid_accuracy"] = float((probabilities.argmax(axis=1) == labels).mean())
            if not validate or row["valid_loss"] < float(self.best_loss):
                self.best_loss.assign(row.get("valid_loss", np.inf))
                for best, variable in zip(self.best, self.network.variables, strict=True):
                    best.assign(variable)
            self._swap_averages()
            row["seconds"] = round(time.monotonic() - started, 2)
            self.history.append(row)
            self.epoch.assign(epoch)
            self.loss.assign(row["loss"])
            write_json(self.folder / HISTORY, self.history)
            self._manager.save()
            with writer.as_default(step=epoch):
                for key in row.keys() - {"epoch"}:
                    tf.summary.scalar(key, row[key])
            writer.flush()
            report(row)
        for best, variable in zip(self.best, self.network.variables, strict=True):
            variable.assign(best)

    @property
    def best_epoch(self) -> int:
        """Epoch whose weights are used."""
        if not self.history or "valid_loss" not in self.history[0]:
            return len(self.history)
        return 1 + int(np.argmin([row["valid_loss"] for row in self.history]))

    def _stops_early(self) -> bool:
        return len(self.history) - self.best_epoch >= self.settings.patience
