"""Fit, choose and measure the novelty scores and genre sets of the bundled models.

``python benchmarks/novelty.py --data DIR``, where DIR holds ``logmel.npz``, recordings
``audio/{full,excerpt,clip}/GENRE/TRACK.ogg`` and taggrams ``musicnn_taggram_*.npz``, writes
``NAME.novelty.npz`` and the cards of CNN, CNN-LSTM and MSD-musicnn, and ``models/novelty.json``.

1. Each network is fitted without one genre, ten times (`benchmarks.novelty_fits`). Of the variants
   of the score, the one is named that best finds the songs of that genre in the training and
   validation set, and other recordings without music. `core.training.novelty.CHOSEN_GROUPS` says
   which variant is in use.
2. Scale, threshold and genre sets are calibrated on folds of these two sets by artist. ``--runs``
   names the folder of a finished ``train.py`` run with the networks of the folds; without it, they
   are fitted, too.
3. The test set is measured once: songs of the genre that was left out; recordings without music,
   among them speech if espeak-ng is installed; songs that are turned away; coverage and size of
   genre sets, of all models whose predictions are stored.

Intermediate results are kept in ``--cache``. On two cores, the fits take about half an hour for
each network.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from benchmarks.non_music import SPEECH_PROGRAM, has_speech, sounds
from benchmarks.novelty_fits import EPOCHS
from benchmarks.novelty_measures import left_out, non_music, sets_of_card, sets_of_folds
from benchmarks.novelty_sources import SEED, LeftOut, Musicnn, Networks
from core.analysis import analyze
from core.constants import MODELS_DIR
from core.data.gtzan import read_archive
from core.data.taggrams import read_taggrams
from core.evaluation.predictions import list_predictions, load_predictions
from core.models.cards import list_models
from core.models.novelty import NoveltyScore, describe
from core.models.registry import DEFAULT_MODELS, MODELS, MUSICNN, SPECTROGRAM_MODELS
from core.models.spectrogram_models import SpectrogramModel
from core.models.store import save_calibration
from core.storage import write_json
from core.training.novelty import (
    CANDIDATES,
    calibrated,
    groups_of,
    left_out_areas,
    scaled_by,
)

FILE = "novelty.json"
DEVELOPMENT_SEED = 1  # of the recordings without music that the variant is chosen on
AUDIO = ("full", "excerpt", "clip")  # folders of recordings, the longest first


def measured_left_out(tasks: Mapping[str, LeftOut], name: str) -> dict[str, Any]:
    """Measure the score of a model on test songs of genres that networks were fitted without."""
    novelty, baseline = {}, {}
    for genre, task in tasks.items():
        score = scaled_by(task.score, task.chosen_on[0], groups_of(name))
        known, strange = (score.combine(parts) for parts in task.measured_on)
        novelty[genre], baseline[genre] = (known, strange), task.baseline
    return left_out(novelty, baseline)


def choice(tasks: Mapping[str, LeftOut], known: np.ndarray, strange: np.ndarray) -> dict[str, Any]:
    """Compare the variants of a score without the test set.

    Parameters
    ----------
    tasks : mapping of str to LeftOut
        Songs around each genre that was left out.
    known, strange : np.ndarray [shape=(n, 3)]
        Parts of the novelty of held-out songs, and of development recordings without music.

    Returns
    -------
    dict
        `left_out` and `no_music`, the AUROC of each variant; `best`, the variant with the largest
        mean of both.
    """
    areas = [left_out_areas(task.score, *task.chosen_on, CANDIDATES) for task in tasks.values()]
    genres = {each: float(np.mean([area[each] for area in areas])) for each in CANDIDATES}
    score = next(iter(tasks.values())).score  # only its type counts
    sounds = left_out_areas(score, known, strange, CANDIDATES)
    return {
        "left_out": genres,
        "no_music": sounds,
        "best": max(CANDIDATES, key=lambda each: genres[each] + sounds[each]),
    }


def parts_of_sounds(model: SpectrogramModel, score: NoveltyScore, seed: int) -> np.ndarray:
    """Compute the parts of the novelty of recordings without music, ``(n, 3)``."""
    parts = []
    for _, audio in sounds(seed):
        analysis = analyze(audio, model)
        probabilities, hidden = model.predict_hidden(analysis.inputs)
        description = describe(analysis.inputs, model.parameters, analysis.filled)
        parts.append(score.parts(description, hidden, probabilities))
    return np.stack(parts)


def scores_of_sounds(model: SpectrogramModel) -> tuple[list[str], np.ndarray, np.ndarray]:
    """Kind, novelty, and one minus the largest probability of each recording without music."""
    kinds, novelty, doubt = [], [], []
    for kind, audio in sounds(SEED):
        analysis = analyze(audio, model)
        kinds.append(kind)
        novelty.append(analysis.novelty)
        doubt.append(1 - analysis.probability)
    return kinds, np.array(novelty), np.array(doubt)


def measure(source: Networks | Musicnn) -> tuple[dict[str, Any], dict[str, float]]:
    """Calibrate a model, store the result, and measure it; also the novelty of each test song."""
    tasks, known, held_out = source.left_out(), source.known(), source.held_out()
    model, groups = source.model, groups_of(source.name)
    model.novelty_score, model.card["genre_sets"] = calibrated(known, held_out, groups, source.tags)
    save_calibration(model, MODELS_DIR)
    score = model.novelty_score
    songs = source.test_songs()
    novelty = score.combine(songs.parts(score))
    kinds, strange, doubt = scores_of_sounds(model)
    baseline = 1 - songs.votes.max(axis=1), doubt
    development = parts_of_sounds(model, score, DEVELOPMENT_SEED)
    entry: dict[str, Any] = {
        "weights": model.card["weights"]["sha256"],
        "variants": choice(tasks, held_out.parts, development),
        "used": next(each for each, variant in CANDIDATES.items() if variant == groups),
        "left_out": measured_left_out(tasks, source.name),
        "non_music": non_music((novelty, strange), baseline, kinds),
    }
    names = np.array(source.tracks.track_ids)[songs.members]
    return entry, dict(zip(names.tolist(), novelty.tolist(), strict=True))


def main() -> None:
    """Fit, choose, measure and write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the training data")
    parser.add_argument("--runs", type=Path, help="folder of a finished run of train.py")
    parser.add_argument("--cache", type=Path, default=Path("runs/novelty"))
    parser.add_argument(
        "--models", nargs="*", default=[*DEFAULT_MODELS, MUSICNN], help="models with a score"
    )
    options = parser.parse_args()
    if not has_speech():
        print(f"{SPEECH_PROGRAM} is not installed: speech will be MISSING from the benchmark.")
    tracks = read_archive(options.data / "logmel.npz")
    files = sorted(options.data.glob("musicnn_taggram_*.npz"))
    content = _stored()
    content |= {"seed": SEED, "speech": has_speech(), "epochs_without_a_genre": EPOCHS}
    novelty: dict[str, dict[str, float]] = {}
    for name in options.models:
        source: Networks | Musicnn
        if name in SPECTROGRAM_MODELS:
            training = [file for file in files if "training" in file.name]
            tags = read_taggrams(training, tracks)
            source = Networks(name, tracks, tags, options.cache, options.runs or options.cache)
        else:
            folders = [options.data / "audio" / each for each in AUDIO]
            source = Musicnn(tracks, folders, read_taggrams(files, tracks), options.cache)
        content["models"][name], novelty[name] = measure(source)
        _print(name, content["models"][name])
    thresholds = {
        card["name"]: card["genre_sets"]["threshold"]
        for card in list_models()
        if "genre_sets" in card
    }
    stored = [name for name, protocol in list_predictions(MODELS_DIR) if protocol == "artist"]
    for name in sorted(stored, key=[*MODELS].index):
        predictions = load_predictions(MODELS_DIR, name, "artist")
        if name in thresholds:
            if name in novelty or name not in content["models"]:
                content["sets"][name] = sets_of_card(
                    predictions, thresholds[name], novelty.get(name)
                )
        else:
            content["sets"][name] = sets_of_folds(predictions)
    write_json(MODELS_DIR / FILE, content)


def _stored() -> dict[str, Any]:
    """Read earlier results, so that entries of other models stay."""
    path = MODELS_DIR / FILE
    if path.is_file():
        return json.loads(path.read_text(encoding="utf-8"))
    return {"models": {}, "sets": {}}


def _print(name: str, entry: Mapping[str, Any]) -> None:
    """Print the main results of a model."""
    away, left = entry["non_music"], entry["left_out"]
    print(
        f"{name}: no music {away['auroc']:.3f}, detected {away['detected']['share']:.3f}, songs "
        f"turned away {away['turned_away']['share']:.3f}; genre left out {left['auroc']:.3f} "
        f"(largest probability {left['largest_probability']['auroc']:.3f}); best variant "
        f"{entry['variants']['best']}, used {entry['used']}"
    )


if __name__ == "__main__":
    main()
