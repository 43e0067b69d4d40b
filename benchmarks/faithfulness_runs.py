"""Faithfulness of attribution methods on each recording, stored from run to run.

The results for a model's files are stored in ``runs/faithfulness`` under their digests: the metrics
of each method for each track, and the spectrograms of the parts that the SHAP values select.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from tqdm import tqdm

from benchmarks.attribution_methods import (
    gradient_times_input,
    lime,
    occlusion,
    plain_gradient,
    random_ranking,
)
from benchmarks.excerpts import (
    ExplainedExcerpt,
    Track,
    evenly_spaced,
    explain_excerpt,
    middle_excerpt,
)
from benchmarks.modulation import fast_modulation
from core.analysis import Analysis, analyze
from core.audio.io import load_audio
from core.constants import DEFAULT_KEEP, PROJECT_DIR
from core.explanation.explain import Explanation, explain
from core.explanation.extremal import extremal_ranking
from core.explanation.masks import evidence, importance_mask
from core.listening.faithfulness import segment_probabilities
from core.listening.faithfulness_metrics import (
    deletion_auc,
    evaluate,
    insertion_auc,
    rank_correlation,
)
from core.listening.filtering import Mode, divide
from core.models.cards import PARTS
from core.models.spectrogram_models import SpectrogramModel
from core.storage import replacing, write_json

RUNS_DIR = PROJECT_DIR / "runs" / "faithfulness"

SEED = 0
AREAS = (0.1, 0.2, 0.3)  # for the metrics of a single area
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75)  # of the curves, between silence and the whole song
ACROSS = DEFAULT_KEEP  # area of the parts that are stored for the other models
RANDOMISED_SEGMENTS = 20  # that are also explained with shuffled weights
MODES: tuple[Mode, ...] = get_args(Mode)

Method = Callable[[SpectrogramModel, Explanation, int], np.ndarray]
PartAnalyses = dict[tuple[Mode, float], Analysis]  # by mode and kept or removed share

METHODS: dict[str, Method] = {
    "shap": lambda model, explanation, seed: evidence(explanation),
    "shap_alone": lambda model, explanation, seed: explanation.audible,
    "silencing": lambda model, explanation, seed: explanation.perturbation,
    "extremal": lambda model, explanation, seed: extremal_ranking(model, explanation, seed=seed),
    "gradient": lambda model, explanation, seed: plain_gradient(model, explanation),
    "gradient_times_input": lambda model, explanation, seed: gradient_times_input(
        model, explanation
    ),
    "random": lambda model, explanation, seed: random_ranking(explanation, seed),
    "occlusion": lambda model, explanation, seed: occlusion(model, explanation),
    "lime": lime,
}
# Methods whose seconds include those of the explanation.
FROM_EXPLANATION = ("shap", "shap_alone", "silencing", "extremal")


def folder_of(card: dict[str, Any]) -> Path:
    """Folder of the results for a model's files."""
    digests = (card[part]["sha256"][:8] for part in PARTS)
    return RUNS_DIR / "-".join((card["name"], *digests))


