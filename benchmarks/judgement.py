"""What a model says of the audio of masks: all methods by all tracks, kept from run to run.

The work on a model's files is kept in ``runs/faithfulness``, by their digests: a figure a method
for each track, and what the masks of the SHAP values sound like.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, get_args

import numpy as np
from tqdm import tqdm

from benchmarks.baselines import (
    gradient_times_input,
    lime,
    occlusion,
    plain_gradient,
    random_ranking,
)
from benchmarks.pieces import Piece, Track, evenly, explained, middle
from benchmarks.roughness import modulation
from core.analysis import Analysis, analyze
from core.audio.io import load_audio
from core.constants import PROJECT_DIR
from core.explanation.explain import Explanation, explain
from core.explanation.extremal import extremal_ranking
from core.explanation.masks import evidence, importance_mask
from core.listening.faithfulness_metrics import (
    deletion_auc,
    evaluate,
    insertion_auc,
    rank_correlation,
)
from core.listening.filtering import Mode, listen
from core.models.cards import PARTS
from core.models.spectrogram_models import SpectrogramModel
from core.storage import replacing, write_json

RUNS_DIR = PROJECT_DIR / "runs" / "faithfulness"

SEED = 0
AREAS = (0.1, 0.2, 0.3)  # for the metrics of one area
SHARES = (0.05, 0.1, 0.2, 0.3, 0.5, 0.75)  # for the curves, which end in silence and in the whole
ACROSS = 0.2  # area of the masks that the other models hear, and of roughness
CHECKED = 20  # segments that are also explained with shuffled weights
MODES: tuple[Mode, ...] = get_args(Mode)

Method = Callable[[SpectrogramModel, Explanation, int], np.ndarray]
TagLogits = dict[tuple[Mode, float], Analysis]  # by mode and kept or removed share

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
# The explanation's cost is theirs, too; `shap` ranks by both parts of the evidence.
FROM_SHAP = ("shap", "shap_alone", "silencing", "extremal")


def folder_of(card: dict[str, Any]) -> Path:
    """Return where the work on a model's files is kept."""
    digests = (card[part]["sha256"][:8] for part in PARTS)
    return RUNS_DIR / "-".join((card["name"], *digests))


def measure(model: SpectrogramModel, tracks: Sequence[Track]) -> list[dict[str, Any]]:
    """Judge all methods by all tracks; what is in the model's folder of runs is not done again.

    Parameters
    ----------
    model : SpectrogramModel
        The model that is explained, and judges.
    tracks : sequence of Track
        The recordings.

    Returns
    -------
    list of dict
        For each track its `segments`, and the figures of each method with the `seconds` that it
        took for a segment and the `roughness` of what it keeps: fast modulation as a multiple of
        the recording's.
    """
    rows = []
    for track in tqdm(tracks, desc=model.name, unit="track"):
        file = folder_of(model.card) / f"{track.name}.json"
        done = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
        missing = [name for name in METHODS if name not in done]
        if missing:
            piece = explained(middle(load_audio(track.file), model.parameters), model)
            done["segments"] = len(piece.whole)
        for name in missing:
            # Processor time: what else the machine does must not count.
            started = time.process_time()
            ranking = np.concatenate(
                [METHODS[name](model, part, SEED + track.number) for part in piece.parts]
            )
            seconds = time.process_time() - started + piece.seconds * (name in FROM_SHAP)
            sounds = {
                (mode, share): listen(
                    piece.audio, piece.whole, keep=share, mode=mode, ranking=ranking
                )
                for share in SHARES
                for mode in MODES
            }
            heard: TagLogits = {key: analyze(sound, model) for key, sound in sounds.items()}
            if name == "shap":
                _store_sounds(file.with_suffix(".npz"), piece, heard)
            done[name] = row(model, piece, ranking, heard)
            done[name]["seconds"] = seconds / len(piece.whole)
            kept = modulation(sounds["keep", ACROSS])
            done[name]["roughness"] = kept / max(modulation(piece.audio), 1e-6)
            write_json(file, done)
        rows.append(done)
    return rows


def _store_sounds(file: Path, piece: Piece, heard: TagLogits) -> None:
    """Store the spectrograms that other models are to hear."""
    with replacing(file) as temporary:
        np.savez_compressed(
            temporary,
            genre=piece.genre,
            original=piece.whole.logmel,
            kept=heard["keep", ACROSS].logmel[piece.whole.segments],
            removed=heard["remove", ACROSS].logmel[piece.whole.segments],
        )


