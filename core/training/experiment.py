"""The training command's work: the wanted models under one protocol, measured and written down."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core.data import feature_sets
from core.data.gtzan import TrackSet
from core.data.segments import segment_logmel
from core.data.splits import Split, artist_folds, split_tracks
from core.data.taggrams import read_taggrams
from core.evaluation.metrics import mcnemar, song_votes
from core.evaluation.scores import details, save_scores, summary
from core.explanation.genre_profiles import SUFFIX, genre_profiles, save_profiles
from core.features.extractors import EXTRACTORS
from core.models.registry import (
    DEFAULT_MODELS,
    ENSEMBLE,
    FEATURE_MODELS,
    MODELS,
    MUSICNN,
    SHOWN_MODELS,
    SPECTROGRAM_MODELS,
    TITLES,
    with_prerequisites,
)
from core.models.store import load_spectrogram_model, save_model
from core.networks import musicnn
from core.training import ensemble, feature_models, musicnn_head, musicnn_tags
from core.training.fit import Settings
from core.training.hyperparameters import hyperparameters
from core.training.progress import Bars, counted
from core.training.records import cost, describe, store_predictions
from core.training.spectrogram_models import Run

FOLDS = 5


@dataclass(frozen=True)
class Job:
    """What is trained, on what, and where it goes.

    Parameters
    ----------
    models : tuple of str
        Names, see `core.models.registry.TITLES`.
    tracks : TrackSet
        The training data.
    source : str
        What a card says of where they came from.
    protocol : str
        How is tested: ``"artist"``, ``"track"``, ``"segment"`` or ``"folds"``.
    seed : int
        Seed of splits and fits.
    out : Path
        Folder of the models.
    kept : Path
        Folder of what is computed once for all runs.
    runs : Path
        Folder of checkpoints and histories.
    changes : dict
        Settings that differ from the models' recipes.
    resume : bool
        Go on where a killed run stopped.
    taggrams, recordings : tuple of Path
        A teacher's tags; folders of recordings.
    musicnn, table : Path, optional
        Folder of the musicnn package; the public table of features.
    pca : float, optional
        As in `core.networks.classical.build_estimator`.
    """

    models: tuple[str, ...]
    tracks: TrackSet
    source: str
    protocol: str
    seed: int
    out: Path
    kept: Path
    runs: Path
    changes: dict[str, Any]
    resume: bool
    taggrams: tuple[Path, ...]
    recordings: tuple[Path, ...]
    musicnn: Path | None
    table: Path | None
    pca: float | None

    @property
    def valid(self) -> Path:
        """Folder of answers to the validation side."""
        return self.runs / "valid"

    def settings(self) -> dict[str, Settings]:
        """Return how each network is fitted."""
        return {
            name: replace(hyperparameters(name, self.protocol), **self.changes)
            for name in SPECTROGRAM_MODELS
        }

    def said(self, split: Split, tracks: TrackSet) -> dict[str, Any]:
        """Return what a card says of the data."""
        return describe(split, tracks, self.seed, self.source, bool(self.taggrams))

    def network_run(
        self, tracks: TrackSet, split: Split, folder: Path, name: str, bars: Bars
    ) -> Run:
        """Return the run of one network on one split of what it reads."""
        return Run(
            tracks,
            split,
            self.settings(),
            folder,
            seed=self.seed,
            taggrams=read_taggrams(self.taggrams, tracks),
            resume=self.resume,
            progress=bars,
        )


def train(job: Job) -> None:
    """Train the wanted models under a protocol, those that others start from first."""
    if job.protocol == "folds":
        train_folds(job)
        return
    train_spectrogram_models(job)
    train_feature_models(job)
    if MUSICNN in job.models:
        train_musicnn(job)
    if ENSEMBLE in job.models:
        metrics = ensemble.measure(job.out, job.valid, SHOWN_MODELS, job.protocol, job.seed)
        print(summary(ENSEMBLE, job.protocol, metrics))


def train_spectrogram_models(job: Job) -> None:
    """Train networks on spectrograms; write their figures, and by artist their weights."""
    bars = Bars()
    right = {}
    for name in with_prerequisites(job.models):
        spec = SPECTROGRAM_MODELS[name]
        if spec.whole_clip and job.protocol == "segment":
            print(f"{name} hears whole clips: no segments of one song on both sides.")
            continue
        heard = replace(job.tracks, parameters=spec.parameters(job.tracks.parameters))
        split = split_tracks(heard, job.protocol, job.seed)
        run = job.network_run(heard, split, job.runs, name, bars)
        chosen = run.choose(name)
        network, statistics, again = run.fit_again(name, chosen["epochs"])
        metrics, rows = run.measure(network, statistics, chosen["temperature"])
        bars.close()
        if name not in job.models:
            continue
        store_predictions(job.valid, name, split.protocol, chosen["answers"], heard, split.valid)
        store_predictions(job.out, name, split.protocol, rows, heard, split.test)
        votes, truths = song_votes(rows, heard.labels[split.test.track], split.test.track)
        right[name] = votes.argmax(axis=1) == truths
        seconds = sum(row.get("seconds", 0.0) for row in (*chosen["history"], *again))
        scores = {
            "model": name,
            "title": spec.title,
            "reported": spec.reported,
            "protocol": split.protocol,
            "seed": job.seed,
            "epochs": chosen["epochs"],
            "temperature": chosen["temperature"],
            "valid": chosen["valid"],
            "test": metrics,
            "parameters": int(network.count_params()),
            "training_s": round(seconds),
            **details(rows, heard.labels[split.test.track], split.test.track),
        }
        if split.protocol == "artist":
            description = {
                "data": job.said(split, heard),
                "training": {
                    **run.describe(name),
                    "epochs": chosen["epochs"],
                    "history": {"train": chosen["history"], "refit": again},
                },
                "metrics": {"protocol": split.protocol, "test": metrics, "valid": chosen["valid"]},
            }
            model = run.package(name, network, statistics, chosen["temperature"], description)
            save_model(model, job.out)
            scores |= cost(model)
        save_scores(job.out, f"{name}/{split.protocol}", scores)
        print(summary(name, split.protocol, metrics))
    if set(DEFAULT_MODELS) <= right.keys():
        test = mcnemar(right["cnn"], right["cnn_lstm"])
        save_scores(
            job.out,
            f"mcnemar/{job.protocol}",
            {"models": ["cnn", "cnn_lstm"], "unit": "song", **test},
        )


def train_feature_models(job: Job) -> None:
    """Fit the wanted models that read numbers; what several read is read once."""
    from tqdm import tqdm

    read: dict[str, feature_sets.FeatureSet] = {}
    for name in (name for name in job.models if name in FEATURE_MODELS):
        spec = FEATURE_MODELS[name]
        reader = EXTRACTORS[spec.features]
        if reader.segments > 1 and job.protocol == "segment":
            print(f"{name} hears whole clips: no segments of one song on both sides.")
            continue
        parameters = replace(job.tracks.parameters, segment_frames=reader.frames)
        tracks = replace(job.tracks, parameters=parameters)
        if spec.source == "recordings":
            # Sides are dealt among them: else a genre would have two test songs.
            tracks, files = feature_sets.recorded(job.recordings, tracks)
        if spec.features not in read:
            if spec.source == "table":
                assert job.table is not None
                read[spec.features] = feature_sets.from_table(job.table, tracks)
            elif spec.source == "recordings":
                with tqdm(desc=f"{spec.features} is read", unit="recording") as bar:
                    read[spec.features] = feature_sets.from_recordings(
                        files, tracks, reader, job.kept, counted(bar)
                    )
            else:
                read[spec.features] = feature_sets.from_logmel(tracks, reader)
        split = split_tracks(tracks, job.protocol, job.seed)
        metrics = feature_models.run(
            name,
            read[spec.features],
            tracks,
            split,
            job.seed,
            job.out,
            {"logmel": job.source, "recordings": "audio files", "table": "table of features"}[
                spec.source
            ],
            job.pca,
        )
        print(summary(name, job.protocol, metrics))


def train_musicnn(job: Job) -> None:
    """Fit the model on top of musicnn; write its figures, and by artist its weights."""
    from tqdm import tqdm

    assert job.musicnn is not None
    tagger = musicnn.build_tagger()
    musicnn.read_weights(tagger, job.musicnn)
    with tqdm(desc="musicnn listens", unit="recording") as bar:
        heard = musicnn_tags.cached_tags(
            job.kept / f"musicnn-{_key(job.recordings)}.npz", job.recordings, tagger, counted(bar)
        )
    stored = read_taggrams(job.taggrams, job.tracks)
    table = musicnn_tags.tag_table(heard, stored, job.tracks)
    split = split_tracks(job.tracks, job.protocol, job.seed)
    head, scores, answered = musicnn_head.train(table, job.tracks, split, job.seed)
    for folder, (rows, side) in ((job.valid, answered["valid"]), (job.out, answered["test"])):
        store_predictions(folder, MUSICNN, split.protocol, rows, job.tracks, side)
    proof = musicnn_tags.agreement(heard, stored, job.tracks)
    row = {
        "model": MUSICNN,
        "title": TITLES[MUSICNN],
        "reported": MODELS[MUSICNN].reported,
        "protocol": split.protocol,
        "seed": job.seed,
        "rebuilt": proof,
        **scores,
        **details(rows, job.tracks.labels[side.track], side.track),
    }
    if split.protocol == "artist":
        trained = {job.tracks.track_ids[track] for track in split.refit.track}
        background = musicnn_head.background_of(job.recordings, trained, job.seed)
        description = {
            "title": TITLES[MUSICNN],
            "reported": MODELS[MUSICNN].reported,
            "data": job.said(split, job.tracks),
            "training": {"rebuilt": proof},
            "metrics": {"protocol": "artist", "test": scores["test"], "valid": scores["valid"]},
        }
        model = musicnn_head.package(tagger, head, background, description)
        save_model(model, job.out)
        row |= cost(model)
    save_scores(job.out, f"{MUSICNN}/{split.protocol}", row)
    print(summary(MUSICNN, split.protocol, scores["test"]))


def _key(folders: Sequence[Path]) -> str:
    names = "\n".join(str(folder.resolve()) for folder in folders)
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def train_folds(job: Job) -> None:
    """Measure networks on five folds by artist, without early stopping."""
    bars = Bars()
    figures: dict[str, list[dict[str, Any]]] = {
        name: [] for name in job.models if name in SPECTROGRAM_MODELS
    }
    for fold in range(FOLDS):
        for name in with_prerequisites(job.models):
            parameters = SPECTROGRAM_MODELS[name].parameters(job.tracks.parameters)
            heard = replace(job.tracks, parameters=parameters)
            split = artist_folds(heard, FOLDS, job.seed)[fold]
            run = job.network_run(heard, split, job.runs / f"fold{fold + 1}", name, bars)
            network, statistics, _ = run.fit_again(name, run.settings[name].epochs)
            metrics, _ = run.measure(network, statistics, 1.0)
            bars.close()
            if name in figures:
                figures[name].append(metrics)
                print(summary(name, f"fold {fold + 1}", metrics))
    for name, rows in figures.items():
        accuracy = np.array([row["song"]["accuracy"] for row in rows])
        segment = np.array([row["segment"]["accuracy"] for row in rows])
        save_scores(
            job.out,
            f"{name}/folds",
            {
                "model": name,
                "protocol": "folds",
                "seed": job.seed,
                "tracks": sum(row["tracks"] for row in rows),
                "song": {"mean": accuracy.mean(), "deviation": accuracy.std(ddof=1)},
                "segment": {"mean": segment.mean(), "deviation": segment.std(ddof=1)},
                "folds": rows,
            },
        )
        spread = f"{accuracy.mean():.3f} ± {accuracy.std(ddof=1):.3f}"
        print(f"{name}, {FOLDS} folds by artist: song vote {spread}")


PROFILE_SEGMENTS = 30  # a genre


def store_genre_profiles(
    name: str, tracks: TrackSet, folder: Path, seed: int, progress: Callable[[int, int], None]
) -> None:
    """Store the genre profiles and the answers of a model, from songs of unknown artists.

    Parameters
    ----------
    name : str
        The model, in `folder`.
    tracks : TrackSet
        The tracks that it was trained on and tested with.
    folder : Path
        Folder of the models.
    seed : int
        Seed of the split and of the choice of segments.
    progress : callable
        Called as ``progress(done, total)`` with numbers of segments.
    """
    model = load_spectrogram_model((folder / f"{name}.json").resolve())
    tracks = replace(tracks, parameters=model.parameters)
    test = split_tracks(tracks, "artist", seed).test
    labels = tracks.labels[test.track]
    generator = np.random.default_rng(seed)
    chosen = np.concatenate(
        [
            generator.permutation(np.flatnonzero(labels == genre))[:PROFILE_SEGMENTS]
            for genre in np.unique(labels)
        ]
    )
    logmel = segment_logmel(tracks, test.where(chosen))
    save_profiles(
        genre_profiles(model, logmel, labels[chosen], progress), folder / f"{name}{SUFFIX}"
    )
    answers = model.predict_logmel(segment_logmel(tracks, test))
    store_predictions(folder, name, "artist", answers, tracks, test)