def measure(model: SpectrogramModel, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """Measure all methods on all tracks, except for what is stored already.

    Parameters
    ----------
    model : SpectrogramModel
        The model that is explained and that analyses the parts.
    tracks : sequence of Track
        The recordings.

    Returns
    -------
    list of dict
        For each track the number of `segments`, and for each method its metrics, its `seconds` for
        a segment and the `roughness` of the kept part: fast modulation as a multiple of the
        recording's.
    """
    results = []
    for track in tqdm(tracks, desc=model.name, unit="track"):
        file = folder_of(model.card) / f"{track.name}.json"
        done = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        missing = [name for name in METHODS if name not in done]
        if missing:
            audio = middle_excerpt(load_audio(track.file), model.parameters)
            excerpt = explain_excerpt(audio, model)
            done["segments"] = len(excerpt.whole)
        for name in missing:
            # Processor time, because other work on the machine must not count.
            started = time.process_time()
            ranking = np.concatenate(
                [METHODS[name](model, part, SEED + track.number) for part in excerpt.parts]
            )
            seconds = time.process_time() - started + excerpt.seconds * (name in FROM_EXPLANATION)
            analyses: PartAnalyses = {}
            for share in SHARES:
                parts = divide(excerpt.audio, excerpt.whole, keep=share, ranking=ranking)
                analyses |= {
                    (mode, share): analyze(part, model)
                    for mode, part in zip(MODES, parts, strict=True)
                }
                if share == ACROSS:
                    modulation = fast_modulation(parts[0])
            if name == "shap":
                _store_spectrograms(file.with_suffix(".npz"), excerpt, analyses)
            done[name] = metrics_of(model, excerpt, ranking, analyses) | {
                "seconds": seconds / len(excerpt.whole),
                "roughness": modulation / max(fast_modulation(excerpt.audio), 1e-6),
            }
            write_json(file, done)
        results.append(done)
    return results


def _store_spectrograms(file: Path, excerpt: ExplainedExcerpt, analyses: PartAnalyses) -> None:
    """Store the spectrograms of an excerpt and its parts for the other models."""
    segments = excerpt.whole.segments
    with replacing(file) as temporary:
        np.savez_compressed(
            temporary,
            genre=excerpt.genre,
            original=excerpt.whole.logmel,
            kept=analyses["keep", ACROSS].logmel[segments],
            removed=analyses["remove", ACROSS].logmel[segments],
        )


def metrics_of(
    model: SpectrogramModel,
    excerpt: ExplainedExcerpt,
    ranking: np.ndarray,
    analyses: PartAnalyses,
) -> dict[str, Any]:
    """Compute the metrics of one ranking of the cells: means over the segments of an excerpt.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    excerpt : ExplainedExcerpt
        The excerpt.
    ranking : np.ndarray [shape=(n, segment_frames, n_mels)]
        Importance of the cells.
    analyses : dict of Analysis
        The model's analyses of the kept and of the removed part, for each of `SHARES`.

    Returns
    -------
    dict
        The metrics for each of `AREAS`, as text; `insertion` and `deletion`; and the curves `kept`
        and `removed`, from silence to the whole song and the reverse.
    """
    whole, count = excerpt.whole, len(excerpt.whole)
    floor = -model.parameters.top_db
    silence = model.predict_logmel(np.full_like(whole.logmel, floor))
    probabilities = {
        key: segment_probabilities(analysis, whole) for key, analysis in analyses.items()
    }
    probabilities |= {("keep", 0): silence, ("keep", 1): excerpt.original}
    probabilities |= {("remove", 0): excerpt.original, ("remove", 1): silence}
    shares = np.array([0, *SHARES, 1])
    kept, removed = (
        np.stack([probabilities[mode, share][np.arange(count), excerpt.genre] for share in shares])
        for mode in MODES
    )
    metrics: dict[str, Any] = {}
    for area in AREAS:
        mask = importance_mask(whole, keep=area, ranking=ranking)
        metrics[str(area)] = evaluate(
            excerpt.original,
            probabilities["keep", area],
            probabilities["remove", area],
            excerpt.genre,
            np.where(mask, whole.logmel - floor, 0),
        )
    return metrics | {
        "insertion": insertion_auc(shares, kept),
        "deletion": deletion_auc(shares, removed),
        "kept": kept.mean(axis=1).tolist(),
        "removed": removed.mean(axis=1).tolist(),
    }


def with_shuffled_weights(model: SpectrogramModel, seed: int) -> SpectrogramModel:
    """Copy a model with random weights: each trained array is shuffled.

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    seed : int
        Seed of the permutations.

    Returns
    -------
    SpectrogramModel
        Same architecture, normalisation statistics and background.
    """
    import keras

    generator = np.random.default_rng(seed)
    network = keras.models.clone_model(model.network)
    network.set_weights(model.network.get_weights())
    for weight in network.trainable_weights:
        values = weight.numpy()
        weight.assign(generator.permutation(values.ravel()).reshape(values.shape))
    return SpectrogramModel(network, model.card, model.background)


def randomisation(model: SpectrogramModel, tracks: Sequence[Track]) -> dict[str, float]:
    """Compare explanations with those of a copy with shuffled weights (Adebayo et al. 2018).

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    tracks : sequence of Track
        The recordings. The first segment of `RANDOMISED_SEGMENTS` of them is explained.

    Returns
    -------
    dict
        Mean rank correlation, in [-1, 1], for each method that depends on the model.
    """
    random_copy = with_shuffled_weights(model, SEED)
    found: dict[str, list[float]] = {name: [] for name in METHODS if name != "random"}
    chosen = evenly_spaced(tracks, RANDOMISED_SEGMENTS)
    for track in tqdm(chosen, desc=f"{model.name} with shuffled weights", unit="segment"):
        audio = middle_excerpt(load_audio(track.file), model.parameters)
        target = model.genres[int(analyze(audio, model).probabilities[0].argmax())]
        pair = [
            (each, explain(audio, each, target=target, segments=[0]))
            for each in (model, random_copy)
        ]
        for name, correlations in found.items():
            maps = (
                # Padding is the same in both and would count as agreement.
                METHODS[name](each, explanation, SEED + track.number)[:, : explanation.filled[0]]
                for each, explanation in pair
            )
            correlations.append(rank_correlation(*maps))
    return {name: float(np.mean(correlations)) for name, correlations in found.items()}


def across(models: Sequence[SpectrogramModel], tracks: Sequence[Track]) -> dict[str, Any]:
    """Test models on the parts that the SHAP values of each other select.

    Parameters
    ----------
    models : sequence of SpectrogramModel
        Models for which `measure` has stored its results.
    tracks : sequence of Track
        The recordings.

    Returns
    -------
    dict
        For each explained model, each predicting model and each part (`original`, `kept`,
        `removed`): mean `probability` of the genre that the explained model predicts for the whole
        segment, and the share of segments for which the other model predicts the `same_genre`.
    """
    matrix: dict[str, Any] = {}
    for model in models:
        files = [folder_of(model.card) / f"{track.name}.npz" for track in tracks]
        parts = {
            key: np.concatenate([_array(file, key) for file in files])
            for key in ("genre", "original", "kept", "removed")
        }
        genre = parts.pop("genre")
        matrix[model.name] = {
            other.name: {
                part: _agreement(other.predict_logmel(logmel), genre)
                for part, logmel in parts.items()
            }
            for other in models
        }
    return matrix


def _array(file: Path, key: str) -> np.ndarray:
    with np.load(file, allow_pickle=False) as stored:
        return stored[key]


def _agreement(probabilities: np.ndarray, genre: np.ndarray) -> dict[str, float]:
    return {
        "probability": float(probabilities[np.arange(len(genre)), genre].mean()),
        "same_genre": float(np.mean(probabilities.argmax(axis=1) == genre)),
    }
