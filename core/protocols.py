"""The training command's work: the wanted models under one protocol, measured and written down."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from core import ensemble, musicnn, number_data, number_training, tag_training
from core.answers import keep_answers
from core.bars import Bars, counted
from core.catalogue import (
    ENSEMBLE,
    LISTENER,
    LISTENER_REPORTED,
    NUMBERS,
    PAIR,
    SHOWN,
    SYSTEMS,
    TITLES,
    with_needed,
)
from core.datasets import TrackSet
from core.evaluation import mcnemar, song_votes
from core.models import save_model
from core.readers import READERS
from core.recipes import recipe
from core.runs import Run
from core.scoreboard import cost, describe, details, save_scores, summary
from core.splits import Split, artist_folds, split_tracks
from core.teacher import read_taggrams
from core.training import Settings

FOLDS = 5


@dataclass(frozen=True)
class Job:
    """What is trained, on what, and where it goes.

    Parameters
    ----------
    models : tuple of str
        Names, see `core.catalogue.TITLES`.
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
        As in `core.vector_models.build`.
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
        return {name: replace(recipe(name, self.protocol), **self.changes) for name in SYSTEMS}

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
    train_networks(job)
    train_numbers(job)
    if LISTENER in job.models:
        train_listener(job)
    if ENSEMBLE in job.models:
        metrics = ensemble.measure(job.out, job.valid, SHOWN, job.protocol, job.seed)
        print(summary(ENSEMBLE, job.protocol, metrics))


def train_networks(job: Job) -> None:
    """Train networks on spectrograms; write their figures, and by artist their weights."""
    bars = Bars()
    right = {}
    for name in with_needed(job.models):
        system = SYSTEMS[name]
        if system.whole and job.protocol == "segment":
            print(f"{name} hears whole clips: no segments of one song on both sides.")
            continue
        heard = replace(job.tracks, parameters=system.parameters(job.tracks.parameters))
        split = split_tracks(heard, job.protocol, job.seed)
        run = job.network_run(heard, split, job.runs, name, bars)
        chosen = run.choose(name)
        network, statistics, again = run.fit_again(name, chosen["epochs"])
        metrics, rows = run.measure(network, statistics, chosen["temperature"])
        bars.close()
        if name not in job.models:
            continue
        keep_answers(job.valid, name, split.protocol, chosen["answers"], heard, split.valid)
        keep_answers(job.out, name, split.protocol, rows, heard, split.test)
        votes, truths = song_votes(rows, heard.labels[split.test.track], split.test.track)
        right[name] = votes.argmax(axis=1) == truths
        seconds = sum(row.get("seconds", 0.0) for row in (*chosen["history"], *again))
        scores = {
            "model": name,
            "title": system.title,
            "reported": system.reported,
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
    if set(PAIR) <= right.keys():
        test = mcnemar(right["cnn"], right["cnn_lstm"])
        save_scores(
            job.out,
            f"mcnemar/{job.protocol}",
            {"models": ["cnn", "cnn_lstm"], "unit": "song", **test},
        )


def train_numbers(job: Job) -> None:
    """Fit the wanted models that read numbers; what several read is read once."""
    from tqdm import tqdm

    read: dict[str, number_data.Numbers] = {}
    for name in (name for name in job.models if name in NUMBERS):
        system = NUMBERS[name]
        reader = READERS[system.reads]
        if reader.segments > 1 and job.protocol == "segment":
            print(f"{name} hears whole clips: no segments of one song on both sides.")
            continue
        parameters = replace(job.tracks.parameters, segment_frames=reader.frames)
        tracks = replace(job.tracks, parameters=parameters)
        if system.source == "recordings":
            # Sides are dealt among them: else a genre would have two test songs.
            tracks, files = number_data.recorded(job.recordings, tracks)
        if system.reads not in read:
            if system.source == "table":
                assert job.table is not None
                read[system.reads] = number_data.from_table(job.table, tracks)
            elif system.source == "recordings":
                with tqdm(desc=f"{system.reads} is read", unit="recording") as bar:
                    read[system.reads] = number_data.from_recordings(
                        files, tracks, reader, job.kept, counted(bar)
                    )
            else:
                read[system.reads] = number_data.from_logmel(tracks, reader)
        split = split_tracks(tracks, job.protocol, job.seed)
        metrics = number_training.run(
            name,
            read[system.reads],
            tracks,
            split,
            job.seed,
            job.out,
            {"logmel": job.source, "recordings": "audio files", "table": "table of features"}[
                system.source
            ],
            job.pca,
        )
        print(summary(name, job.protocol, metrics))


def train_listener(job: Job) -> None:
    """Fit the model on top of musicnn; write its figures, and by artist its weights."""
    from tqdm import tqdm

    assert job.musicnn is not None
    tagger = musicnn.build()
    musicnn.read_weights(tagger, job.musicnn)
    with tqdm(desc="musicnn listens", unit="recording") as bar:
        heard = tag_training.kept_or_heard(
            job.kept / f"musicnn-{_key(job.recordings)}.npz", job.recordings, tagger, counted(bar)
        )
    stored = read_taggrams(job.taggrams, job.tracks)
    table = tag_training.tag_table(heard, stored, job.tracks)
    split = split_tracks(job.tracks, job.protocol, job.seed)
    head, scores, answered = tag_training.train(table, job.tracks, split, job.seed)
    for folder, (rows, side) in ((job.valid, answered["valid"]), (job.out, answered["test"])):
        keep_answers(folder, LISTENER, split.protocol, rows, job.tracks, side)
    proof = tag_training.agreement(heard, stored, job.tracks)
    row = {
        "model": LISTENER,
        "title": TITLES[LISTENER],
        "reported": LISTENER_REPORTED,
        "protocol": split.protocol,
        "seed": job.seed,
        "rebuilt": proof,
        **scores,
        **details(rows, job.tracks.labels[side.track], side.track),
    }
    if split.protocol == "artist":
        trained = {job.tracks.track_ids[track] for track in split.refit.track}
        background = tag_training.background_of(job.recordings, trained, job.seed)
        description = {
            "title": TITLES[LISTENER],
            "reported": LISTENER_REPORTED,
            "data": job.said(split, job.tracks),
            "training": {"rebuilt": proof},
            "metrics": {"protocol": "artist", "test": scores["test"], "valid": scores["valid"]},
        }
        model = tag_training.package(tagger, head, background, description)
        save_model(model, job.out)
        row |= cost(model)
    save_scores(job.out, f"{LISTENER}/{split.protocol}", row)
    print(summary(LISTENER, split.protocol, scores["test"]))


def _key(folders: Sequence[Path]) -> str:
    names = "\n".join(str(folder.resolve()) for folder in folders)
    return hashlib.sha256(names.encode()).hexdigest()[:16]


def train_folds(job: Job) -> None:
    """Measure networks on five folds by artist, without early stopping."""
    bars = Bars()
    figures: dict[str, list[dict[str, Any]]] = {name: [] for name in job.models if name in SYSTEMS}
    for fold in range(FOLDS):
        for name in with_needed(job.models):
            parameters = SYSTEMS[name].parameters(job.tracks.parameters)
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
