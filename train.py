"""Train and measure genre models on one's own copy of GTZAN: ``python train.py --help``."""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from core.constants import HOP_LENGTH, MODELS_DIR, PROJECT_DIR, PROTOCOLS
from core.features.spectrogram import FeatureParameters
from core.models.registry import DEFAULT_MODELS, ENSEMBLE, FEATURE_MODELS, MUSICNN, TITLES
from core.training.progress import counted

if TYPE_CHECKING:
    from core.data.gtzan import TrackSet
    from core.training.experiment import Job

RUNS_DIR = PROJECT_DIR / "runs"
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
        default=list(DEFAULT_MODELS),
        help=f"which models; '{ALL}' is the whole zoo (default: {' '.join(DEFAULT_MODELS)})",
    )
    parser.add_argument(
        "--protocol",
        choices=(*PROTOCOLS, ALL, "folds"),
        default="artist",
        help="who is tested: unknown artists (default), unknown tracks, unknown segments of known "
        "tracks (leaks), all three one after the other, or five folds by artist",
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
        "--recordings",
        type=Path,
        nargs="+",
        default=[],
        help="recordings that musicnn and YAMNet hear, genre/track.ext; of a track in several "
        "folders the first counts (default: those of --data)",
    )
    parser.add_argument(
        "--table", type=Path, help="features_30_sec.csv, for the models of whole songs' features"
    )
    parser.add_argument(
        "--pca",
        type=float,
        help="share of the variance that principal components keep before forest and SVM",
    )
    parser.add_argument(
        "--explain",
        action="store_true",
        help="train nothing; explain the artist protocol's test side by the models in OUT, genre "
        "by genre, and keep the mean SHAP values beside them",
    )
    options = parser.parse_args(arguments)
    if not options.recordings and options.data:
        options.recordings = [options.data]
    if ALL in options.models:
        options.models = [name for name in TITLES if _can_be_trained(name, options)]
    lacking = [name for name in options.models if not _can_be_trained(name, options)]
    if lacking and not options.explain:
        parser.error(
            f"{', '.join(lacking)} cannot be trained with what is given: musicnn needs --musicnn "
            "(install musicnn==0.1.0 without its dependencies and name its folder) and "
            "--recordings, the mean of those shown needs musicnn, the YAMNet models need "
            "--recordings, those of whole songs --table"
        )
    if options.pca is not None and not 0 < options.pca < 1:
        parser.error("--pca must lie between 0 and 1")
    if options.epochs is not None and options.epochs < 1:
        parser.error("--epochs must be at least 1")
    if not 64 <= options.hop_length <= 4096:
        parser.error("--hop-length must lie between 64 and 4096 samples")
    if options.logmel and options.hop_length != HOP_LENGTH:
        parser.error(f"the archive has a step of {HOP_LENGTH}; --hop-length goes with --data")
    return options


def _can_be_trained(name: str, options: argparse.Namespace) -> bool:
    """Return whether what a model needs is given."""
    if name in (MUSICNN, ENSEMBLE):
        return bool(options.musicnn and options.recordings)
    source = FEATURE_MODELS[name].source if name in FEATURE_MODELS else "logmel"
    return {"recordings": options.recordings, "table": options.table}.get(source, True)


def read_tracks(options: argparse.Namespace) -> TrackSet:
    """Read the training data; a folder's features are kept for the next run."""
    from tqdm import tqdm

    from core.data.gtzan import list_tracks, load_tracks, read_archive, read_folder, save_tracks

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


def explain(options: argparse.Namespace, tracks: TrackSet) -> None:
    """Store genre profiles and answers of the wanted models."""
    from tqdm import tqdm

    from core.training.experiment import store_genre_profiles

    for name in options.models:
        with tqdm(desc=f"{name} explained", unit="segment") as bar:
            store_genre_profiles(name, tracks, options.out, options.seed, counted(bar))


def job_of(options: argparse.Namespace, tracks: TrackSet, protocol: str) -> Job:
    """Return what is to be trained under one protocol."""
    from core.training.experiment import Job

    where = hashlib.sha256(str((options.logmel or options.data).resolve()).encode()).hexdigest()[:8]
    changes = {"epochs": options.epochs} if options.epochs else {}
    if options.smoke:
        changes = {"epochs": 2, "steps": 4, "batch_size": 16}
    kind = "smoke" if options.smoke else "full"
    return Job(
        models=tuple(options.models),
        tracks=tracks,
        source="log-mel archive" if options.logmel else "audio files",
        protocol=protocol,
        seed=options.seed,
        out=options.out,
        kept=RUNS_DIR,
        runs=RUNS_DIR / f"{protocol}-{options.seed}-{kind}-{where}",
        changes=changes,
        resume=options.resume,
        taggrams=tuple(options.taggrams),
        recordings=tuple(options.recordings),
        musicnn=options.musicnn,
        table=options.table,
        pca=options.pca,
    )


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
    from core.errors import DatasetError, ModelError
    from core.evaluation.scores import training_times

    protocols = tuple(PROTOCOLS) if options.protocol == ALL else (options.protocol,)
    try:
        tracks = read_tracks(options)
        if options.explain:
            explain(options, tracks)
            return 0
        from core.training.experiment import train

        for protocol in protocols:
            train(job_of(options, tracks, protocol))
        print(training_times(options.out, options.models, protocols))
    except (DatasetError, ModelError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nStopped. The same command with --resume goes on from here.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
