"""Experiments: training and measuring a selection of models under one protocol."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from core.data.feature_sets import FeatureSet
from core.data.gtzan import TrackSet
from core.data.splits import FOLDS, Split, artist_folds, split_tracks
from core.data.taggrams import read_taggrams
from core.errors import DatasetError
from core.evaluation.metrics import mcnemar, song_votes
from core.evaluation.scores import save_scores, summary
from core.features.extractors import EXTRACTORS
from core.models.registry import (
    DEFAULT_MODELS,
    ENSEMBLE,
    FEATURE_MODELS,
    MUSICNN,
    SHOWN_MODELS,
    SPECTROGRAM_MODELS,
)
from core.models.spectrogram_models import SpectrogramModel
from core.networks import musicnn
from core.training import feature_models, musicnn_head, musicnn_tags
from core.training.ensemble import record_ensemble
from core.training.fit import Settings
from core.training.hyperparameters import hyperparameters
from core.training.novelty import calibrated, groups_of
from core.training.novelty_recordings import (
    TaggedSongs,
    genre_layer,
    held_out_of_folds,
    recorded_segments,
)
from core.training.progress import EpochBars, reporter
from core.training.records import Folders, Result, describe_data, record
from core.training.sources import Sources
from core.training.spectrogram_models import SpectrogramTrainer

CROSS_VALIDATION = "folds"  # five folds by artist; no protocol of its own, so it has no weights


@dataclass(frozen=True, eq=False)
class Experiment:
    """Selection of models to train under one protocol.

    Parameters
    ----------
    models : tuple of str
        Models, see `core.models.registry.MODELS`.
    protocol : str
        ``"artist"``, ``"track"``, ``"segment"`` or ``"folds"`` (cross-validation by artist).
    sources : Sources
        Training data.
    folders : Folders
        Output folders.
    seed : int
        Seed of splits and fits.
    overrides : mapping
        Changes of the hyperparameters of all spectrogram models: fields of
        `core.training.fit.Settings`.
    pca : float, optional
        See `core.networks.classical.build_estimator`.
    resume : bool
        Whether to resume an interrupted run.
    """

    models: tuple[str, ...]
    protocol: str
    sources: Sources
    folders: Folders
    seed: int = 0
    overrides: Mapping[str, Any] = field(default_factory=dict)
    pca: float | None = None
    resume: bool = False

    def settings(self) -> dict[str, Settings]:
        """Hyperparameters of all spectrogram models."""
        return {
            name: replace(hyperparameters(name, self.protocol), **self.overrides)
            for name in SPECTROGRAM_MODELS
        }

    def spectrogram_models(self) -> list[str]:
        """List the selected spectrogram models."""
        return [name for name in SPECTROGRAM_MODELS if name in self.models]

    def describe_data(self, split: Split, tracks: TrackSet) -> dict[str, Any]:
        """Describe the training data of a spectrogram model for its card."""
        return describe_data(
            split,
            tracks,
            self.seed,
            self.sources.read_from,
            with_teacher=bool(self.sources.taggrams),
        )

    def trainer(
        self, tracks: TrackSet, split: Split, folder: Path, bars: EpochBars
    ) -> SpectrogramTrainer:
        """Build the trainer of spectrogram models on one split."""
        return SpectrogramTrainer(
            tracks,
            split,
            self.settings(),
            folder,
            seed=self.seed,
            taggrams=read_taggrams(self.sources.taggrams, tracks),
            resume=self.resume,
            progress=bars,
        )


def train(experiment: Experiment) -> None:
    """Train and measure models, and write what `core.training.records` describes.

    Parameters
    ----------
    experiment : Experiment
        What to train, on which data.

    Raises
    ------
    DatasetError
        If training data are missing or cannot be used.
    """
    if experiment.protocol == CROSS_VALIDATION:
        cross_validate(experiment)
        return
    train_spectrogram_models(experiment)
    train_feature_models(experiment)
    if MUSICNN in experiment.models:
        train_musicnn(experiment)
    if ENSEMBLE in experiment.models:
        record_ensemble(experiment.folders, SHOWN_MODELS, experiment.protocol, experiment.seed)


def _is_skipped(name: str, protocol: str) -> bool:
    """Test whether a model is skipped, and print the reason."""
    if name in SPECTROGRAM_MODELS:
        whole_clip = SPECTROGRAM_MODELS[name].whole_clip
    else:
        whole_clip = EXTRACTORS[FEATURE_MODELS[name].features].segments > 1
    if whole_clip and protocol == "segment":
        print(
            f"Skipped {name}: it classifies whole clips, so it cannot be tested on unseen segments."
        )
        return True
    return False


def train_spectrogram_models(experiment: Experiment) -> None:
    """Train and record the spectrogram models, and compare CNN and CNN-LSTM by McNemar's test."""
    bars = EpochBars()
    correct: dict[str, np.ndarray] = {}
    for name in experiment.spectrogram_models():
        if _is_skipped(name, experiment.protocol):
            continue
        parameters = SPECTROGRAM_MODELS[name].parameters(experiment.sources.tracks.parameters)
        tracks = replace(experiment.sources.tracks, parameters=parameters)
        split = split_tracks(tracks, experiment.protocol, experiment.seed)
        trainer = experiment.trainer(tracks, split, experiment.folders.runs, bars)
        result, final = trainer.train(name)
        bars.close()
        data = experiment.describe_data(split, tracks)
        record(result, experiment.folders, partial(trainer.package, result, final, data))
        correct[name] = correct_votes(result)
    if set(DEFAULT_MODELS) <= correct.keys():
        test = mcnemar(*(correct[name] for name in DEFAULT_MODELS))
        save_scores(
            experiment.folders.models,
            f"mcnemar/{experiment.protocol}",
            {"models": list(DEFAULT_MODELS), "unit": "song", **test},
        )


