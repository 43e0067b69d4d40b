"""Train and evaluate genre models on your own copy of GTZAN: ``python train.py --help``."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

from core.constants import HOP_LENGTH, MODELS_DIR, PROJECT_DIR, PROTOCOLS
from core.features.spectrogram import FeatureParameters
from core.models.registry import (
    DEFAULT_MODELS,
    ENSEMBLE,
    FEATURE_MODELS,
    MODELS,
    MUSICNN,
    SPECTROGRAM_MODELS,
)

if TYPE_CHECKING:
    from core.data.gtzan import TrackSet
    from core.training.experiment import Experiment

RUNS_DIR = PROJECT_DIR / "runs"
ALL = "all"
LEAST_BYTES = 100_000_000  # free space for checkpoints, and as much for the models
RUN_VERSION = 2  # part of the key of checkpoints; increase it whenever old ones cannot be resumed
SMOKE = {"epochs": 2, "steps": 4, "batch_size": 16}  # hyperparameters of a test run

# Options that some models require, with their arguments.
OPTIONS = {
    "musicnn": "--musicnn FOLDER (the package musicnn 0.1.0, installed without its dependencies)",
    "recordings": "--recordings FOLDER (recordings of the tracks as GENRE/TRACK.ext)",
    "table": "--table FILE (features_30_sec.csv)",
}


def parse_arguments(arguments: list[str] | None = None) -> argparse.Namespace:
    """Parse and check the command line.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process by default.

    Returns
    -------
    argparse.Namespace
        Options; `models` is a list of names, `recordings` defaults to the folder of `--data`.

    Raises
    ------
    SystemExit
        If the command line is not valid; the reason is printed.
    """
    parser = argparse.ArgumentParser(
        description="Train and evaluate genre models. Scores are written to OUT/scores.json; the "
        "artist protocol also writes the models and their cards."
    )
    data = parser.add_argument_group("training data")
    tracks = data.add_mutually_exclusive_group(required=True)
    tracks.add_argument(
        "--data",
        type=Path,
        metavar="FOLDER",
        help="GTZAN folder with GENRE/TRACK.{wav,au,ogg,mp3}",
    )
    tracks.add_argument(
        "--logmel", type=Path, metavar="FILE", help="archive of log-mel spectrograms (npz)"
    )
    data.add_argument(
        "--hop-length",
        type=int,
        default=HOP_LENGTH,
        metavar="SAMPLES",
        help="STFT hop length for --data (default: %(default)s)",
    )
    data.add_argument(
        "--taggrams",
        type=Path,
        nargs="+",
        default=[],
        metavar="FILE",
        help="tags of the tracks predicted by a teacher network (npz with X and IDS), used as a "
        "second training target",
    )
    data.add_argument(
        "--recordings",
        type=Path,
        nargs="+",
        default=[],
        metavar="FOLDER",
        help="recordings as GENRE/TRACK.ext for musicnn and the YAMNet models; if several folders "
        "contain a track, the first one is used (default: the folder of --data)",
    )
    data.add_argument(
        "--musicnn",
        type=Path,
        metavar="FOLDER",
        help="folder of the package musicnn 0.1.0, for the model musicnn",
    )
    data.add_argument(
        "--table",
        type=Path,
        metavar="FILE",
        help="published GTZAN feature table (features_30_sec.csv), for models trained on it",
    )
    training = parser.add_argument_group("training")
    training.add_argument(
        "--models",
        nargs="+",
        choices=(*MODELS, ALL),
        default=list(DEFAULT_MODELS),
        metavar="MODEL",
        help=f"{', '.join(MODELS)}; or '{ALL}' for every model that the given data can train "
        f"(default: {' '.join(DEFAULT_MODELS)})",
    )
    training.add_argument(
        "--protocol",
        choices=(*PROTOCOLS, ALL, "folds"),
        default="artist",
        help="artist: test on unseen artists (default); track: on unseen songs; segment: on unseen "
        f"segments of songs in the training set (data leakage); {ALL}: these three in turn; "
        "folds: five-fold cross-validation by artist",
    )
    training.add_argument(
        "--epochs", type=int, metavar="N", help="maximum number of epochs (default: per model)"
    )
    training.add_argument(
        "--pca",
        type=float,
        metavar="SHARE",
        help="share of variance kept by PCA before random forest and SVM (default: no PCA)",
    )
    training.add_argument(
        "--seed", type=int, default=0, metavar="N", help="random seed (default: %(default)s)"
    )
    training.add_argument("--resume", action="store_true", help="resume an interrupted run")
    training.add_argument(
        "--smoke",
        action="store_true",
        help="quick test run: two short epochs, one explained segment per genre",
    )
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        type=Path,
        default=MODELS_DIR,
        metavar="FOLDER",
        help="folder of models and scores (default: models/)",
    )
    output.add_argument(
        "--explain",
        action="store_true",
        help="train nothing; explain the models in OUT on the test set of the artist protocol and "
        "write their mean SHAP values per genre",
    )
    options = parser.parse_args(arguments)
    if not options.recordings and options.data:
        options.recordings = [options.data]
    if ALL in options.models:
        candidates = SPECTROGRAM_MODELS if options.explain else MODELS
        options.models = [name for name in candidates if not missing_options(name, options)]
    if not options.explain and (
        missing := [
            f"{name} needs {' and '.join(needed)}"
            for name in options.models
            if (needed := missing_options(name, options))
        ]
    ):
        parser.error("; ".join(missing))
    if options.pca is not None and not 0 < options.pca < 1:
        parser.error(f"--pca must be between 0 and 1, not {options.pca:g}")
    if options.epochs is not None and options.epochs < 1:
        parser.error(f"--epochs must be at least 1, not {options.epochs}")
    if not 64 <= options.hop_length <= 4096:
        parser.error(f"--hop-length must be between 64 and 4096, not {options.hop_length}")
    if options.logmel and options.hop_length != HOP_LENGTH:
        parser.error(
            f"--hop-length applies to --data only; the archive has a hop length of {HOP_LENGTH}"
        )
    return options


def missing_options(name: str, options: argparse.Namespace) -> list[str]:
    """List the options that a model requires and the command line lacks.

    Parameters
    ----------
    name : str
        Model, see `core.models.registry.MODELS`.
    options : argparse.Namespace
        Options.

    Returns
    -------
    list of str
        Missing options with their arguments.
    """
    needed: tuple[str, ...] = ()
    if name in (MUSICNN, ENSEMBLE):
        needed = ("musicnn", "recordings")
    elif name in FEATURE_MODELS and FEATURE_MODELS[name].source in OPTIONS:
        needed = (FEATURE_MODELS[name].source,)
    return [OPTIONS[option] for option in needed if not getattr(options, option)]


def read_tracks(options: argparse.Namespace) -> TrackSet:
    """Read the tracks of the training data; recordings are decoded once and cached.

    Parameters
    ----------
    options : argparse.Namespace
        Options.

    Returns
    -------
    TrackSet
        Tracks with their spectrograms.

    Raises
    ------
    DatasetError
        If the data cannot be used.
    """
    from tqdm import tqdm

    from core.data.gtzan import read_archive
    from core.data.track_cache import cached_folder
    from core.training.progress import reporter

    if options.logmel:
        return read_archive(options.logmel)
    parameters = FeatureParameters.for_hop_length(options.hop_length)
    with tqdm(desc="decoding", unit="track") as bar:
        tracks, skipped = cached_folder(options.data, parameters, RUNS_DIR, progress=reporter(bar))
    for sentence in skipped:
        print(f"Skipped {sentence}", file=sys.stderr)
    return tracks


def run_folder(options: argparse.Namespace, protocol: str) -> Path:
    """Choose the folder of checkpoints, which depends on the data, the protocol and the seed.

    Parameters
    ----------
    options : argparse.Namespace
        Options.
    protocol : str
        Protocol.

    Returns
    -------
    Path
        Folder below `RUNS_DIR`.
    """
    from core.data.track_cache import folder_fingerprint
    from core.storage import fingerprint

    parameters = FeatureParameters.for_hop_length(options.hop_length)
    files = [options.logmel] if options.logmel else []
    folder = folder_fingerprint(options.data, parameters) if options.data else None
    key = fingerprint([*files, *options.taggrams], version=RUN_VERSION, folder=folder)
    kind = "smoke" if options.smoke else "full"
    return RUNS_DIR / f"{protocol}-{options.seed}-{kind}-{key[:8]}"


def experiment_of(options: argparse.Namespace, tracks: TrackSet, protocol: str) -> Experiment:
    """Describe the experiment under one protocol.

    Parameters
    ----------
    options : argparse.Namespace
        Options.
    tracks : TrackSet
        Tracks of the training data.
    protocol : str
        Protocol, or ``"folds"``.

    Returns
    -------
    Experiment
        For `core.training.experiment.train`.
    """
    from core.training.experiment import Experiment
    from core.training.records import Folders
    from core.training.sources import Sources

    overrides = {"epochs": options.epochs} if options.epochs else {}
    return Experiment(
        models=tuple(options.models),
        protocol=protocol,
        sources=Sources(
            tracks=tracks,
            read_from="log-mel archive" if options.logmel else "audio files",
            taggrams=tuple(options.taggrams),
            recordings=tuple(options.recordings),
            table=options.table,
            musicnn=options.musicnn,
        ),
        folders=Folders(models=options.out, runs=run_folder(options, protocol), cache=RUNS_DIR),
        seed=options.seed,
        overrides=SMOKE if options.smoke else overrides,
        pca=options.pca,
        resume=options.resume,
    )


def explain(options: argparse.Namespace, tracks: TrackSet) -> None:
    """Write genre profiles and test predictions of the chosen models.

    Parameters
    ----------
    options : argparse.Namespace
        Options.
    tracks : TrackSet
        Tracks of the training data.
    """
    from tqdm import tqdm

    from core.training.profiles import SEGMENTS_PER_GENRE, store_genre_profiles
    from core.training.progress import reporter

    count = 1 if options.smoke else SEGMENTS_PER_GENRE
    for name in options.models:
        with tqdm(desc=f"{name}, explaining", unit="segment") as bar:
            store_genre_profiles(name, tracks, options.out, options.seed, reporter(bar), count)


def main(arguments: list[str] | None = None) -> int:
    """Run the command.

    Parameters
    ----------
    arguments : list of str, optional
        Command line; that of the process by default.

    Returns
    -------
    int
        Exit code: 0 success, 1 the data or the output folder cannot be used, 2 invalid arguments,
        130 interrupted.
    """
    options = parse_arguments(arguments)
    from core.errors import AudioError, DatasetError, ModelError, TrainingError
    from core.evaluation.scores import training_times
    from core.storage import DISK_IS_FULL, check_output, describe_failure

    protocols = tuple(PROTOCOLS) if options.protocol == ALL else (options.protocol,)
    try:
        check_output(options.out, least_bytes=LEAST_BYTES)  # before hours of work
        check_output(RUNS_DIR, least_bytes=LEAST_BYTES, option=None)
        tracks = read_tracks(options)
        if options.explain:
            explain(options, tracks)
            return 0
        from core.training.experiment import train

        for protocol in protocols:
            if options.resume and not run_folder(options, protocol).exists():
                print(
                    f"There is no interrupted run of the protocol {protocol} with this seed, these "
                    "data and these taggrams. Starting anew.",
                    file=sys.stderr,
                )
            train(experiment_of(options, tracks, protocol))
        print(training_times(options.out, options.models, protocols))
    except (AudioError, DatasetError, ModelError, TrainingError) as error:
        print(f"train.py: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        if error.errno in DISK_IS_FULL:
            reason = describe_failure(error, Path(error.filename or options.out), option=None)
            reason += " Add --resume to the command to continue."
        print(f"train.py: {reason}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\nInterrupted. Add --resume to the command to continue.", file=sys.stderr)
        return 130
    return 0


if __name__ == "__main__":
    sys.exit(main())
