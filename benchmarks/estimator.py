"""Compare cost and error of this project's SHAP estimator with `shap.GradientExplainer`.

``python benchmarks/estimator.py --logmel FILE`` explains segments by unseen artists, prints a table
and writes ``models/estimator.json``. The models (``--models NAME…``) must be networks whose
segments are those of the archive.

Conventions
-----------
Both estimators explain the probability of a segment's most probable genre with the same weighted
background, in batches of the same size, alternately in one process. The *error* is ``||values -
reference|| / ||reference||`` of the MFCC view. The reference is the midpoint rule on a grid so fine
that its own error is negligible. The library samples at random, so its error is ``constant /
sqrt(gradients)``. The constant is fitted to a few numbers of gradients and gives the number at
which the library is as exact as our estimator; where this number is affordable, it is verified. All
results except those of the song are means over segments that are explained one at a time.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np
import shap
from tqdm import tqdm

from core.constants import MODELS_DIR
from core.data.gtzan import TrackSet, read_archive
from core.data.segments import segment_logmel
from core.data.splits import Segments, split_tracks
from core.explanation.attribution import GRADIENT_BATCH, Output, gradients_of, shap_values
from core.explanation.expected_gradients import Evaluate, mean_gradients
from core.features.spectrogram import mfcc_from_logmel
from core.models.registry import DEFAULT_MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

REFERENCE_NODES = 700  # on each path: 21 000 gradients with 30 background segments
SAMPLES = (256, 1024, 4096)  # gradients of the library, whole batches
ROWS = 10_000  # of the library's background; it has no weights, so segments are repeated
AFFORDABLE = 30_000  # gradients of the library for one segment
TRIED = 2  # segments on which the library is run with as many gradients as it needs
ADDITIVITY_SEGMENTS = 200
BROAD_SEGMENTS, BROAD_NODES = 300, 12  # a background of random segments
SONG_SEGMENTS = 80  # four minutes

FEWER_GRADIENTS = 10.0  # goals
LESS_TIME = 10.0
MEAN_GAP, MAX_GAP = 0.01, 0.03


@dataclass(frozen=True, eq=False)
class Case:
    """One segment to explain, with the reference of its SHAP values.

    Parameters
    ----------
    logmel_db : np.ndarray [shape=(segment_frames, n_mels)]
        The segment.
    target : np.ndarray [shape=(segment_frames, n_mfcc)]
        Its standardised MFCCs.
    genre : int
        Index of the genre.
    evaluate : callable
        From points to gradients and values of the genre's probability.
    reference : np.ndarray [shape=(segment_frames, n_mfcc), dtype=float64]
        SHAP values.
    """

    logmel_db: np.ndarray
    target: np.ndarray
    genre: int
    evaluate: Evaluate
    reference: np.ndarray

    def error(self, values: np.ndarray) -> float:
        """Distance of the values from the reference, relative to its norm."""
        distance = np.linalg.norm(values - self.reference)
        return float(distance / np.linalg.norm(self.reference))


class Library:
    """`shap.GradientExplainer` with a model's own background.

    Parameters
    ----------
    model : SpectrogramModel
        The model to explain.
    """

    def __init__(self, model: SpectrogramModel) -> None:
        counts = np.rint(model.background.shares * ROWS).astype(int)
        rows = np.repeat(inputs_of(model, model.background.logmel), counts, axis=0)
        self.explainer = shap.GradientExplainer(
            model.network, rows[..., np.newaxis], batch_size=GRADIENT_BATCH
        )

    def values(self, case: Case, samples: int, seed: int) -> np.ndarray:
        """Compute a segment's SHAP values for its genre from a number of gradients."""
        values, _ = self.explainer.shap_values(
            case.target[np.newaxis, ..., np.newaxis],
            nsamples=samples,
            ranked_outputs=np.array([[case.genre]]),
            output_rank_order="custom",
            rseed=seed,
        )
        return values[0, :, :, 0, 0]


