"""What do SHAP values cost, and how exact are they? Our estimator beside `shap.GradientExplainer`.

``python benchmarks/estimator.py --logmel FILE`` explains segments of unknown artists by every
bundled model, prints a table and writes ``models/estimator.json``.

Conventions
-----------
Both estimators explain the probability of a segment's most probable genre with the same weighted
background, in batches of the same size, in turn in one process. The *error* is ``||values -
reference|| / ||reference||`` of the MFCC view; the reference is the midpoint rule on a grid so fine
that its own error does not matter. The library draws at random, so its error is ``constant /
sqrt(gradients)``; the constant, fitted to a few numbers of gradients, says how many it takes to be
as exact as ours. Where that is affordable it is tried. All figures but those of the song are means
over segments, whose explanations are asked for one at a time.
"""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
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
from core.models.cards import list_models
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import load_spectrogram_model
from core.storage import write_json

REFERENCE_NODES = 700  # on each way: 21 000 gradients with 30 background segments
SAMPLES = (256, 1024, 4096)  # gradients of the library, whole batches
ROWS = 10_000  # of the library's background, which has no weights: segments are repeated
AFFORDABLE = 30_000  # gradients of the library for one segment
TRIED = 2  # segments on which the library is run until it is as exact as ours
ADDITIVITY_SEGMENTS = 200
BROAD_SEGMENTS, BROAD_NODES = 300, 12  # a background that no one has chosen
SONG_SEGMENTS = 80  # four minutes

FEWER_GRADIENTS = 10.0  # goals
LESS_TIME = 10.0
MEAN_GAP, MAX_GAP = 0.01, 0.03


@dataclass(frozen=True, eq=False)
class Question:
    """Why one segment is of its most probable genre, with the answer.

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
        """Return the distance of values from the reference as a share of its length."""
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

    def values(self, question: Question, samples: int, seed: int) -> np.ndarray:
        """Return a segment's SHAP values from a number of gradients; no other genre's are made."""
        values, _ = self.explainer.shap_values(
            question.target[np.newaxis, ..., np.newaxis],
            nsamples=samples,
            ranked_outputs=np.array([[question.genre]]),
            output_rank_order="custom",
            rseed=seed,
        )
        return values[0, :, :, 0, 0]


def inputs_of(model: SpectrogramModel, logmel_db: np.ndarray) -> np.ndarray:
    """Return what a model's network reads of log-mel segments, without the last axis."""
    return model.standardise(mfcc_from_logmel(logmel_db, model.parameters.n_mfcc))


def spread(tracks: TrackSet, segments: Segments, count: int) -> Segments:
    """Return some of the segments, evenly spread over genres and tracks."""
    order = np.argsort(tracks.labels[segments.track], kind="stable")
    return segments.where(order[((np.arange(count) + 0.5) * len(order) / count).astype(int)])


def contributions(
    evaluate: Evaluate, target: np.ndarray, background: np.ndarray, nodes: int
) -> np.ndarray:
    """Integrate the gradients on the way from each background input by the midpoint rule.

    Parameters
    ----------
    evaluate : callable
        From points to gradients and values: `core.explanation.attribution.gradients_of`.
    target : np.ndarray [shape=(segment_frames, n_mfcc)]
        Standardised MFCCs.
    background : np.ndarray [shape=(k, segment_frames, n_mfcc)]
        Inputs to compare with.
    nodes : int
        Gradients on each way.

    Returns
    -------
    np.ndarray [shape=(k, segment_frames, n_mfcc), dtype=float64]
        SHAP values with each background input alone; their weighted mean are those with all.
    """
    positions = ((np.arange(nodes) + 0.5) / nodes)[:, np.newaxis, np.newaxis]
    values = np.empty(background.shape)
    for index, origin in enumerate(background):
        way = target - origin
        gradients, _ = evaluate(origin + positions * way)
        values[index] = way * gradients.mean(axis=0, dtype=np.float64)
    return values


def timed(function: Callable[..., Any], *arguments: Any) -> tuple[Any, float]:
    """Return what a function returns and the seconds that it takes."""
    start = time.perf_counter()
    result = function(*arguments)
    return result, time.perf_counter() - start