def correct_votes(result: Result) -> np.ndarray:
    """Whether the vote on each test song is correct, `shape=(songs,)`, bool."""
    votes, labels = song_votes(result.probabilities, result.labels, result.segments.track)
    return votes.argmax(axis=1) == labels


def train_feature_models(experiment: Experiment) -> None:
    """Train and record the feature models; features that several models need are extracted once."""
    extracted: dict[tuple[str, str], tuple[TrackSet, FeatureSet]] = {}
    for name in experiment.models:
        if name not in FEATURE_MODELS or _is_skipped(name, experiment.protocol):
            continue
        spec = FEATURE_MODELS[name]
        key = spec.features, spec.source
        if key not in extracted:
            extracted[key] = experiment.sources.features(*key, experiment.folders.cache)
        tracks, features = extracted[key]
        split = split_tracks(tracks, experiment.protocol, experiment.seed)
        result, final = feature_models.train(
            name, features, tracks, split, experiment.seed, experiment.pca
        )
        read_from = experiment.sources.description(spec.source)
        record(
            result, experiment.folders, partial(feature_models.package, result, final, read_from)
        )


def train_musicnn(experiment: Experiment) -> None:
    """Train and record the genre layer on top of MSD-musicnn."""
    from tqdm import tqdm

    sources = experiment.sources
    folder = sources.required_musicnn()

    @cache
    def tagger() -> keras.Model:
        network = musicnn.build_tagger()
        try:
            musicnn.read_weights(network, folder)
        except OSError as error:
            raise DatasetError(str(error)) from error
        return network

    with tqdm(desc="musicnn tags", unit="recording") as bar:
        tags = musicnn_tags.cached_tags(
            sources.recordings,
            musicnn_tags.weight_files(folder),
            tagger,
            experiment.folders.cache,
            reporter(bar),
        )
    stored = read_taggrams(sources.taggrams, sources.tracks)
    split = split_tracks(sources.tracks, experiment.protocol, experiment.seed)
    result, head = musicnn_head.train(
        musicnn_tags.tag_table(tags, stored, sources.tracks),
        sources.tracks,
        split,
        experiment.seed,
        musicnn_tags.agreement(tags, stored, sources.tracks),
    )
    trained = {sources.tracks.track_ids[track] for track in split.refit.track}

    def package() -> SpectrogramModel:
        model = musicnn_head.package(
            result,
            head,
            tagger(),
            musicnn_head.choose_recorded_background(sources.recordings, trained, experiment.seed),
            experiment.describe_data(split, sources.tracks),
        )
        with tqdm(desc="musicnn novelty", unit="recording") as bar:
            segments = recorded_segments(
                model, sources.recordings, experiment.folders.cache, reporter(bar)
            )
        songs = TaggedSongs(segments, stored, sources.tracks)
        known = songs.song_set(genre_layer(model), np.unique(split.refit.track))
        held_out = held_out_of_folds(songs, sources.tracks, split)
        model.novelty_score, model.card["genre_sets"] = calibrated(
            known, held_out, groups_of(MUSICNN)
        )
        return model

    record(result, experiment.folders, package)


def cross_validate(experiment: Experiment) -> None:
    """Measure spectrogram models on five folds by artist, without early stopping."""
    bars = EpochBars()
    metrics: dict[str, list[dict[str, Any]]] = {
        name: [] for name in experiment.spectrogram_models()
    }
    skipped = [name for name in experiment.models if name not in SPECTROGRAM_MODELS]
    if skipped:
        print(f"Skipped: {', '.join(skipped)}. Cross-validation covers spectrogram models only.")
    for fold in range(FOLDS):
        for name in metrics:
            parameters = SPECTROGRAM_MODELS[name].parameters(experiment.sources.tracks.parameters)
            tracks = replace(experiment.sources.tracks, parameters=parameters)
            split = artist_folds(tracks, FOLDS, experiment.seed)[fold]
            trainer = experiment.trainer(
                tracks, split, experiment.folders.runs / f"fold{fold + 1}", bars
            )
            final = trainer.refit(name, trainer.settings[name].epochs)
            bars.close()
            _, measured = trainer.measure(final)
            metrics[name].append(measured)
            print(summary(name, f"fold {fold + 1}", measured))
    for name, folds in metrics.items():
        _record_folds(experiment, name, folds)


def _record_folds(experiment: Experiment, name: str, folds: list[dict[str, Any]]) -> None:
    """Write mean and deviation of a model's accuracy over the folds."""
    accuracies = {
        unit: np.array([fold[unit]["accuracy"] for fold in folds]) for unit in ("song", "segment")
    }
    save_scores(
        experiment.folders.models,
        f"{name}/{CROSS_VALIDATION}",
        {
            "model": name,
            "protocol": CROSS_VALIDATION,
            "seed": experiment.seed,
            "tracks": sum(fold["tracks"] for fold in folds),
            **{
                unit: {"mean": values.mean(), "deviation": values.std(ddof=1)}
                for unit, values in accuracies.items()
            },
            "folds": folds,
        },
    )
    song = accuracies["song"]
    print(
        f"{name}, {FOLDS} folds by artist: song vote accuracy {song.mean():.3f} "
        f"± {song.std(ddof=1):.3f}"
    )