def inputs_of(model: SpectrogramModel, logmel_db: np.ndarray) -> np.ndarray:
    """Compute the network's inputs for log-mel segments, without the channel axis."""
    return model.standardise(mfcc_from_logmel(logmel_db, model.parameters.n_mfcc))


def spread(tracks: TrackSet, segments: Segments, count: int) -> Segments:
    """Select segments, evenly spread over genres and tracks."""
    order = np.argsort(tracks.labels[segments.track], kind="stable")
    return segments.where(order[((np.arange(count) + 0.5) * len(order) / count).astype(int)])


def contributions(
    evaluate: Evaluate, target: np.ndarray, background: np.ndarray, nodes: int
) -> np.ndarray:
    """Integrate the gradients on the path from each background input by the midpoint rule.

    Parameters
    ----------
    evaluate : callable
        From points to gradients and values: `core.explanation.attribution.gradients_of`.
    target : np.ndarray [shape=(segment_frames, n_mfcc)]
        Standardised MFCCs.
    background : np.ndarray [shape=(k, segment_frames, n_mfcc)]
        Inputs of the background.
    nodes : int
        Gradients on each path.

    Returns
    -------
    np.ndarray [shape=(k, segment_frames, n_mfcc), dtype=float64]
        SHAP values with each background input alone. Their weighted mean are those with all.
    """
    positions = ((np.arange(nodes) + 0.5) / nodes)[:, np.newaxis, np.newaxis]
    values = np.empty(background.shape)
    for index, origin in enumerate(background):
        way = target - origin
        gradients, _ = evaluate(origin + positions * way)
        values[index] = way * gradients.mean(axis=0, dtype=np.float64)
    return values


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Call a function; return its result and the seconds it took."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def prepare_cases(model: SpectrogramModel, logmel_db: np.ndarray) -> list[Case]:
    """Compute the reference for each segment."""
    background = inputs_of(model, model.background.logmel)
    genres = model.predict_logmel(logmel_db).argmax(axis=1)
    found = []
    for index, target in enumerate(tqdm(inputs_of(model, logmel_db), f"{model.name}: reference")):
        evaluate = gradients_of(model, Output(int(genres[index])))
        each = contributions(evaluate, target, background, REFERENCE_NODES)
        reference = np.tensordot(model.background.shares, each, 1)
        found.append(Case(logmel_db[index], target, int(genres[index]), evaluate, reference))
    return found