def row(
    model: SpectrogramModel, piece: Piece, ranking: np.ndarray, heard: TagLogits
) -> dict[str, Any]:
    """Return the figures of one ranking of a piece: means over its segments."""
    whole, count = piece.whole, len(piece.whole)
    floor = -model.parameters.top_db
    silence = model.predict_logmel(np.full_like(whole.logmel, floor))
    answers = {key: analysis.probabilities[whole.segments] for key, analysis in heard.items()}
    answers |= {("keep", 0): silence, ("keep", 1): piece.original}
    answers |= {("remove", 0): piece.original, ("remove", 1): silence}
    shares = np.array([0, *SHARES, 1])
    kept, removed = (
        np.stack([answers[mode, share][np.arange(count), piece.genre] for share in shares])
        for mode in MODES
    )
    figures: dict[str, Any] = {}
    for area in AREAS:
        mask = importance_mask(whole, keep=area, ranking=ranking)
        figures[str(area)] = evaluate(
            piece.original,
            answers["keep", area],
            answers["remove", area],
            piece.genre,
            np.where(mask, whole.logmel - floor, 0),
        )
    return figures | {
        "insertion": insertion_auc(shares, kept),
        "deletion": deletion_auc(shares, removed),
        "kept": kept.mean(axis=1).tolist(),
        "removed": removed.mean(axis=1).tolist(),
    }


def shuffled(model: SpectrogramModel, seed: int) -> SpectrogramModel:
    """Return a copy of a model that knows nothing: each of its trained weights is shuffled.

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
    """Compare explanations with those of a copy that knows nothing (Adebayo et al. 2018).

    Parameters
    ----------
    model : SpectrogramModel
        The model.
    tracks : sequence of Track
        The recordings, of `CHECKED` of which the first segment is explained.

    Returns
    -------
    dict
        Mean rank correlation, in [-1, 1], for each method that looks at the model.
    """
    ignorant = shuffled(model, SEED)
    found: dict[str, list[float]] = {name: [] for name in METHODS if name != "random"}
    for track in tqdm(evenly(tracks, CHECKED), desc=f"{model.name} shuffled", unit="segment"):
        audio = middle(load_audio(track.file), model.parameters)
        target = model.genres[int(analyze(audio, model).probabilities[0].argmax())]
        pair = [
            (judge, explain(audio, judge, target=target, segments=[0]))
            for judge in (model, ignorant)
        ]
        for name, correlations in found.items():
            maps = (
                # Padding is the same in both, and would count as agreement.
                METHODS[name](judge, explanation, SEED + track.number)[:, : explanation.filled[0]]
                for judge, explanation in pair
            )
            correlations.append(rank_correlation(*maps))
    return {name: float(np.mean(correlations)) for name, correlations in found.items()}


def across(models: Sequence[SpectrogramModel], tracks: Sequence[Track]) -> dict[str, Any]:
    """Let models hear what the SHAP values of each other keep.

    Parameters
    ----------
    models : sequence of SpectrogramModel
        Models that `measure` has been through.
    tracks : sequence of Track
        The recordings.

    Returns
    -------
    dict
        For each explained and each listening model and each sound (`original`, `kept`, `removed`):
        mean `probability` that the listener gives to the genre that the explained model took the
        segment for, and share of segments for which it is the listener's `same_genre`.
    """
    matrix: dict[str, Any] = {}
    for model in models:
        stored = [folder_of(model.card) / f"{track.name}.npz" for track in tracks]
        sounds = {
            key: np.concatenate([_array(file, key) for file in stored])
            for key in ("genre", "original", "kept", "removed")
        }
        genre = sounds.pop("genre")
        matrix[model.name] = {
            listener.name: {
                sound: _agreement(listener.predict_logmel(logmel), genre)
                for sound, logmel in sounds.items()
            }
            for listener in models
        }
    return matrix


def _array(file: Path, key: str) -> np.ndarray:
    with np.load(file, allow_pickle=False) as stored:
        return stored[key]


def _agreement(answers: np.ndarray, genre: np.ndarray) -> dict[str, float]:
    return {
        "probability": float(answers[np.arange(len(genre)), genre].mean()),
        "same_genre": float(np.mean(answers.argmax(axis=1) == genre)),
    }
