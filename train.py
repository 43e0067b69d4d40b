"""Train and measure genre models on one's own copy of GTZAN: ``python train.py --help``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from core.bars import Bars, counted
from core.catalogue import (
    ENSEMBLE,
    LISTENER,
    PAIR,
    SHOWN,
    SYSTEMS,
    TITLES,
    VECTORS,
    with_needed,
)
from core.constants import HOP_LENGTH, MODELS_DIR, PROJECT_DIR
from core.features import FeatureParameters
from core.scoreboard import describe, save_scores, summary

if TYPE_CHECKING:
    from core.datasets import TrackSet
    from core.runs import Run
    from core.splits import Split
    from core.training import Settings

RUNS_DIR = PROJECT_DIR / "runs"
FOLDS = 5
ALL = "all"


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Return the command line's arguments."""
    parser = argparse.ArgumentParser(
        description="Train and measure genre models. Figures go to OUT/scores.json; the artist "
        "protocol also writes the weights and their cards."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument("--data", type=Path, help="GTZAN folder: genre/track.{wav,au,ogg,mp3}")
    source.add_argument("--logmel", type=Path, help="archive of log-mel spectrograms (npz)")
    parser.add_argument(
        "--models",
        nargs="+",
        choices=(*TITLES, ALL),
        default=list(PAIR),
        help=f"which models; '{ALL}' is the whole zoo (default: {' '.join(PAIR)})",
    )
    parser.add_argument(
        "--protocol",
        choices=("artist", "track", "segment", "folds"),
        default="artist",
        help="who is tested: unknown artists (default), unknown tracks, unknown segments of known "
        "tracks (leaks), or five folds by artist",
    )
    parser.add_argument("--epochs", type=int, help="at most so many (default: the model's own)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=MODELS_DIR, help="default: models/")
    parser.add_argument("--resume", action="store_true", help="go on where a killed run stopped")
    parser.add_argument("--smoke", action="store_true", help="a one-minute run that only tries it")
    parser.add_argument(
        "--hop-length", type=int, default=HOP_LENGTH, help="STFT step for --data (default: 915)"
    )
    parser.add_argument(
        "--taggrams",
        type=Path,
        nargs="+",
        default=[],
        help="a teacher's tags of tracks (npz: X, IDS), learnt beside the genres",
    )
    parser.add_argument(
        "--musicnn", type=Path, help="folder of the musicnn package 0.1.0, for the model musicnn"
    )
    parser.add_argument(
        "--recordings", type=Path, help="recordings that musicnn hears (default: those of --data)"
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="train nothing; explain the artist protocol's test side by the models in OUT, genre "
        "by genre, and keep the mean SHAP values beside them",
    )
    options = parser.parse_args(arguments)
    if ALL in options.models:
        options.models = [
            name for name in TITLES if name not in (LISTENER, ENSEMBLE) or options.musicnn
        ]
    options.recordings = options.recordings or options.data
    if LISTENER in options.models and not (options.musicnn and options.recordings):
        parser.error(
            "the model musicnn needs --musicnn (install musicnn==0.1.0 without its dependencies "
            "and name its folder) and --recordings"
        )
    if options.epochs is not None and options.epochs < 1:
        parser.error("--epochs must be at least 1")
    if not 64 <= options.hop_length <= 4096:
        parser.error("--hop-length must lie between 64 and 4096 samples")
    if options.logmel and options.hop_length != HOP_LENGTH:
        parser.error(f"the archive has a step of {HOP_LENGTH}; --hop-length goes with --data")
    return options


def read_tracks(options: argparse.Namespace) -> TrackSet:
    """Read the training data; a folder's features are kept for the next run."""
    from tqdm import tqdm

    from core.datasets import list_tracks, load_tracks, read_archive, read_folder, save_tracks

    if options.logmel:
        return read_archive(options.logmel)
    parameters = FeatureParameters.for_hop_length(options.hop_length)
    listing = [
        (str(path), path.stat().st_size, path.stat().st_mtime_ns)
        for path, _ in list_tracks(options.data)
    ]
    key = hashlib.sha256(json.dumps([listing, parameters.to_json()]).encode()).hexdigest()[:16]
    kept = RUNS_DIR / f"tracks-{key}.npz"
    if kept.is_file():
        return load_tracks(kept, parameters)
    with tqdm(total=len(listing), desc="decoding", unit="track") as bar:
        tracks, skipped = read_folder(
            options.data, parameters, progress=lambda done, _: bar.update(done - bar.n)
        )
    for sentence in skipped:
        print(f"left out: {sentence}", file=sys.stderr)
    for old in RUNS_DIR.glob("tracks-*.npz"):
        old.unlink()
    save_tracks(tracks, kept)
    return tracks


def settings_of(protocol: str, options: argparse.Namespace) -> dict[str, Settings]:
    """Return how each model is fitted under a protocol."""
    from core.recipes import recipe

    changes: dict[str, Any] = {"epochs": options.epochs} if options.epochs else {}
    if options.smoke:
        changes = {"epochs": 2, "steps": 4, "batch_size": 16}
    return {name: replace(recipe(name, protocol), **changes) for name in SYSTEMS}


def source_of(options: argparse.Namespace) -> str:
    """Return what a card says of where the data came from."""
    return "log-mel archive" if options.logmel else "audio files"


def said_of(options: argparse.Namespace, split: Split, tracks: TrackSet) -> dict[str, Any]:
    """Return what a card says of the data."""
    return describe(split, tracks, options.seed, source_of(options), bool(options.taggrams))


def prepare_run(
    options: argparse.Namespace, tracks: TrackSet, split: Split, folder: Path, name: str, bars: Bars
) -> Run:
    """Return the run of one model on one split of what it reads."""
    from core.runs import Run
    from core.teacher import read_taggrams

    # A teacher says something of three seconds, not of thirty.
    files = [] if SYSTEMS[name].whole else options.taggrams
    return Run(
        tracks,
        split,
        settings_of(split.protocol, options),
        folder,
        seed=options.seed,
        taggrams=read_taggrams(files, tracks),
        resume=options.resume,
        progress=bars,
    )


def train_split(options: argparse.Namespace, tracks: TrackSet, folder: Path) -> None:
    """Train the wanted models on one split; write their figures, and by artist their weights."""
    from core.answers import keep_answers
    from core.evaluation import mcnemar, song_votes
    from core.models import save_model
    from core.splits import split_tracks

    bars = Bars()
    right = {}
    for name in with_needed(options.models):
        system = SYSTEMS[name]
        if system.whole and options.protocol == "segment":
            print(f"{name} hears whole clips: no segments of one song on both sides.")
            continue
        heard = replace(tracks, parameters=system.parameters(tracks.parameters))
        split = split_tracks(heard, options.protocol, options.seed)
        run = prepare_run(options, heard, split, folder, name, bars)
        started = time.monotonic()
        chosen = run.choose(name)
        network, statistics, again = run.fit_again(name, chosen["epochs"])
        metrics, rows = run.measure(network, statistics, chosen["temperature"])
        bars.close()
        if name not in options.models:
            continue
        keep_answers(options.out, name, split.protocol, rows, tracks, split.test)
        votes, truths = song_votes(rows, tracks.labels[split.test.track], split.test.track)
        right[name] = votes.argmax(axis=1) == truths
        scores = {
            "model": name,
            "title": system.title,
            "reported": system.reported,
            "protocol": split.protocol,
            "seed": options.seed,
            "epochs": chosen["epochs"],
            "temperature": chosen["temperature"],
            "valid": chosen["valid"],
            "test": metrics,
            "parameters": int(network.count_params()),
            "training_s": round(time.monotonic() - started),
        }
        if split.protocol == "artist":
            description = {
                "data": said_of(options, split, heard),
                "training": {
                    **run.describe(name),
                    "epochs": chosen["epochs"],
                    "history": {"train": chosen["history"], "refit": again},
                },
                "metrics": {"protocol": split.protocol, "test": metrics, "valid": chosen["valid"]},
            }
            save_model(
                run.package(name, network, statistics, chosen["temperature"], description),
                options.out,
            )
        save_scores(options.out, f"{name}/{split.protocol}", scores)
        print(summary(name, split.protocol, metrics))
    if set(PAIR) <= right.keys():
        test = mcnemar(right["cnn"], right["cnn_lstm"])
        save_scores(
            options.out,
            f"mcnemar/{options.protocol}",
            {"models": ["cnn", "cnn_lstm"], "unit": "song", **test},
        )


def train_others(options: argparse.Namespace, tracks: TrackSet) -> None:
    """Fit the wanted models that are no networks of ours, then average what is stored."""
    from core import ensemble, vector_training

    for name in (name for name in options.models if name in VECTORS):
        metrics = vector_training.run(
            name, tracks, options.protocol, options.seed, options.out, source_of(options)
        )
        print(summary(name, options.protocol, metrics))
    if LISTENER in options.models:
        train_listener(options, tracks)
    if ENSEMBLE in options.models:
        metrics = ensemble.measure(options.out, SHOWN, options.protocol, options.seed)
        print(summary(ENSEMBLE, options.protocol, metrics))


def train_listener(options: argparse.Namespace, tracks: TrackSet) -> None:
    """Fit the model on top of musicnn; write its figures, and by artist its weights."""
    from tqdm import tqdm

    from core import musicnn, tag_training
    from core.answers import keep_answers
    from core.models import save_model
    from core.splits import split_tracks
    from core.teacher import read_taggrams

    tagger = musicnn.build()
    musicnn.read_weights(tagger, options.musicnn)
    with tqdm(desc="musicnn listens", unit="recording") as bar:
        key = hashlib.sha256(str(options.recordings.resolve()).encode()).hexdigest()[:16]
        heard = tag_training.kept_or_heard(
            RUNS_DIR / f"musicnn-{key}.npz", options.recordings, tagger, counted(bar)
        )
    stored = read_taggrams(options.taggrams, tracks)
    table = tag_training.tag_table(heard, stored, tracks)
    split = split_tracks(tracks, options.protocol, options.seed)
    head, scores, rows, side = tag_training.train(table, tracks, split, options.seed)
    keep_answers(options.out, LISTENER, split.protocol, rows, tracks, side)
    proof = tag_training.agreement(heard, stored, tracks)
    save_scores(
        options.out,
        f"{LISTENER}/{split.protocol}",
        {
            "model": LISTENER,
            "title": TITLES[LISTENER],
            "reported": 0.772,
            "protocol": split.protocol,
            "seed": options.seed,
            "rebuilt": proof,
            **scores,
        },
    )
    if split.protocol == "artist":
        trained = {tracks.track_ids[track] for track in split.refit.track}
        background = tag_training.background_of(options.recordings, trained, options.seed)
        description = {
            "title": TITLES[LISTENER],
            "data": said_of(options, split, tracks),
            "training": {"rebuilt": proof},
            "metrics": {"protocol": "artist", "test": scores["test"], "valid": scores["valid"]},
        }
        save_model(tag_training.package(tagger, head, background, description), options.out)
    print(summary(LISTENER, split.protocol, scores["test"]))


def train_folds(options: argparse.Namespace, tracks: TrackSet, folder: Path) -> None:
    """Measure the wanted models on five folds by artist, without early stopping."""
    import numpy as np

    from core.splits import artist_folds

    bars = Bars()
    figures: dict[str, list[dict[str, Any]]] = {
        name: [] for name in options.models if name in SYSTEMS
    }
    for fold in range(FOLDS):
        for name in with_needed(options.models):
            heard = replace(tracks, parameters=SYSTEMS[name].parameters(tracks.parameters))
            split = artist_folds(heard, FOLDS, options.seed)[fold]
            run = prepare_run(options, heard, split, folder / f"fold{fold + 1}", name, bars)
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
            options.out,
            f"{name}/folds",
            {
                "model": name,
                "protocol": "folds",
                "seed": options.seed,
                "tracks": sum(row["tracks"] for row in rows),
                "song": {"mean": accuracy.mean(), "deviation": accuracy.std(ddof=1)},
                "segment": {"mean": segment.mean(), "deviation": segment.std(ddof=1)},
                "folds": rows,
            },
        )
        spread = f"{accuracy.mean():.3f} ± {accuracy.std(ddof=1):.3f}"
        print(f"{name}, {FOLDS} folds by artist: song vote {spread}")


def explain(options: argparse.Namespace, tracks: TrackSet) -> None:
    """Store genre profiles and answers of the wanted models."""
    from tqdm import tqdm

    from core.campaign import explain_genres

    for name in options.models:
        with tqdm(desc=f"{name} explained", unit="segment") as bar:
            explain_genres(name, tracks, options.out, options.seed, counted(bar))


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; the process's own by default.

    Returns
    -------
    int
        Exit code: 0 done, 1 the data cannot be used, 2 usage, 130 stopped by hand.
    """
    options = parse_arguments(arguments)
    from core.datasets import DatasetError
    from core.model_cards import ModelError

    where = hashlib.sha256(str((options.logmel or options.data).resolve()).encode()).hexdigest()[:8]
    folder = RUNS_DIR / "-".join(
        [options.protocol, str(options.seed), "smoke" if options.smoke else "full", where]
    )
    try:
        tracks = read_tracks(options)
        if options.explain:
            explain(options, tracks)
        elif options.protocol == "folds":
            train_folds(options, tracks, folder)
        else:
            train_split(options, tracks, folder)
            train_others(options, tracks)
    except (DatasetError, ModelError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command with --resume goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