def gradients_taken(model: SpectrogramModel, case: Case) -> int:
    """Count the gradients that our estimator takes."""
    points = 0

    def counted(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal points
        points += len(batch)
        return case.evaluate(batch)

    background = inputs_of(model, model.background.logmel)
    for _ in mean_gradients(counted, case.target[np.newaxis], background, model.background.shares):
        pass
    return points


def compare(model: SpectrogramModel, library: Library, cases: list[Case]) -> dict[str, Any]:
    """Run both estimators alternately; return mean error, gradients and seconds of each."""
    ours, theirs = [], []
    for index, case in enumerate(tqdm(cases, f"{model.name}: both estimators")):
        views = shap_values(model, Output(case.genre), case.logmel_db[np.newaxis])
        (values, _, _), seconds = timed(next, views)
        ours.append((case.error(values), gradients_taken(model, case), seconds))
        library.values(case, GRADIENT_BATCH, 0)  # traces the graph of the genre
        found = [timed(library.values, case, samples, index) for samples in SAMPLES]
        theirs.append([(case.error(values), seconds) for values, seconds in found])
    error, gradients, seconds = np.mean(ours, axis=0).tolist()
    errors = [row[0] for row in ours]
    return {
        "ours": {"error": error, "gradients": gradients, "seconds": seconds, "errors": errors},
        "shap": [
            {"gradients": samples, "error": error, "seconds": seconds}
            for samples, (error, seconds) in zip(
                SAMPLES, np.mean(theirs, axis=0).tolist(), strict=True
            )
        ],
    }


def equal_error(library: Library, cases: list[Case], found: dict[str, Any]) -> dict[str, Any]:
    """Estimate the cost of the library at the error of our estimator.

    If `tried` is zero, the seconds are extrapolated. Otherwise the seconds and the `error` are
    measured on so many segments, beside our error on the same segments.
    """
    gradients = np.array(SAMPLES)
    errors = np.array([mean["error"] for mean in found["shap"]])
    constant = float(np.exp(np.log(errors * np.sqrt(gradients)).mean()))
    slope = float(np.polyfit(np.log(gradients), np.log(errors), 1)[0])
    batches = math.ceil((constant / found["ours"]["error"]) ** 2 / GRADIENT_BATCH)
    needed = batches * GRADIENT_BATCH
    law = {"constant": constant, "slope": slope, "gradients": needed}
    if needed > AFFORDABLE:
        last = found["shap"][-1]
        return {**law, "seconds": last["seconds"] * needed / last["gradients"], "tried": 0}
    tried = []
    for index, case in enumerate(tqdm(cases[:TRIED], "shap at equal error")):
        values, seconds = timed(library.values, case, needed, len(cases) + index)
        tried.append((case.error(values), seconds))
    error, seconds = np.mean(tried, axis=0).tolist()
    our_error = float(np.mean(found["ours"]["errors"][:TRIED]))
    measured = {"tried": len(tried), "error": error, "our_error": our_error}
    return {**law, "seconds": seconds, **measured}


def broad_background(background: np.ndarray, cases: list[Case]) -> dict[str, float]:
    """Measure how much a background of random training segments changes the references.

    `difference` is relative. `chance` is the part of it that the small number of random segments
    explains: the standard error of the values. Every second segment is used.
    """
    found = []
    for case in tqdm(cases[::2], "random background"):
        each = contributions(case.evaluate, case.target, background, BROAD_NODES)
        mean = each.mean(axis=0)
        distance = np.linalg.norm(case.reference - mean)
        deviation = np.sqrt(each.var(axis=0).sum() / len(each))
        found.append(np.array([distance, deviation]) / np.linalg.norm(mean))
    difference, chance = np.mean(found, axis=0).tolist()
    return {"difference": difference, "chance": chance}


def additivity(model: SpectrogramModel, logmel_db: np.ndarray) -> dict[str, float]:
    """Mean and maximum of ``|base value + sum of values - probability|``."""
    probabilities = model.predict_logmel(logmel_db)
    genres = probabilities.argmax(axis=1)
    base_values = model.background.shares @ model.predict_logmel(model.background.logmel)
    gaps = []
    with tqdm(total=len(genres), desc=f"{model.name}: additivity") as bar:
        for genre in np.unique(genres):
            rows = np.flatnonzero(genres == genre)
            explained = shap_values(model, Output(int(genre)), logmel_db[rows])
            for row, (mfcc, _, _) in zip(rows, explained, strict=True):
                total = base_values[genre] + mfcc.sum()
                gaps.append(abs(total - probabilities[row, genre]))
                bar.update()
    return {"mean": float(np.mean(gaps)), "max": float(np.max(gaps))}


def explain_song(model: SpectrogramModel, logmel_db: np.ndarray) -> dict[str, float]:
    """Time the explanation of a song's first segment, and of all its segments."""
    genre = int(model.predict_logmel(logmel_db).mean(axis=0).argmax())
    explained = shap_values(model, Output(genre), logmel_db)
    _, first = timed(next, explained)
    _, others = timed(list, tqdm(explained, f"{model.name}: long song", len(logmel_db) - 1))
    return {"first": first, "all": first + others}


def table(results: dict[str, dict[str, Any]]) -> str:
    """Format the results as a table in Markdown, one column for each model."""
    columns = [dict(_rows(found)) for found in results.values()]
    lines = [f"|  | {' | '.join(results)} |", "|---" * (1 + len(results)) + "|"]
    for label in columns[0]:
        lines.append(f"| {label} | {' | '.join(column[label] for column in columns)} |")
    return "\n".join(lines)


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    ours, equal, song = found["ours"], found["equal_error"], found["song"]
    yield "this project", _cost(ours)
    for theirs in found["shap"]:
        yield f"shap, n = {theirs['gradients']}", _cost(theirs)
    yield "error of shap", f"{equal['constant']:.2f} / √n (slope {equal['slope']:.2f})"
    if equal["tried"]:
        note = f"verified on {equal['tried']} segments; our error there: {equal['our_error']:.4f}"
        yield "shap at equal error", f"{_cost(equal)} ({note})"
    else:
        yield (
            "shap at equal error",
            f"{equal['gradients']} gradients, {equal['seconds']:.0f} s (extrapolated)",
        )
    yield (
        f"reduction in gradients (goal {FEWER_GRADIENTS:.0f} ×)",
        f"{found['fewer_gradients']:.1f}",
    )
    yield f"reduction in time (goal {LESS_TIME:.0f} ×)", f"{found['less_time']:.1f}"
    yield f"mean gap (goal {MEAN_GAP})", f"{found['gap']['mean']:.4f}"
    yield f"largest gap (goal {MAX_GAP})", f"{found['gap']['max']:.4f}"
    broad = found["broad_background"]
    difference = f"{broad['difference']:.3f} (by chance: {broad['chance']:.3f})"
    yield "difference with a random background", difference
    yield f"{SONG_SEGMENTS} segments", f"{song['first']:.2f} s the first, {song['all']:.0f} s all"
    yield f"{SONG_SEGMENTS} segments, shap", f"{equal['seconds'] * SONG_SEGMENTS:.0f} s"


def _cost(found: dict[str, Any]) -> str:
    return (
        f"error {found['error']:.4f}, {found['gradients']:.0f} gradients, {found['seconds']:.2f} s"
    )


def main() -> int:
    """Print and write the results of the models; exit code 1 if one misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, help="archive of spectrograms")
    parser.add_argument(
        "--segments",
        type=int,
        default=6,
        help="number of segments explained by both (default: %(default)s)",
    )
    parser.add_argument("--models", nargs="+", metavar="NAME", default=list(DEFAULT_MODELS))
    options = parser.parse_args()
    # shap passes the network a list of one tensor, and Keras warns about it.
    warnings.filterwarnings("ignore", message="The structure of `inputs`")
    tracks = read_archive(options.logmel)
    split = split_tracks(tracks, "artist", 0)
    some, many, song = (
        segment_logmel(tracks, spread(tracks, split.test, count))
        for count in (options.segments, ADDITIVITY_SEGMENTS, SONG_SEGMENTS)
    )
    drawn = np.random.default_rng(0).choice(len(split.refit), BROAD_SEGMENTS, replace=False)
    broad = segment_logmel(tracks, split.refit.where(drawn))
    results = {}
    for name in options.models:
        model = load_spectrogram_model(name)
        if replace(model.parameters, n_mfcc=tracks.parameters.n_mfcc) != tracks.parameters:
            parser.error(f"the segments of {name} differ from those of the archive")
        library, cases = Library(model), prepare_cases(model, some)
        found = compare(model, library, cases)
        equal = equal_error(library, cases, found)
        results[name] = {
            **found,
            "equal_error": equal,
            "fewer_gradients": equal["gradients"] / found["ours"]["gradients"],
            "less_time": equal["seconds"] / found["ours"]["seconds"],
            "gap": additivity(model, many),
            "broad_background": broad_background(inputs_of(model, broad), cases),
            "song": explain_song(model, song),
        }
    print(table(results))
    write_json(MODELS_DIR / "estimator.json", results)
    return int(
        any(
            found["fewer_gradients"] < FEWER_GRADIENTS
            or found["less_time"] < LESS_TIME
            or found["gap"]["mean"] > MEAN_GAP
            or found["gap"]["max"] > MAX_GAP
            for found in results.values()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