def questions(model: SpectrogramModel, logmel_db: np.ndarray) -> list[Question]:
    """Return the question that each segment poses, with its reference."""
    background = inputs_of(model, model.background.logmel)
    genres = model.predict_logmel(logmel_db).argmax(axis=1)
    found = []
    for index, target in enumerate(tqdm(inputs_of(model, logmel_db), f"{model.name}: reference")):
        evaluate = gradients_of(model, Output(int(genres[index])))
        each = contributions(evaluate, target, background, REFERENCE_NODES)
        reference = np.tensordot(model.background.shares, each, 1)
        found.append(Question(logmel_db[index], target, int(genres[index]), evaluate, reference))
    return found


def gradients_taken(model: SpectrogramModel, question: Question) -> int:
    """Return how many gradients our estimator takes for an answer."""
    points = 0

    def counted(batch: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        nonlocal points
        points += len(batch)
        return question.evaluate(batch)

    background = inputs_of(model, model.background.logmel)
    for _ in mean_gradients(
        counted, question.target[np.newaxis], background, model.background.shares
    ):
        pass
    return points


def compare(model: SpectrogramModel, library: Library, asked: list[Question]) -> dict[str, Any]:
    """Let both estimators answer in turn; return mean error, gradients and seconds of each."""
    ours, theirs = [], []
    for index, question in enumerate(tqdm(asked, f"{model.name}: both estimators")):
        views = shap_values(model, Output(question.genre), question.logmel_db[np.newaxis])
        (values, _, _), seconds = timed(next, views)
        ours.append((question.error(values), gradients_taken(model, question), seconds))
        library.values(question, GRADIENT_BATCH, 0)  # traces the graph of the genre
        found = [timed(library.values, question, samples, index) for samples in SAMPLES]
        theirs.append([(question.error(values), seconds) for values, seconds in found])
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


def equal_error(library: Library, asked: list[Question], found: dict[str, Any]) -> dict[str, Any]:
    """Return what the library takes to be as exact as our estimator was in a comparison.

    Without segments that it was `tried` on, the seconds are extrapolated; with some, these are
    measured, and so is the `error`, beside ours on the same segments.
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
    for index, question in enumerate(tqdm(asked[:TRIED], "shap at our error")):
        values, seconds = timed(library.values, question, needed, len(asked) + index)
        tried.append((question.error(values), seconds))
    error, seconds = np.mean(tried, axis=0).tolist()
    our_error = float(np.mean(found["ours"]["errors"][:TRIED]))
    measured = {"tried": len(tried), "error": error, "our_error": our_error}
    return {**law, "seconds": seconds, **measured}


def broad_background(background: np.ndarray, asked: list[Question]) -> dict[str, float]:
    """Return how much random segments of the training side as background change the references.

    `difference` is relative; `chance` is the part of it that their small number explains: the
    standard error of the values with them. Every second question is asked.
    """
    found = []
    for question in tqdm(asked[::2], "random background"):
        each = contributions(question.evaluate, question.target, background, BROAD_NODES)
        mean = each.mean(axis=0)
        distance = np.linalg.norm(question.reference - mean)
        deviation = np.sqrt(each.var(axis=0).sum() / len(each))
        found.append(np.array([distance, deviation]) / np.linalg.norm(mean))
    difference, chance = np.mean(found, axis=0).tolist()
    return {"difference": difference, "chance": chance}


def additivity(model: SpectrogramModel, logmel_db: np.ndarray) -> dict[str, float]:
    """Return the mean and the largest of ``|base value + sum of values - probability|``."""
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
    """Return the seconds until the first and until all segments are explained for the verdict."""
    verdict = int(model.predict_logmel(logmel_db).mean(axis=0).argmax())
    explained = shap_values(model, Output(verdict), logmel_db)
    _, first = timed(next, explained)
    _, others = timed(list, tqdm(explained, f"{model.name}: long song", len(logmel_db) - 1))
    return {"first": first, "all": first + others}


def table(figures: dict[str, dict[str, Any]]) -> str:
    """Return the figures as a table in Markdown, one column a model."""
    columns = [dict(_rows(found)) for found in figures.values()]
    lines = [f"|  | {' | '.join(figures)} |", "|---" * (1 + len(figures)) + "|"]
    for label in columns[0]:
        lines.append(f"| {label} | {' | '.join(column[label] for column in columns)} |")
    return "\n".join(lines)


def _rows(found: dict[str, Any]) -> Iterator[tuple[str, str]]:
    ours, equal, song = found["ours"], found["equal_error"], found["song"]
    yield "ours", _cost(ours)
    for theirs in found["shap"]:
        yield f"shap, n = {theirs['gradients']}", _cost(theirs)
    yield "shap's error", f"{equal['constant']:.2f} / √n (slope {equal['slope']:.2f})"
    if equal["tried"]:
        note = f"tried on {equal['tried']} segments, ours there: {equal['our_error']:.4f}"
        yield "shap at our error", f"{_cost(equal)} ({note})"
    else:
        yield (
            "shap at our error",
            f"{equal['gradients']} gradients, {equal['seconds']:.0f} s (extrapolated)",
        )
    yield f"times fewer gradients (goal {FEWER_GRADIENTS})", f"{found['fewer_gradients']:.1f}"
    yield f"times less time (goal {LESS_TIME})", f"{found['less_time']:.1f}"
    yield f"mean gap (goal {MEAN_GAP})", f"{found['gap']['mean']:.4f}"
    yield f"largest gap (goal {MAX_GAP})", f"{found['gap']['max']:.4f}"
    broad = found["broad_background"]
    yield "with a random background", f"{broad['difference']:.3f} (chance {broad['chance']:.3f})"
    yield f"{SONG_SEGMENTS} segments", f"{song['first']:.2f} s the first, {song['all']:.0f} s all"
    yield f"{SONG_SEGMENTS} segments, shap", f"{equal['seconds'] * SONG_SEGMENTS:.0f} s"


def _cost(found: dict[str, Any]) -> str:
    return (
        f"error {found['error']:.4f}, {found['gradients']:.0f} gradients, {found['seconds']:.2f} s"
    )


def main() -> int:
    """Print and write the figures of every bundled model; exit code 1 if one misses a goal."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--logmel", type=Path, required=True, help="archive of spectrograms")
    parser.add_argument("--segments", type=int, default=6, help="explained by both (default 6)")
    options = parser.parse_args()
    # shap hands the network a list of one tensor, which Keras remarks upon.
    warnings.filterwarnings("ignore", message="The structure of `inputs`")
    tracks = read_archive(options.logmel)
    split = split_tracks(tracks, "artist", 0)
    some, many, song = (
        segment_logmel(tracks, spread(tracks, split.test, count))
        for count in (options.segments, ADDITIVITY_SEGMENTS, SONG_SEGMENTS)
    )
    drawn = np.random.default_rng(0).choice(len(split.refit), BROAD_SEGMENTS, replace=False)
    broad = segment_logmel(tracks, split.refit.where(drawn))
    figures = {}
    for name in [card["name"] for card in list_models() if "reads" not in card]:
        model = load_spectrogram_model(name)
        library, asked = Library(model), questions(model, some)
        found = compare(model, library, asked)
        equal = equal_error(library, asked, found)
        figures[name] = {
            **found,
            "equal_error": equal,
            "fewer_gradients": equal["gradients"] / found["ours"]["gradients"],
            "less_time": equal["seconds"] / found["ours"]["seconds"],
            "gap": additivity(model, many),
            "broad_background": broad_background(inputs_of(model, broad), asked),
            "song": explain_song(model, song),
        }
    print(table(figures))
    write_json(MODELS_DIR / "estimator.json", figures)
    return int(
        any(
            found["fewer_gradients"] < FEWER_GRADIENTS
            or found["less_time"] < LESS_TIME
            or found["gap"]["mean"] > MEAN_GAP
            or found["gap"]["max"] > MAX_GAP
            for found in figures.values()
        )
    )


if __name__ == "__main__":
    sys.exit(main())
